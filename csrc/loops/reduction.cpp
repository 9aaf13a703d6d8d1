// Sums. A float is added to at most some tens of floats before it goes into a double: as exact as a
// pairwise sum, at the speed of a plain one. The order of additions depends on sizes alone.
#include "grouping.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

constexpr int64_t lanes = 64;        // running sums side by side over a row
constexpr int64_t depth = 32;        // additions to one of them before it is emptied
constexpr int64_t column_tile = 256; // columns whose running sums stay in the first-level cache

// The sum over i of term(i), for a row.
template <class T, class Term>
inline double row_sum(int64_t n, const Term& term) {
    double total = 0;
    int64_t i = 0;
    while (i + lanes <= n) {
        T sums[lanes] = {};
        const int64_t last = i + lanes * depth < n ? i + lanes * depth : n;
        for (; i + lanes <= last; i += lanes) {
#pragma omp simd
            for (int64_t j = 0; j < lanes; ++j) sums[j] += term(i + j);
        }
        double folded[8] = {};
        for (int64_t j = 0; j < lanes; ++j) folded[j % 8] += sums[j];
        for (double part : folded) total += part;
    }
    for (; i < n; ++i) total += term(i);
    return total;
}

// The sums over rows of term(row, column), added to sums[column].
template <class T, class Term>
inline void column_sums(int64_t rows, int64_t columns, double* sums, const Term& term) {
    for (int64_t tile = 0; tile < columns; tile += column_tile) {
        const int64_t width = columns - tile < column_tile ? columns - tile : column_tile;
        for (int64_t row = 0; row < rows; row += depth) {
            const int64_t last = row + depth < rows ? row + depth : rows;
            T partial[column_tile];
#pragma omp simd
            for (int64_t j = 0; j < width; ++j) partial[j] = term(row, tile + j);
            for (int64_t r = row + 1; r < last; ++r) {
#pragma omp simd
                for (int64_t j = 0; j < width; ++j) partial[j] += term(r, tile + j);
            }
#pragma omp simd
            for (int64_t j = 0; j < width; ++j) sums[tile + j] += partial[j];
        }
    }
}

// column_sums() of a matrix whose rows stand side by side in memory, with a value per column that
// the term needs. make_term(first row, values) gives the term of the rows from there on.
template <class T, class MakeTerm>
inline void grouped_column_sums(int64_t rows, int64_t columns, const T* values, double* sums,
                                const MakeTerm& make_term) {
    const int64_t group = rows_in_group(rows, columns);
    int64_t done = 0;
    if (group > 1) {
        T repeated[widest_group];
        double wide[widest_group] = {};
        repeat(group, columns, values, repeated);
        done = rows / group * group;
        column_sums<T>(rows / group, group * columns, wide,
                       make_term(int64_t{0}, group * columns, repeated));
        for (int64_t g = 0; g < group; ++g)
            for (int64_t c = 0; c < columns; ++c) sums[c] += wide[g * columns + c];
    }
    if (done < rows) column_sums<T>(rows - done, columns, sums, make_term(done, columns, values));
}

template <class T>
double sum_row(int64_t n, const T* x) {
    return row_sum<T>(n, [=](int64_t i) { return x[i]; });
}

template <class T>
void sum_columns(int64_t rows, int64_t columns, const T* x, int64_t stride, double* sums) {
    if (stride == columns) {
        grouped_column_sums<T>(rows, columns, x, sums, [=](int64_t done, int64_t width, const T*) {
            return [=](int64_t r, int64_t c) { return x[(done + r) * width + c]; };
        });
    } else {
        column_sums<T>(rows, columns, sums, [=](int64_t r, int64_t c) { return x[r * stride + c]; });
    }
}

template <class T>
double centered_row(int64_t n, const T* x, T center) {
    return row_sum<T>(n, [=](int64_t i) { return (x[i] - center) * (x[i] - center); });
}

template <class T>
void centered_columns(int64_t rows, int64_t columns, const T* x, const T* center, double* sums) {
    grouped_column_sums<T>(
        rows, columns, center, sums, [=](int64_t done, int64_t width, const T* centers) {
            return [=](int64_t r, int64_t c) {
                const T difference = x[(done + r) * width + c] - centers[c];
                return difference * difference;
            };
        });
}

template <class T>
void product_row(int64_t n, const T* grad, const T* x, T center, double* sum, double* product) {
    *sum += sum_row(n, grad);
    *product += row_sum<T>(n, [=](int64_t i) { return grad[i] * (x[i] - center); });
}

template <class T>
void product_columns(int64_t rows, int64_t columns, const T* grad, const T* x, const T* center,
                     double* sums, double* products) {
    sum_columns(rows, columns, grad, columns, sums);
    grouped_column_sums<T>(
        rows, columns, center, products, [=](int64_t done, int64_t width, const T* centers) {
            return [=](int64_t r, int64_t c) {
                const int64_t i = (done + r) * width + c;
                return grad[i] * (x[i] - centers[c]);
            };
        });
}

}  // namespace

template <class T>
void fill_reduction(Loops<T>& loops) {
    loops.sum_row = sum_row<T>;
    loops.sum_columns = sum_columns<T>;
    loops.centered_row = centered_row<T>;
    loops.centered_columns = centered_columns<T>;
    loops.product_row = product_row<T>;
    loops.product_columns = product_columns<T>;
}

template void fill_reduction(Loops<float>&);
template void fill_reduction(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
