// The product that elimination subtracts from what is left of a matrix.
#include "loops.h"
#include "register.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

constexpr int64_t depth_block = 256;  // rows of B that stay in the first-level cache
constexpr int tile_rows = 6;          // with two registers of columns: 12 sums, of 16 registers

// A tile of C less the product of rows of A with two registers of columns of B, packed.
template <int rows, class T>
inline void subtract_tile(int64_t depth, const T* a, int64_t a_row, int64_t a_column,
                          const T* packed, T* c, int64_t c_step) {
    using R = Register<T>;
    typename R::Type sums[rows][2];
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
        sums[r][0] = R::load(c + r * c_step);
        sums[r][1] = R::load(c + r * c_step + R::lanes);
    }
    for (int64_t k = 0; k < depth; ++k) {
        const auto b0 = R::load(packed + k * 2 * R::lanes);
        const auto b1 = R::load(packed + k * 2 * R::lanes + R::lanes);
#pragma GCC unroll 8
        for (int r = 0; r < rows; ++r) {
            const T factor = a[r * a_row + k * a_column];
            sums[r][0] -= factor * b0;
            sums[r][1] -= factor * b1;
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
        R::store(c + r * c_step, sums[r][0]);
        R::store(c + r * c_step + R::lanes, sums[r][1]);
    }
}

template <class T>
void subtract_product(int64_t rows, int64_t columns, int64_t depth, const T* a, int64_t a_row,
                      int64_t a_column, const T* b, int64_t b_step, T* c, int64_t c_step) {
    constexpr int64_t width = 2 * Register<T>::lanes;
    alignas(64) T packed[depth_block * width];
    for (int64_t start = 0; start < depth; start += depth_block) {
        const int64_t taken = depth - start < depth_block ? depth - start : depth_block;
        const T* left = a + start * a_column;
        int64_t j = 0;
        for (; j + width <= columns; j += width) {
            for (int64_t k = 0; k < taken; ++k)
                __builtin_memcpy(packed + k * width, b + (start + k) * b_step + j,
                                 width * sizeof(T));
            int64_t i = 0;
            for (; i + tile_rows <= rows; i += tile_rows)
                subtract_tile<tile_rows>(taken, left + i * a_row, a_row, a_column, packed,
                                         c + i * c_step + j, c_step);
            for (; i < rows; ++i)
                subtract_tile<1>(taken, left + i * a_row, a_row, a_column, packed,
                                 c + i * c_step + j, c_step);
        }
        if (j == columns) continue;
        for (int64_t i = 0; i < rows; ++i)
            for (int64_t k = 0; k < taken; ++k) {
                const T factor = left[i * a_row + k * a_column];
                const T* row = b + (start + k) * b_step;
#pragma omp simd
                for (int64_t l = j; l < columns; ++l) c[i * c_step + l] -= factor * row[l];
            }
    }
}

}  // namespace

template <class T>
void fill_elimination(Loops<T>& loops) {
    loops.subtract_product = subtract_product<T>;
}

template void fill_elimination(Loops<float>&);
template void fill_elimination(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
