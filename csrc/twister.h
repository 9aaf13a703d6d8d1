// The generator state that kernels/base/random.py describes: MT19937's key and position, and the
// second value of a pair of normals that waits.
#pragma once

#include <cstdint>
#include <cstring>

#include "array_view.h"
#include "instruction_sets.h"

namespace rushlight {

constexpr int64_t key_length = 624, state_length = 632;
constexpr int64_t has_normal = 625, normal_bits = 626;

// The numbers of a state array, before they are tempered.
class Twister {
public:
    explicit Twister(uint32_t* state) : key_(state), position_(state + key_length) {}

    void fill(uint32_t* to, int64_t count) {
        while (count > 0) {
            make_sure_of_one();
            const int64_t taken = std::min<int64_t>(count, key_length - *position_);
            std::memcpy(to, key_ + *position_, taken * sizeof(uint32_t));
            *position_ += static_cast<uint32_t>(taken);
            to += taken;
            count -= taken;
        }
    }

    // The next one, tempered.
    uint32_t next() {
        make_sure_of_one();
        uint32_t y = key_[(*position_)++];
        y ^= y >> 11;
        y ^= y << 7 & 0x9d2c5680u;
        y ^= y << 15 & 0xefc60000u;
        return y ^ y >> 18;
    }

private:
    void make_sure_of_one() {
        if (*position_ < key_length) return;
        bit_loops.twister_refill(key_);
        *position_ = 0;
    }

    uint32_t* key_;
    uint32_t* position_;
};

inline bool read_state(PyObject* object, uint32_t*& state) {
    ArrayView v;
    if (!view(object, v) || v.type != NPY_UINT32 || v.size() != state_length || !v.is_contiguous ||
        !v.is_writeable())
        return false;
    state = v.as<uint32_t>();
    return true;
}

// Uniform in [0, 1) from two outputs.
inline double unit(uint32_t first, uint32_t second) {
    return (first & 0x1fffffu) * 0x1p-21 + second * 0x1p-53;
}

}  // namespace rushlight
