// bfloat16 and float16: storage, widened to float32 and rounded to nearest, ties to even.
#pragma once

#include <stdint.h>

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

struct BFloat16 {
    uint16_t bits;
};

using Float16 = _Float16;

inline float widen(BFloat16 x) {
    return __builtin_bit_cast(float, static_cast<uint32_t>(x.bits) << 16);
}
inline float widen(Float16 x) {
    return static_cast<float>(x);
}

template <class Half>
inline Half rounded(float x);

template <>
inline BFloat16 rounded(float x) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, x);
    const uint32_t nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    const uint32_t nan = (bits >> 16 & 0x8000) | 0x7fc0;  // rounding could make it an infinity
    return {static_cast<uint16_t>(x == x ? nearest : nan)};
}
template <>
inline Float16 rounded(float x) {
    return static_cast<Float16>(x);
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
