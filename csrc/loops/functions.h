// Further functions of float that the compiler can vectorise, within 2 ulp, in part by way of
// double (wide.h). double itself takes libm's functions.
#pragma once

#include "../special.h"
#include "trigonometry.h"
#include "wide.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

// --- exponentials and logarithms -----------------------------------------------------------------

// 2^n (1 + p) - 1 as 2 (2^(n - 1) p + (2^(n - 1) - 1/2)), for 2^n may be beyond the largest number.
inline float expm1(float x) {
    float y = x > 89.0f ? 89.0f : x;
    y = y < -30.0f ? -30.0f : y;
    constexpr float rounder = 0x1.8p23f;
    const float shifted = multiply_add(y, 1.44269504088896341f, rounder);
    const int32_t n = bits_of(shifted) - bits_of(rounder);
    const float n_as_float = shifted - rounder;
    float r = multiply_add(n_as_float, -ln2_high, y);
    r = multiply_add(n_as_float, -ln2_low, r);
    const float q = polynomial(r, {0.000199178146f, 0.00139460753f, 0.00833326544f, 0.0416662699f,
                                   0.16666666856f, 0.5000000078f});
    const float p = multiply_add(r * r, q, r);
    const float half_scale = float_of((n + 126) << 23);
    return copysign(2.0f * multiply_add(half_scale, p, half_scale - 0.5f), x);
}
inline float exp2(float x) {
    float y = x > 150.0f ? 150.0f : x;
    y = y < -151.0f ? -151.0f : y;
    constexpr float rounder = 0x1.8p23f;
    const float shifted = y + rounder;
    const int32_t n = bits_of(shifted) - bits_of(rounder), half = n >> 1;
    const float r = y - (shifted - rounder);
    const float p = polynomial(r, {0.000154758966957f, 0.00134002831592f, 0.00961800541529f,
                                   0.0555032774242f, 0.240226513324f, 0.693147206288f});
    const float power = multiply_add(r, p, 1.0f);
    return power * float_of((half + 127) << 23) * float_of((n - half + 127) << 23);
}

// `result` where x is positive and finite, and what a logarithm is elsewhere.
inline float logarithm_of(float x, double result) {
    const float special = x == 0.0f ? -infinity : not_a_number;
    const float positive = x < infinity ? float_from(result) : x;
    return x > 0.0f ? positive : special;
}
inline float log2(float x) {
    return logarithm_of(x, 1.44269504088896340736 * wide_log(x));
}
inline float log10(float x) {
    return logarithm_of(x, 0.43429448190325182765 * wide_log(x));
}
inline float log1p(float x) {
    return x < infinity && x > -1.0f ? copysign(float_from(wide_log1p(x)), x)
                                     : logarithm_of(x + 1.0f, 0.0);
}

// log(1 + exp(x)) = max(x, 0) + 2 atanh(s), s = e / (2 + e), e = exp(-|x|). At most 3 ulp.
inline float softplus(float x) {
    const float e = exp(-absolute(x)), s = e / (2.0f + e), z = s * s;
    const float l = polynomial(z, {0.21792395987f, 0.171478498766f, 0.223015003294f,
                                   0.285683960791f, 0.400000530007f, 0.666666663591f});
    const float tail = multiply_add(s * z, l, 2.0f * s);
    return (x < 0.0f ? 0.0f : x) + tail;
}

inline float sinh(float x) {
    const double e = wide_expm1(absolute(x));
    return copysign(float_from(0.5 * (e + e / (e + 1.0))), x);
}
inline float cosh(float x) {
    const double e = wide_exp(absolute(x));
    return float_from(0.5 * (e + 1.0 / e));
}
inline float asinh(float x) {
    const double a = absolute(x);
    const float result = float_from(wide_log1p(a + a * a / (1.0 + __builtin_sqrt(a * a + 1.0))));
    return copysign(a < infinity ? result : absolute(x), x);
}
inline float acosh(float x) {
    const double t = static_cast<double>(x) - 1.0;
    const float result = float_from(wide_log1p(t + __builtin_sqrt(t * (2.0 + t))));
    const float valid = x < infinity ? result : x;
    return x >= 1.0f ? valid : not_a_number;
}
inline float atanh(float x) {
    const double a = absolute(x);
    const float result = float_from(0.5 * wide_log1p(2.0 * a / (1.0 - a)));
    const float special = a == 1.0 ? infinity : not_a_number;
    return copysign(a < 1.0 ? result : special, x);
}

// exp(b log|a|), with the sign of a where b is an odd whole number.
inline float pow(float a, float b) {
    const float size = absolute(a);
    const float power = float_from(wide_exp(wide_log(size) * b));
    // Single-bit arithmetic instead of conditions that short-circuit: those are not vectorised.
    const bool whole = __builtin_truncf(b) == b;
    const bool odd = whole & (__builtin_truncf(0.5f * b) != 0.5f * b);
    const float of_nothing = b > 0.0f ? 0.0f : infinity, of_infinity = b > 0.0f ? infinity : 0.0f;
    float result = size == 0.0f ? of_nothing : power;
    result = size == infinity ? of_infinity : result;
    result = odd ? copysign(result, a) : result;
    result = (a < 0.0f) & (a > -infinity) & !whole ? not_a_number : result;
    result = (a != a) | (b != b) ? not_a_number : result;
    const bool is_one = (b == 0.0f) | (a == 1.0f) | ((a == -1.0f) & (absolute(b) == infinity));
    return is_one ? 1.0f : result;
}
inline float hypot(float a, float b) {
    const double x = a, y = b;
    const float root = float_from(__builtin_sqrt(x * x + y * y));
    return absolute(a) == infinity || absolute(b) == infinity ? infinity : root;
}

// --- the error function and what is made of it ---------------------------------------------------

// x times a polynomial in x * x near 0, 1 - exp(a polynomial) elsewhere.
inline float erf(float x) {
    const float a = absolute(x), z = a * a;
    const float p = polynomial(z, {7.88911951753e-05f, -0.000802084127619f, 0.00518953533902f,
                                   -0.0268544445918f, 0.112836001763f, -0.37612627136f,
                                   0.128379165f});
    const float b = a > 4.0f ? 4.0f : a;
    const float q = polynomial(b, {-2.14961136062e-05f, 0.000439106373089f, -0.0041936110867f,
                                   0.0251789677982f, -0.108372478575f, -0.633262612212f,
                                   -1.12955683038f, 0.000183444144359f});
    return copysign(a < 1.0f ? multiply_add(a, p, a) : 1.0f - exp(q), x);
}
inline float erfc(float x) {
    return float_from(wide_erfc(x));
}

// The normal distribution beyond |x|, erfc(|x| / sqrt(2)) / 2, and exp(-x * x / 2), which it is a
// multiple of: in floats, 2.6 times as fast as by wide_erfc. What the square loses as it is
// rounded, up to 100 ulp of its exponential, is made up for.
struct NormalTail {
    float tail, exp_of_square;
};
inline NormalTail normal_tail(float x) {
    const float size = absolute(x), a = size > 15.0f ? 15.0f : size;  // there it is 0
    const float square = a * a;
    float e = exp(-0.5f * square);
    e = multiply_add(e, -0.5f * rest_of_product(a, a, square), e);
    const float b = a * 0.707106781f;
    return {0.5f * e * scaled_erfc(b), e};
}

// The same where |x| < 12.5, in half of the steps: no number on the way is too small to be normal,
// so that an exponent is added as it is, and a shorter polynomial does.
inline bool is_in_body(float x) {
    return !(absolute(x) >= 12.5f);  // NaN, too
}
inline NormalTail body_tail(float x) {
    const float a = absolute(x), square = a * a;
    // exp(-square / 2) = 2^n exp(-r / 2), r = square + n 2 ln 2, and what the square has lost.
    constexpr float rounder = 0x1.8p23f;
    const float shifted = multiply_add(square, -0.721347520f, rounder), n = shifted - rounder;
    float r = multiply_add(n, 0x1.62e4p0f, square);
    r = multiply_add(n, 2.8572135e-06f, r) + rest_of_product(a, a, square);
    const float e = polynomial(r, {2.16197614e-05f, -0.000261716719f, 0.00260426477f,
                                   -0.0208330229f, 0.124999978f, -0.5f, 1.0f});
    const float h = polynomial((a - 4.2426f) / (a + 4.2426f),
                               {-0.000231721788f, 0.000403064128f, 0.00210493174f,
                                -0.0122163538f, 0.0358375534f, -0.07505472f, 0.122801766f,
                                -0.16311805f, 0.089501366f});
    const uint32_t exponent = static_cast<uint32_t>(bits_of(shifted)) << 23;
    const auto scaled = [=](float y) {
        return float_of(static_cast<int32_t>(static_cast<uint32_t>(bits_of(y)) + exponent));
    };
    return {scaled(e * h), scaled(e)};
}

// x times the normal distribution's function, and its slope. At most 6 ulp, 8 without instructions
// for multiply_add.
inline float gelu_from(NormalTail t, float x) {
    return x * (x < 0.0f ? t.tail : 1.0f - t.tail);
}
inline float gelu_slope_from(NormalTail t, float x) {
    return multiply_add(0.398942280f * x, t.exp_of_square, x < 0.0f ? t.tail : 1.0f - t.tail);
}
inline float gelu(float x) {
    return gelu_from(body_tail(x), x);
}
inline float gelu_slope(float x) {
    return gelu_slope_from(body_tail(x), x);
}
// Of any x: the same bits as above where that holds.
inline float far_gelu(float x) {
    return is_in_body(x) ? gelu(x) : gelu_from(normal_tail(x), x);
}
inline float far_gelu_slope(float x) {
    return is_in_body(x) ? gelu_slope(x) : gelu_slope_from(normal_tail(x), x);
}

// --- remainders ----------------------------------------------------------------------------------

// Whether the quotient of two floats is so small that double holds it, and what is left, exactly.
inline bool has_small_quotient(float a, float b) {
    return absolute(a / b) < 0x1p23f || b == 0.0f || !(absolute(a) < infinity) || b != b;
}
inline bool has_small_quotient(double, double) {
    return false;
}
inline float fmod(float a, float b) {
    const double x = a, y = b;
    const float rest = float_from(x - y * __builtin_trunc(x / y));
    return copysign(absolute(b) == infinity && absolute(a) < infinity ? a : rest, a);
}

// --- double --------------------------------------------------------------------------------------

#define RUSHLIGHT_FROM_LIBM(name)                 \
    inline double name(double x) {                \
        return __builtin_##name(x);               \
    }
RUSHLIGHT_FROM_LIBM(expm1)
RUSHLIGHT_FROM_LIBM(exp2)
RUSHLIGHT_FROM_LIBM(log2)
RUSHLIGHT_FROM_LIBM(log10)
RUSHLIGHT_FROM_LIBM(log1p)
RUSHLIGHT_FROM_LIBM(sinh)
RUSHLIGHT_FROM_LIBM(cosh)
RUSHLIGHT_FROM_LIBM(asinh)
RUSHLIGHT_FROM_LIBM(acosh)
RUSHLIGHT_FROM_LIBM(atanh)
RUSHLIGHT_FROM_LIBM(sin)
RUSHLIGHT_FROM_LIBM(cos)
RUSHLIGHT_FROM_LIBM(tan)
RUSHLIGHT_FROM_LIBM(asin)
RUSHLIGHT_FROM_LIBM(acos)
RUSHLIGHT_FROM_LIBM(atan)
RUSHLIGHT_FROM_LIBM(erf)
RUSHLIGHT_FROM_LIBM(erfc)
RUSHLIGHT_FROM_LIBM(floor)
RUSHLIGHT_FROM_LIBM(ceil)
RUSHLIGHT_FROM_LIBM(trunc)
RUSHLIGHT_FROM_LIBM(rint)
#undef RUSHLIGHT_FROM_LIBM
inline double pow(double a, double b) {
    return __builtin_pow(a, b);
}
inline double hypot(double a, double b) {
    return __builtin_hypot(a, b);
}
inline double atan2(double y, double x) {
    return __builtin_atan2(y, x);
}
inline double fmod(double a, double b) {
    return __builtin_fmod(a, b);
}
inline double softplus(double x) {
    return (x < 0.0 ? 0.0 : x) + log1p(exp(-absolute(x)));
}
inline double gelu(double x) {
    return x * 0.5 * erfc(x * -0.70710678118654752440);
}
inline double gelu_slope(double x) {
    return 0.5 * erfc(x * -0.70710678118654752440) +
           0.39894228040143267794 * x * exp(-0.5 * x * x);
}
inline bool is_in_body(double) {
    return true;
}
inline double far_gelu(double x) {
    return gelu(x);
}
inline double far_gelu_slope(double x) {
    return gelu_slope(x);
}

// sin(pi x) / (pi x), and of 0 its limit.
inline float scaled_by_pi(float x) {
    return static_cast<float>(pi) * x;
}
inline double scaled_by_pi(double x) {
    return pi * x;
}
inline float sinc(float x) {
    const float angle = scaled_by_pi(x);
    return x == 0.0f ? 1.0f : sin(angle) / angle;
}
inline double sinc(double x) {
    const double angle = scaled_by_pi(x);
    return x == 0.0 ? 1.0 : __builtin_sin(angle) / angle;
}
inline float libm_sinc(float x) {
    const float angle = scaled_by_pi(x);
    return x == 0.0f ? 1.0f : __builtin_sinf(angle) / angle;
}
inline double libm_sinc(double x) {
    return sinc(x);
}

// What the vectorised forms above leave to libm, a number at a time.
inline float libm_sin(float x) {
    return __builtin_sinf(x);
}
inline double libm_sin(double x) {
    return __builtin_sin(x);
}
inline float libm_cos(float x) {
    return __builtin_cosf(x);
}
inline double libm_cos(double x) {
    return __builtin_cos(x);
}
inline float libm_tan(float x) {
    return __builtin_tanf(x);
}
inline double libm_tan(double x) {
    return __builtin_tan(x);
}
inline float libm_fmod(float a, float b) {
    return __builtin_fmodf(a, b);
}
inline double libm_fmod(double a, double b) {
    return __builtin_fmod(a, b);
}

// --- of any type ---------------------------------------------------------------------------------

inline float floor(float x) {
    return __builtin_floorf(x);
}
inline float ceil(float x) {
    return __builtin_ceilf(x);
}
inline float trunc(float x) {
    return __builtin_truncf(x);
}
inline float rint(float x) {
    return __builtin_rintf(x);
}
template <class T>
inline T absolute(T x) {
    return x < T(0) ? -x : x;
}
// NaN wins, and of equals the first.
template <class T>
inline T maximum(T a, T b) {
    return b > a ? b : b != b ? b : a;
}
template <class T>
inline T minimum(T a, T b) {
    return b < a ? b : b != b ? b : a;
}
// The neighbour of a in the direction of b: their bits count as whole numbers do.
template <class T, class Bits>
inline T next_after_of(T a, T b, T least) {
    const Bits bits = __builtin_bit_cast(Bits, a);
    const Bits step = (a < b) == (a > T(0)) ? Bits(1) : Bits(-1);
    const T beside = __builtin_bit_cast(T, bits + step);
    const T moved = a == T(0) ? copysign(least, b) : beside;
    const T result = a == b ? b : moved;
    return (a != a) | (b != b) ? a + b : result;
}
inline float next_after(float a, float b) {
    return next_after_of<float, int32_t>(a, b, 0x1p-149f);
}
inline double next_after(double a, double b) {
    return next_after_of<double, int64_t>(a, b, 0x1p-1074);
}
// The remainder with the divisor's sign, from the one with the dividend's.
template <class T>
inline T with_sign_of_divisor(T rest, T divisor) {
    return rest != T(0) && (rest < T(0)) != (divisor < T(0)) ? rest + divisor : rest;
}
// The largest whole number below a / b, from what is left of a.
template <class T>
inline T floor_of_quotient(T a, T b, T rest) {
    const T quotient = (a - rest) / b;
    const T lower = rest != T(0) && (rest < T(0)) != (b < T(0)) ? quotient - T(1) : quotient;
    const T below = floor(lower);
    const T whole = lower - below > T(0.5) ? below + T(1) : below;
    const T result = lower == T(0) ? copysign(T(0), a / b) : whole;
    return b == T(0) ? a / b : result;
}
template <class T>
inline T gelu_tanh_argument(T x) {  // twice that of tanh, for tanh(y) = 2 sigmoid(2 y) - 1
    return T(1.59576912160573071176) * multiply_add(T(0.044715) * x * x, x, x);
}
template <class T>
inline T gelu_tanh_slope(T x) {
    const T s = sigmoid(gelu_tanh_argument(x));
    const T slope = T(1.59576912160573071176) * (T(1) + T(3 * 0.044715) * x * x);
    return s + x * s * (T(1) - s) * slope;
}
// tanh(softplus(x)) = n / (n + 2), n = e (e + 2), e = exp(x); 1 from 20 on.
template <class T>
inline T mish_gate(T x) {
    const T e = exp(minimum(x, T(20)));
    const T n = e * (e + T(2));
    return n / (n + T(2));
}
template <class T>
inline T mish_slope(T x) {
    const T gate = mish_gate(x);
    return gate + x * sigmoid(x) * (T(1) - gate * gate);
}
template <class T>
inline T silu_slope(T x) {
    const T s = sigmoid(x);
    return s * (T(1) + x * (T(1) - s));
}
template <class T>
inline T hard_gate(T x) {  // 0 below -3, 1 above 3
    return minimum(maximum(x + T(3), T(0)), T(6)) / T(6);
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
