// What functions of float are made of, and polynomials in double: where a float's steps would lose
// too much, these need no more than the 30 bits that the rounding to float leaves correct.
#pragma once

#include "math.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

constexpr float not_a_number = __builtin_nanf("");
constexpr double pi = 3.14159265358979323846;

inline uint64_t bits_of(double x) {
    return __builtin_bit_cast(uint64_t, x);
}
inline double double_of(uint64_t bits) {
    return __builtin_bit_cast(double, bits);
}
inline float absolute(float x) {
    return __builtin_fabsf(x);
}
inline double absolute(double x) {
    return __builtin_fabs(x);
}
inline float copysign(float size, float sign) {
    return __builtin_copysignf(size, sign);
}
inline double copysign(double size, double sign) {
    return __builtin_copysign(size, sign);
}
inline float float_from(double x) {
    return static_cast<float>(x);
}
// What a * b loses as it is rounded to `product`.
inline float rest_of_product(float a, float b, float product) {
#ifdef __FMA__
    return __builtin_fmaf(a, b, -product);
#else
    return float_from(static_cast<double>(a) * b - product);
#endif
}

// --- double, to some 1e-10 -----------------------------------------------------------------------

// exp(x) = 2^n (1 + p), |x| < 708.
struct WideExp {
    double scale, p;
};
inline WideExp split_exp(double x) {
    x = x > 708.0 ? 708.0 : x;
    x = x < -708.0 ? -708.0 : x;
    constexpr double rounder = 0x1.8p52;
    const double shifted = multiply_add(x, 1.4426950408889634, rounder);
    const double n = shifted - rounder;
    double r = multiply_add(n, -0.69314718036912381649, x);
    r = multiply_add(n, -1.9082149292705877e-10, r);
    const double q = polynomial(r, {0.000199178146273909919, 0.00139460753219599557,
                                    0.00833326544482812168, 0.0416662698509275564,
                                    0.16666666855703241, 0.500000007796659207});
    return {double_of((bits_of(shifted) << 52) + (uint64_t{1023} << 52)),
            multiply_add(r * r, q, r)};
}
inline double wide_exp(double x) {
    const WideExp e = split_exp(x);
    return multiply_add(e.scale, e.p, e.scale);
}
inline double wide_expm1(double x) {
    const WideExp e = split_exp(x);
    return multiply_add(e.scale, e.p, e.scale - 1.0);
}

// Of a positive finite normal number; as log of float.
inline double wide_log(double x) {
    constexpr uint64_t root_half = 0x3fe6a09e667f3bcd, mantissa = (uint64_t{1} << 52) - 1;
    const uint64_t above = bits_of(x) - root_half + (uint64_t{1023} << 52);
    const double k = double_of((above >> 52) | 0x4330000000000000) - (0x1p52 + 1023);
    const double f = double_of((above & mantissa) + root_half) - 1.0;
    const double s = f / (2.0 + f), z = s * s;
    const double l = polynomial(z, {0.235821542339181178, 0.285373083634088143,
                                    0.400003351942754437, 0.666666656454369511});
    return multiply_add(k, 0.69314718055994530942, multiply_add(s * z, l, 2.0 * s));
}

// Of a number above -1; relative to the result, also near 0.
inline double wide_log1p(double x) {
    const double u = 1.0 + x;
    return wide_log(u) + (x - (u - 1.0)) / u;
}

// erfc(x) exp(x * x), x >= 0, by a polynomial in (x - 3) / (x + 3).
template <class T>
inline T scaled_erfc(T x) {
    return polynomial((x - T(3)) / (x + T(3)),
                      {T(5.5916170531832e-05), T(2.8880801978457e-05), T(-0.00059456945996269),
                       T(0.00071573074354243), T(0.004268875966842), T(-0.024394231563638),
                       T(0.071665864234896), T(-0.15011578180535), T(0.24560379755966),
                       T(-0.32623356382791), T(0.17900115126479)});
}
// 0 where float's result is.
inline double wide_erfc(double x) {
    const double a = absolute(x);
    const double tail = a > 10.2 ? 0.0 : wide_exp(-a * a) * scaled_erfc(a);
    return x < 0.0 ? 2.0 - tail : tail;
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
