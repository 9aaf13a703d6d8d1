// Further functions of float that the compiler can vectorise, within 2 ulp. Where a float's steps
// would lose too much they go through double, whose polynomials need no more than the 30 bits that
// the rounding to float leaves correct. double itself takes libm's functions.
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

// erfc(x) and exp(-x * x), which it is a multiple of: by a polynomial in (x - 3) / (x + 3), x >= 0,
// in the type T. 0 where float's result is.
struct WideErfc {
    double erfc, exp_of_square;
};
template <class T>
inline WideErfc wide_erfc(double x) {
    const double a = absolute(x);
    const T b = static_cast<T>(a), t = (b - T(3)) / (b + T(3));
    const T p = polynomial(t, {T(5.5916170531832e-05), T(2.8880801978457e-05),
                               T(-0.00059456945996269), T(0.00071573074354243),
                               T(0.004268875966842), T(-0.024394231563638), T(0.071665864234896),
                               T(-0.15011578180535), T(0.24560379755966), T(-0.32623356382791),
                               T(0.17900115126479)});
    const double e = wide_exp(-a * a);
    const double tail = a > 10.2 ? 0.0 : e * p;
    return {x < 0.0 ? 2.0 - tail : tail, e};
}

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

// --- trigonometry --------------------------------------------------------------------------------

// Up to here the reduction by Cody and Waite is exact; beyond it libm's functions take over.
constexpr float largest_angle = 0x1p20f;
inline bool is_small_angle(float x) {
    return absolute(x) < largest_angle;
}
inline bool is_small_angle(double) {
    return false;
}

// x = quadrant * pi/2 + rest, |rest| <= pi/4. pi/2 in three parts: the products of the first two
// with the quadrant's number are exact.
struct Angle {
    int32_t quadrant;
    double rest;
};
inline Angle reduced(float x) {
    constexpr double rounder = 0x1.8p52;
    const double n = (x * (2.0 / pi) + rounder) - rounder;
    double rest = x - n * 1.57079632673412561417;
    rest -= n * 6.07710050630396597660e-11;
    rest -= n * 2.02226624879595063154e-21;
    return {static_cast<int32_t>(n), rest};
}
inline float sine_of_rest(float r) {
    const float z = r * r;
    const float s =
        polynomial(z, {2.71830414e-06f, -0.000198393341f, 0.00833332938f, -0.16666666642f});
    return multiply_add(r * z, s, r);
}
inline float cosine_of_rest(float r) {
    const float z = r * r;
    const float c = polynomial(z, {2.44383776e-05f, -0.00138873669f, 0.0416666468541f});
    return multiply_add(z * z, c, 1.0f - 0.5f * z);
}
inline float sine_in_quadrant(int32_t quadrant, float rest) {
    const float value = quadrant & 1 ? cosine_of_rest(rest) : sine_of_rest(rest);
    return quadrant & 2 ? -value : value;
}
inline float sin(float x) {
    const Angle angle = reduced(x);
    const float result = sine_in_quadrant(angle.quadrant, float_from(angle.rest));
    return x == 0.0f ? x : result;
}
inline float cos(float x) {
    const Angle angle = reduced(x);
    return sine_in_quadrant(angle.quadrant + 1, float_from(angle.rest));
}
inline float tan(float x) {
    const Angle angle = reduced(x);
    const double r = angle.rest, z = r * r;
    const double s = polynomial(z, {2.71830414346795921e-06, -0.00019839334072003771,
                                    0.00833332938353791193, -0.166666666416064563});
    const double c = polynomial(z, {-2.72101675887763158e-07, 2.47995191680278407e-05,
                                    -0.0013888883750258472, 0.0416666666227918855});
    const double sine = r + r * z * s, cosine = 1.0 - 0.5 * z + z * z * c;
    const bool odd = angle.quadrant & 1;
    const double above = odd ? -cosine : sine, below = odd ? sine : cosine;
    return x == 0.0f ? x : float_from(above / below);
}

// asin(x) for 0 <= x <= 1/2.
inline float small_asin(float x) {
    const float z = x * x;
    const float p = polynomial(z, {0.0422185461364f, 0.0241476118606f, 0.045477097115f,
                                   0.0749524177746f, 0.166667539281f});
    return multiply_add(x * z, p, x);
}
inline float asin(float x) {
    const float a = absolute(x);
    const bool small = a <= 0.5f;
    const float part = small_asin(small ? a : square_root(0.5f * (1.0f - a)));
    return copysign(small ? part : float_from(pi / 2 - 2.0 * part), x);
}
inline float acos(float x) {
    const float a = absolute(x);
    const bool small = a <= 0.5f;
    const float part = small_asin(small ? a : square_root(0.5f * (1.0f - a)));
    const float near = float_from(pi / 2 - copysign(part, x));
    const float far = x > 0.0f ? 2.0f * part : float_from(pi - 2.0 * part);
    return small ? near : far;
}

// atan(x) for 0 <= x <= 1.
inline float small_atan(float x) {
    const float z = x * x;
    const float p = polynomial(z, {-0.00182718464083f, 0.0110643149895f, -0.031455469045f,
                                   0.0582343200213f, -0.0841944596315f, 0.109575718509f,
                                   -0.142652445986f, 0.199986385525f, -0.333333018646f});
    return multiply_add(x * z, p, x);
}
inline float atan(float x) {
    const float a = absolute(x);
    const bool small = !(a > 1.0f);
    const float part = small_atan(small ? a : 1.0f / a);
    return copysign(small ? part : float_from(pi / 2 - part), x);
}
inline float atan2(float y, float x) {
    const float a = absolute(x), b = absolute(y);
    const bool steep = b > a;
    const float smaller = steep ? a : b, larger = steep ? b : a;
    const float ratio = smaller / larger;
    const float same = larger == 0.0f ? 0.0f : smaller == infinity ? 1.0f : ratio;
    const double part = small_atan(same);
    const double first = steep ? pi / 2 - part : part;
    const double turned = bits_of(x) < 0 ? pi - first : first;
    return x != x || y != y ? not_a_number : copysign(float_from(turned), y);
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
    return float_from(wide_erfc<double>(x).erfc);
}

// x times the normal distribution's function, half of erfc(-x / sqrt(2)). At most 5 ulp.
inline float gelu(float x) {
    return float_from(x * 0.5 * wide_erfc<float>(x * -0.70710678118654752440).erfc);
}
inline float gelu_slope(float x) {
    const WideErfc e = wide_erfc<float>(x * -0.70710678118654752440);
    return float_from(0.5 * e.erfc + 0.39894228040143267794 * x * e.exp_of_square);
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
