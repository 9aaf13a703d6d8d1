// Sums. A float is added to at most some tens of floats before it goes into a double: as exact as a
// pairwise sum, at the speed of a plain one. The order of additions depends on sizes alone.
#include "grouping.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

constexpr int64_t lanes = 64;         // running sums side by side over a row
constexpr int64_t depth = 32;         // additions to one of them before it is emptied
constexpr int64_t column_tile = 256;  // columns whose running sums stay in the first-level cache

// The sum of fewer than `lanes` terms.
template <class Term>
inline double rest(int64_t begin, int64_t end, const Term& term) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = begin; i < end; ++i) sum += static_cast<double>(term(i));
    return sum;
}

// The sums over i of term(i), for a row: added to totals, one for each term.
template <class T, class... Terms>
inline void row_sums(int64_t n, double* totals, const Terms&... terms) {
    constexpr int count = sizeof...(terms);
    int64_t i = 0;
    while (i + lanes <= n) {
        T sums[count][lanes] = {};
        const int64_t last = i + lanes * depth < n ? i + lanes * depth : n;
        for (; i + lanes <= last; i += lanes) {
#pragma omp simd
            for (int64_t j = 0; j < lanes; ++j) {
                int k = 0;
                ((sums[k++][j] += terms(i + j)), ...);
            }
        }
        for (int k = 0; k < count; ++k) {
            double folded[8] = {};
            for (int64_t j = 0; j < lanes; j += 8) {
#pragma omp simd
                for (int64_t l = 0; l < 8; ++l) folded[l] += sums[k][j + l];
            }
            for (double part : folded) totals[k] += part;
        }
    }
    int k = 0;
    ((totals[k++] += rest(i, n, terms)), ...);
}

template <class T, class Term>
inline double row_sum(int64_t n, const Term& term) {
    double total = 0;
    row_sums<T>(n, &total, term);
    return total;
}

// The sums over rows of term(row, column), added to sums[k][column] for the k-th term.
template <class T, class... Terms>
inline void column_sums(int64_t rows, int64_t columns, double* const* sums, const Terms&... terms) {
    constexpr int count = sizeof...(terms);
    for (int64_t tile = 0; tile < columns; tile += column_tile) {
        const int64_t width = columns - tile < column_tile ? columns - tile : column_tile;
        for (int64_t row = 0; row < rows; row += depth) {
            const int64_t last = row + depth < rows ? row + depth : rows;
            T partial[count][column_tile];
#pragma omp simd
            for (int64_t j = 0; j < width; ++j) {
                int k = 0;
                ((partial[k++][j] = terms(row, tile + j)), ...);
            }
            for (int64_t r = row + 1; r < last; ++r) {
#pragma omp simd
                for (int64_t j = 0; j < width; ++j) {
                    int k = 0;
                    ((partial[k++][j] += terms(r, tile + j)), ...);
                }
            }
            for (int k = 0; k < count; ++k) {
#pragma omp simd
                for (int64_t j = 0; j < width; ++j) sums[k][tile + j] += partial[k][j];
            }
        }
    }
}

// column_sums() of a matrix whose rows stand side by side in memory, with a value per column that
// the terms need: each of make_terms(first row, width, values) gives its term of the rows from
// there on, as wide as said.
template <class T, class... MakeTerms>
inline void grouped_column_sums(int64_t rows, int64_t columns, const T* values, double* const* sums,
                                const MakeTerms&... make_terms) {
    constexpr int count = sizeof...(make_terms);
    const int64_t group = rows_in_group(rows, columns);
    int64_t done = 0;
    if (group > 1) {
        T repeated[widest_group];
        double wide[count][widest_group] = {};
        double* wide_sums[count];
        for (int k = 0; k < count; ++k) wide_sums[k] = wide[k];
        repeat(group, columns, values, repeated);
        done = rows / group * group;
        column_sums<T>(rows / group, group * columns, wide_sums,
                       make_terms(int64_t{0}, group * columns, repeated)...);
        for (int k = 0; k < count; ++k)
            for (int64_t g = 0; g < group; ++g)
                for (int64_t c = 0; c < columns; ++c) sums[k][c] += wide[k][g * columns + c];
    }
    if (done < rows)
        column_sums<T>(rows - done, columns, sums, make_terms(done, columns, values)...);
}

template <class T>
double sum_row(int64_t n, const T* x) {
    return row_sum<T>(n, [=](int64_t i) { return x[i]; });
}

template <class T>
void sum_columns(int64_t rows, int64_t columns, const T* x, int64_t stride, double* sums) {
    if (stride == columns) {
        grouped_column_sums(rows, columns, x, &sums, [=](int64_t done, int64_t width, const T*) {
            return [=](int64_t r, int64_t c) { return x[(done + r) * width + c]; };
        });
    } else {
        column_sums<T>(rows, columns, &sums,
                       [=](int64_t r, int64_t c) { return x[r * stride + c]; });
    }
}

template <class T>
double centered_row(int64_t n, const T* x, T center) {
    return row_sum<T>(n, [=](int64_t i) { return (x[i] - center) * (x[i] - center); });
}

template <class T>
void centered_columns(int64_t rows, int64_t columns, const T* x, const T* center, double* sums) {
    grouped_column_sums(rows, columns, center, &sums,
                        [=](int64_t done, int64_t width, const T* centers) {
        return [=](int64_t r, int64_t c) {
            const T difference = x[(done + r) * width + c] - centers[c];
            return difference * difference;
        };
    });
}

template <class T>
void product_row(int64_t n, const T* grad, const T* x, T center, double* sums) {
    row_sums<T>(n, sums, [=](int64_t i) { return grad[i]; },
                [=](int64_t i) { return grad[i] * (x[i] - center); });
}

template <class T>
void product_columns(int64_t rows, int64_t columns, const T* grad, const T* x, const T* center,
                     double* sums, double* products) {
    double* const both[] = {sums, products};
    grouped_column_sums(rows, columns, center, both, [=](int64_t done, int64_t width, const T*) {
        return [=](int64_t r, int64_t c) { return grad[(done + r) * width + c]; };
    }, [=](int64_t done, int64_t width, const T* centers) {
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
