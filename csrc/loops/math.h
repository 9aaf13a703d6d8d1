// exp, log, tanh and their like that the compiler can vectorise: no branches, no calls. float has
// polynomials of its own (minimax, made by Remez' algorithm for this file); double takes libm's.
#pragma once

#include "loops.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

inline float multiply_add(float a, float b, float c) {
#ifdef __FMA__
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}
inline double multiply_add(double a, double b, double c) {
#ifdef __FMA__
    return __builtin_fma(a, b, c);
#else
    return a * b + c;
#endif
}

inline int32_t bits_of(float x) {
    return __builtin_bit_cast(int32_t, x);
}
inline float float_of(int32_t bits) {
    return __builtin_bit_cast(float, bits);
}

// p[0] x^(n - 1) + ... + p[n - 1]
template <class T, int n>
inline T polynomial(T x, const T (&p)[n]) {
    T sum = p[0];
#pragma GCC unroll 16
    for (int i = 1; i < n; ++i) sum = multiply_add(sum, x, p[i]);
    return sum;
}

constexpr float infinity = __builtin_inff();

// ln 2 in two parts; a product of the first with an exponent is exact.
constexpr float ln2_high = 0.693145751953125f, ln2_low = 1.42860682030941723e-6f;

// exp(x) = 2^n exp(r), |r| <= ln(2) / 2. At most 1 ulp.
inline float exp(float x) {
    // Beyond these bounds the result is infinite or zero; NaN passes both comparisons.
    x = x > 104.0f ? 104.0f : x;
    x = x < -104.0f ? -104.0f : x;
    constexpr float rounder = 0x1.8p23f;  // adding it leaves the nearest integer in the low bits
    const float shifted = multiply_add(x, 1.44269504088896341f, rounder);
    const int32_t n = bits_of(shifted) - bits_of(rounder);
    const float n_as_float = shifted - rounder;
    float r = multiply_add(n_as_float, -ln2_high, x);
    r = multiply_add(n_as_float, -ln2_low, r);
    float q = 0.00139504907584f;
    q = multiply_add(q, r, 0.00836888927445f);
    q = multiply_add(q, r, 0.0416662058091f);
    q = multiply_add(q, r, 0.166665188406f);
    q = multiply_add(q, r, 0.500000009518f);
    const float power = 1.0f + multiply_add(r * r, q, r);
    // 2^n as two factors, for neither may leave the normal numbers when the product does.
    const int32_t half = n >> 1;
    return power * float_of((half + 127) << 23) * float_of((n - half + 127) << 23);
}

// log(x) = k ln 2 + log(1 + f), 1 + f in [sqrt(1/2), sqrt(2)); with s = f / (2 + f),
// log(1 + f) = 2 atanh(s) = 2 s + s^3 L(s^2) (as fdlibm splits it). At most 1 ulp.
inline float log(float x) {
    const bool denormal = x < 0x1p-126f;
    const int32_t bits = bits_of(denormal ? x * 0x1p23f : x);
    constexpr uint32_t root_half = 0x3f3504f3;
    // In unsigned numbers, which may wrap around: x may be negative or NaN.
    const uint32_t above = static_cast<uint32_t>(bits) - root_half;
    const int32_t exponent = static_cast<int32_t>(above) >> 23;
    const float f = float_of(static_cast<int32_t>((above & 0x7fffff) + root_half)) - 1.0f;
    const float k = static_cast<float>(exponent - (denormal ? 23 : 0));
    const float s = f / (2.0f + f), z = s * s;
    float l = 0.298743948697f;
    l = multiply_add(l, z, 0.399774506072f);
    l = multiply_add(l, z, 0.66666777042f);
    const float half_square = 0.5f * f * f;
    const float correction = multiply_add(s, multiply_add(z, l, half_square), k * ln2_low);
    const float result = multiply_add(k, ln2_high, f - (half_square - correction));
    const float special = x == 0.0f ? -infinity : __builtin_nanf("");
    const float positive = x < infinity ? result : x;
    return x > 0.0f ? positive : special;
}

// Odd polynomial near 0, 1 - 2 / (exp(2|x|) + 1) elsewhere. At most 2 ulp.
inline float tanh(float x) {
    const float size = __builtin_fabsf(x), z = x * x;
    float t = -0.00571709099512f;
    t = multiply_add(t, z, 0.0206506337596f);
    t = multiply_add(t, z, -0.0537435146287f);
    t = multiply_add(t, z, 0.133314915276f);
    t = multiply_add(t, z, -0.333332839369f);
    const float near = multiply_add(t * z, size, size);
    const float far = 1.0f - 2.0f / (exp(2.0f * size) + 1.0f);
    return __builtin_copysignf(size < 0.625f ? near : far, x);
}

// exp(-|x|) cannot overflow: 1 / (1 + e) and e / (1 + e). At most 2 ulp.
inline float sigmoid(float x) {
    const float e = exp(-__builtin_fabsf(x));
    return (x >= 0.0f ? 1.0f : e) / (1.0f + e);
}

inline float square_root(float x) {
    return __builtin_sqrtf(x);
}

inline double exp(double x) {
    return __builtin_exp(x);
}
inline double log(double x) {
    return __builtin_log(x);
}
inline double tanh(double x) {
    return __builtin_tanh(x);
}
inline double square_root(double x) {
    return __builtin_sqrt(x);
}
inline double sigmoid(double x) {
    const double e = exp(-__builtin_fabs(x));
    return (x >= 0.0 ? 1.0 : e) / (1.0 + e);
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
