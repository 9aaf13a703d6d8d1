#include "loops.h"
#include "register.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

constexpr int in_registers = 4;  // registers of sums

// Of a single column: four sums, as each addition waits for the one before it.
template <class T>
T weighted_sum(int64_t count, const T* weights, const int64_t* places, const T* column,
               int64_t step) {
    T sums[4] = {};
    int64_t k = 0;
    for (; k + 4 <= count; k += 4) {
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j) sums[j] += weights[k + j] * column[places[k + j] * step];
    }
    for (; k < count; ++k) sums[0] += weights[k] * column[places[k] * step];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

template <class T>
void weighted_rows(int64_t count, const T* weights, const int64_t* places, const T* matrix,
                   int64_t width, int64_t step, T* out) {
    using R = Register<T>;
    if (width == 1) {
        *out += weighted_sum(count, weights, places, matrix, step);
        return;
    }
    int64_t c = 0;
    for (; c + in_registers * R::lanes <= width; c += in_registers * R::lanes) {
        typename R::Type sums[in_registers];
#pragma GCC unroll 4
        for (int j = 0; j < in_registers; ++j) sums[j] = R::load(out + c + j * R::lanes);
        for (int64_t k = 0; k < count; ++k) {
            const T weight = weights[k];
            const T* row = matrix + places[k] * step + c;
#pragma GCC unroll 4
            for (int j = 0; j < in_registers; ++j) sums[j] += weight * R::load(row + j * R::lanes);
        }
#pragma GCC unroll 4
        for (int j = 0; j < in_registers; ++j) R::store(out + c + j * R::lanes, sums[j]);
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
