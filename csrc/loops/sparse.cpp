#include "loops.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

constexpr int64_t band = 64;  // columns whose sums stay in registers

template <class T>
void weighted_rows(int64_t count, const T* weights, const int64_t* places, const T* matrix,
                   int64_t width, int64_t step, T* out) {
    if (width == 1) {
        T sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t k = 0; k < count; ++k) sum += weights[k] * matrix[places[k] * step];
        *out += sum;
        return;
    }
    int64_t c = 0;
    for (; c + band <= width; c += band) {
        T sums[band];
#pragma omp simd
        for (int64_t j = 0; j < band; ++j) sums[j] = out[c + j];
        for (int64_t k = 0; k < count; ++k) {
            const T weight = weights[k];
            const T* row = matrix + places[k] * step + c;
#pragma omp simd
            for (int64_t j = 0; j < band; ++j) sums[j] += weight * row[j];
        }
#pragma omp simd
        for (int64_t j = 0; j < band; ++j) out[c + j] = sums[j];
    }
    if (c == width) return;
    for (int64_t k = 0; k < count; ++k) {
        const T weight = weights[k];
        const T* row = matrix + places[k] * step;
#pragma omp simd
        for (int64_t j = c; j < width; ++j) out[j] += weight * row[j];
    }
}

}  // namespace

template <class T>
void fill_sparse(Loops<T>& loops) {
    loops.weighted_rows = weighted_rows<T>;
}

template void fill_sparse(Loops<float>&);
template void fill_sparse(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
