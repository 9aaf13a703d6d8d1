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

void bernoulli(int64_t n, const uint32_t* raw, double p, uint8_t* out) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
        const auto high = static_cast<int32_t>(temper(raw[2 * i]) & 0x1fffffu);
        const uint32_t low = temper(raw[2 * i + 1]);
        // As a float64 has 53 bits, this is exact. The lower draw as a signed number and 2^31: that
        // conversion exists in every set of instructions.
        const double low_value =
            static_cast<double>(static_cast<int32_t>(low ^ 0x80000000u)) + 0x1p31;
        out[i] = high * 0x1p-21 + low_value * 0x1p-53 < p;
    }
}

void uniform(int64_t n, const uint32_t* raw, float low, float high, float* out) {
    const float span = high - low;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
        const float u =
            static_cast<float>(static_cast<int32_t>(temper(raw[i]) & 0xffffffu)) * 0x1p-24f;
        // The product is exact in float64: one rounding, as a fused multiply-add has.
        const float value = static_cast<float>(static_cast<double>(u) * span + low);
        out[i] = value == high ? low : value;
    }
}

}  // namespace

void fill_random(BitLoops& loops) {
    loops.twister_refill = refill;
    loops.twister_bernoulli = bernoulli;
    loops.twister_uniform = uniform;
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
