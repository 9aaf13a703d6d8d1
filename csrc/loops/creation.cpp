// Numbers at equal distances.
#include "loops.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

// Blocks in whose bounds a number is an int32, which vectors convert.
template <class T>
void steps(int64_t count, double start, double step, T* out) {
    constexpr int64_t block = 1024;
    for (int64_t begin = 0; begin < count; begin += block, out += block) {
        const int n = static_cast<int>(count - begin < block ? count - begin : block);
        const auto first = static_cast<double>(begin);
#pragma omp simd
        for (int i = 0; i < n; ++i)
            out[i] = static_cast<T>(start + step * (first + static_cast<double>(i)));
    }
}

// Whole numbers wrap around, as unsigned ones do.
void whole_steps(int64_t count, int64_t start, int64_t step, int64_t* out) {
    const auto first = static_cast<uint64_t>(start), each = static_cast<uint64_t>(step);
    if (each == 1) {
#pragma omp simd
        for (int64_t i = 0; i < count; ++i)
            out[i] = static_cast<int64_t>(first + static_cast<uint64_t>(i));
        return;
    }
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        out[i] = static_cast<int64_t>(first + each * static_cast<uint64_t>(i));
}

}  // namespace

void fill_creation(BitLoops& loops) {
    loops.steps = steps<float>;
    loops.steps64 = steps<double>;
    loops.whole_steps = whole_steps;
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
