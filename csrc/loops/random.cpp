// The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998) and what is made of its numbers, as
// kernels/base/random.py defines it.
#include "math.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

constexpr int64_t length = 624, middle = 397;

inline uint32_t twist(uint32_t here, uint32_t next, uint32_t far) {
    const uint32_t mixed = (here & 0x80000000u) | (next & 0x7fffffffu);
    return far ^ (mixed >> 1) ^ (-(next & 1u) & 0x9908b0dfu);
}

inline uint32_t temper(uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

// Each number depends on that 227 places before it (of the new ones), so runs of up to 227 are
// independent of each other.
void refill(uint32_t* key) {
    constexpr int64_t run = length - middle;
#pragma omp simd
    for (int64_t i = 0; i < run; ++i) key[i] = twist(key[i], key[i + 1], key[i + middle]);
#pragma omp simd
    for (int64_t i = run; i < 2 * run; ++i) key[i] = twist(key[i], key[i + 1], key[i - run]);
#pragma omp simd
    for (int64_t i = 2 * run; i < length - 1; ++i) key[i] = twist(key[i], key[i + 1], key[i - run]);
    key[length - 1] = twist(key[length - 1], key[0], key[middle - 1]);
}

// Uniform in [0, 1): the low 53 bits of two numbers, which is exact, as a float64 has so many. The
// second as a signed number and 2^31: that conversion exists in every set of instructions.
inline double unit64(uint32_t first, uint32_t second) {
    const auto high = static_cast<int32_t>(first & 0x1fffffu);
    const double low = static_cast<double>(static_cast<int32_t>(second ^ 0x80000000u)) + 0x1p31;
    return high * 0x1p-21 + low * 0x1p-53;
}

// The low 24 bits of one.
inline float unit32(uint32_t number) {
    return static_cast<float>(static_cast<int32_t>(number & 0xffffffu)) * 0x1p-24f;
}

void bernoulli(int64_t n, const uint32_t* raw, double p, uint8_t* out) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i)
        out[i] = unit64(temper(raw[2 * i]), temper(raw[2 * i + 1])) < p;
}

void bernoulli_of(int64_t n, const uint32_t* raw, const float* p, uint8_t* out) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) out[i] = unit32(temper(raw[i])) < p[i];
}

void bernoulli_of64(int64_t n, const uint32_t* raw, const double* p, uint8_t* out) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i)
        out[i] = unit64(temper(raw[2 * i]), temper(raw[2 * i + 1])) < p[i];
}

void uniform(int64_t n, const uint32_t* raw, float low, float high, float* out) {
    const float span = high - low;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
        const float u = unit32(temper(raw[i]));
        // The product is exact in float64: one rounding, as a fused multiply-add has.
        const float value = static_cast<float>(static_cast<double>(u) * span + low);
        out[i] = value == high ? low : value;
    }
}

void uniform64(int64_t n, const uint32_t* raw, double low, double high, double* out) {
    const double span = high - low;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
        const double u = unit64(temper(raw[2 * i]), temper(raw[2 * i + 1]));
        const double value = __builtin_fma(u, span, low);
        out[i] = value == high ? low : value;
    }
}

// a * b + c with one rounding also where no instruction does that: the product of two float32 is
// exact in float64.
inline float fused(float a, float b, float c) {
#ifdef __FMA__
    return __builtin_fmaf(a, b, c);
#else
    return static_cast<float>(static_cast<double>(a) * b + c);
#endif
}

// The steps of kernels/base/random.py, whose last bits are PyTorch's: the Cephes library's
// polynomials (Moshier 1992; logf.c, sinf.c).
inline float cephes_log(float x) {
    const int32_t bits = bits_of(x);
    const float mantissa = float_of((bits & 0x7fffff) | 0x3f000000);  // in [1/2, 1)
    const bool low = mantissa < 0.70710678118654752440f;
    const auto exponent = static_cast<float>((bits >> 23) - 126 - (low ? 1 : 0));
    x = mantissa - 1.0f + (low ? mantissa : 0.0f);
    const float square = x * x;
    float y = 7.0376836292e-2f;
    y = fused(y, x, -1.1514610310e-1f);
    y = fused(y, x, 1.1676998740e-1f);
    y = fused(y, x, -1.2420140846e-1f);
    y = fused(y, x, 1.4249322787e-1f);
    y = fused(y, x, -1.6668057665e-1f);
    y = fused(y, x, 2.0000714765e-1f);
    y = fused(y, x, -2.4999993993e-1f);
    y = fused(y, x, 3.3333331174e-1f);
    y = y * x;
    y = fused(y, square, exponent * -2.12194440e-4f);
    y = fused(square, -0.5f, y);
    return fused(exponent, 0.693359375f, x + y);
}

inline void cephes_sine_cosine(float x, float& sine, float& cosine) {
    const int32_t eighth = (static_cast<int32_t>(x * 1.27323954473516268615f) + 1) & ~1;
    const auto turns = static_cast<float>(eighth);
    x = fused(turns, -0.78515625f, x);
    x = fused(turns, -2.4187564849853515625e-4f, x);
    x = fused(turns, -3.77489497744594108e-8f, x);
    const float square = x * x;
    float c = 2.443315711809948e-5f;
    c = fused(c, square, -1.388731625493765e-3f);
    c = fused(c, square, 4.166664568298827e-2f);
    c = c * square;
    c = fused(c, square, square * -0.5f) + 1.0f;
    float s = -1.9515295891e-4f;
    s = fused(s, square, 8.3321608736e-3f);
    s = fused(s, square, -1.6666654611e-1f);
    s = fused(s * square, x, x);
    const bool swap = eighth & 2;
    const float unsigned_sine = swap ? c : s, unsigned_cosine = swap ? s : c;
    sine = eighth & 4 ? -unsigned_sine : unsigned_sine;
    cosine = (eighth - 2) & 4 ? unsigned_cosine : -unsigned_cosine;
}

// Box and Muller (1958) on blocks: 8 numbers for the radius, 8 for the angle.
void normal(int64_t blocks, const uint32_t* raw, float mean, float std, float* out) {
    for (int64_t block = 0; block < blocks; ++block, raw += 16, out += 16) {
#pragma omp simd
        for (int i = 0; i < 8; ++i) {
            const float u1 = unit32(temper(raw[i])), u2 = unit32(temper(raw[i + 8]));
            const float radius = __builtin_sqrtf(-2.0f * cephes_log(1.0f - u1));
            float sine, cosine;
            cephes_sine_cosine(6.28318530717958647693f * u2, sine, cosine);
            out[i] = fused(radius * cosine, std, mean);
            out[i + 8] = fused(radius * sine, std, mean);
        }
    }
}

void normal64(int64_t blocks, const uint32_t* raw, double mean, double std, double* out) {
    constexpr double turn = 6.28318530717958647693;
    for (int64_t block = 0; block < blocks; ++block, raw += 32, out += 16) {
        double uniforms[16];
#pragma omp simd
        for (int i = 0; i < 16; ++i)
            uniforms[i] = unit64(temper(raw[2 * i]), temper(raw[2 * i + 1]));
        for (int i = 0; i < 8; ++i) {
            const double radius = __builtin_sqrt(-2.0 * __builtin_log(1.0 - uniforms[i]));
            const double angle = turn * uniforms[i + 8];
            out[i] = __builtin_fma(radius * __builtin_cos(angle), std, mean);
            out[i + 8] = __builtin_fma(radius * __builtin_sin(angle), std, mean);
        }
    }
}

void exponential(int64_t n, const uint32_t* raw, double factor, double* out) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i)
        out[i] = -unit64(temper(raw[2 * i]), temper(raw[2 * i + 1]));
    for (int64_t i = 0; i < n; ++i) out[i] = factor * __builtin_log1p(out[i]);
}

void temper_all(int64_t n, const uint32_t* raw, uint32_t* out) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) out[i] = temper(raw[i]);
}

}  // namespace

void fill_random(BitLoops& loops) {
    loops.twister_refill = refill;
    loops.twister_bernoulli = bernoulli;
    loops.twister_bernoulli_of = bernoulli_of;
    loops.twister_bernoulli_of64 = bernoulli_of64;
    loops.twister_uniform = uniform;
    loops.twister_uniform64 = uniform64;
    loops.twister_normal = normal;
    loops.twister_normal64 = normal64;
    loops.twister_exponential = exponential;
    loops.twister_temper = temper_all;
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
