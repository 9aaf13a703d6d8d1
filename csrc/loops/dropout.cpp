#include "loops.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

template <class T>
void dropout(int64_t n, const T* x, const uint8_t* mask, T scale, T* y) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] * static_cast<T>(mask[i]) * scale;
}

}  // namespace

template <class T>
void fill_dropout(Loops<T>& loops) {
    loops.dropout = dropout<T>;
}

template void fill_dropout(Loops<float>&);
template void fill_dropout(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
