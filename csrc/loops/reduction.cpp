// Sums, products and extremes. Of sums: along a row eight floats are added to each other, in pairs,
// and then to a double: as fast as a plain sum of floats, and a sum of 3 million of 0.1 is right to
// the last place. Down columns it is runs of `depth`; runs of 8 would take 1.2 times as long. The
// order of additions depends on sizes alone.
#include "grouping.h"
#include "vector.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

constexpr int64_t lanes = 16;         // running sums side by side over a row
constexpr int64_t depth = 32;         // additions to a column's sum of floats
constexpr int64_t column_tile = 256;  // columns whose running sums stay in the first-level cache

// The sum of `count` terms, each `step` behind the one before it.
template <int count, class Term>
RUSHLIGHT_INLINE auto tree(int64_t first, int64_t step, const Term& term) {
    if constexpr (count == 1)
        return term(first);
    else
        return tree<count / 2>(first, step, term) +
               tree<count / 2>(first + count / 2 * step, step, term);
}

// The sum of a few terms.
template <class Term>
inline double rest(int64_t begin, int64_t end, const Term& term) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = begin; i < end; ++i) sum += static_cast<double>(term(i));
    return sum;
}

// As many times `count` rows of `lanes` terms as there are from i on.
template <int count, class... Terms>
inline void add_lanes(int64_t n, int64_t& i, double (*sums)[lanes], const Terms&... terms) {
    for (; i + count * lanes <= n; i += count * lanes) {
#pragma omp simd
        for (int64_t j = 0; j < lanes; ++j) {
            int k = 0;
            ((sums[k++][j] += static_cast<double>(tree<count>(i + j, lanes, terms))), ...);
        }
    }
}

// The sums over i of term(i), for a row: added to totals, one for each term.
template <class... Terms>
inline void row_sums(int64_t n, double* totals, const Terms&... terms) {
    constexpr int count = sizeof...(terms);
    int64_t i = 0;
    if (n >= lanes) {
        double sums[count][lanes] = {};
        add_lanes<8>(n, i, sums, terms...);
        add_lanes<2>(n, i, sums, terms...);
        add_lanes<1>(n, i, sums, terms...);
        for (int k = 0; k < count; ++k)
            totals[k] += rest(0, lanes, [&](int64_t j) { return sums[k][j]; });
    }
    int k = 0;
    ((totals[k++] += rest(i, n, terms)), ...);
}

template <class Term>
inline double row_sum(int64_t n, const Term& term) {
    double total = 0;
    row_sums(n, &total, term);
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

// What an element counts: itself, nothing where it is NaN, its square, its size.
struct Itself {
    template <class T>
    static RUSHLIGHT_INLINE T of(T x) {
        return x;
    }
};
struct IfNumber {
    template <class T>
    static RUSHLIGHT_INLINE T of(T x) {
        return x != x ? T(0) : x;
    }
};
struct Square {
    template <class T>
    static RUSHLIGHT_INLINE T of(T x) {
        return x * x;
    }
};
struct Size {
    template <class T>
    static RUSHLIGHT_INLINE T of(T x) {
        return x < T(0) ? -x : x;
    }
};

template <class Value, class T>
double sum_row(int64_t n, const T* x) {
    return row_sum(n, [=](int64_t i) { return Value::of(x[i]); });
}

template <class Value, class T>
void sum_columns(int64_t rows, int64_t columns, const T* x, int64_t stride, double* sums) {
    if (stride == columns) {
        grouped_column_sums(rows, columns, x, &sums, [=](int64_t done, int64_t width, const T*) {
            return [=](int64_t r, int64_t c) { return Value::of(x[(done + r) * width + c]); };
        });
    } else {
        column_sums<T>(rows, columns, &sums,
                       [=](int64_t r, int64_t c) { return Value::of(x[r * stride + c]); });
    }
}

// Products are doubles from the first factor on: those of a few floats may leave their range and
// come back.
template <class T>
double product_of_row(int64_t n, const T* x) {
    constexpr int64_t several = 4 * lanes;  // each product waits for the one before it
    double products[several];
    for (double& product : products) product = 1;
    int64_t i = 0;
    for (; i + several <= n; i += several) {
#pragma omp simd
        for (int64_t j = 0; j < several; ++j) products[j] *= static_cast<double>(x[i + j]);
    }
    double total = 1;
    for (; i < n; ++i) total *= static_cast<double>(x[i]);
    for (int64_t half = several / 2; half > 0; half /= 2)
        for (int64_t j = 0; j < half; ++j) products[j] *= products[j + half];
    return total * products[0];
}

template <class T>
void products_of_columns(int64_t rows, int64_t columns, const T* x, int64_t stride,
                         double* products) {
    for (int64_t tile = 0; tile < columns; tile += column_tile) {
        const int64_t width = columns - tile < column_tile ? columns - tile : column_tile;
        for (int64_t row = 0; row < rows; ++row) {
            const T* from = x + row * stride + tile;
#pragma omp simd
            for (int64_t j = 0; j < width; ++j) products[tile + j] *= static_cast<double>(from[j]);
        }
    }
}

template <class T>
double centered_row(int64_t n, const T* x, T center) {
    return row_sum(n, [=](int64_t i) { return (x[i] - center) * (x[i] - center); });
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
    row_sums(n, sums, [=](int64_t i) { return grad[i]; },
             [=](int64_t i) { return grad[i] * (x[i] - center); });
}

template <class T>
void weighted_row(int64_t n, const T* grad, const T* x, const T* weight, T center, double* sums) {
    if (!weight) return product_row(n, grad, x, center, sums);
    row_sums(n, sums, [=](int64_t i) { return grad[i] * weight[i]; },
             [=](int64_t i) { return grad[i] * weight[i] * (x[i] - center); });
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

// --- extremes

// Whether x takes the place of what is kept: once that is NaN, it stays.
struct Larger {
    template <class T>
    static RUSHLIGHT_INLINE auto takes(T kept, T x) {
        return (x > kept) | ((x != x) & (kept == kept));
    }
};
struct Smaller {
    template <class T>
    static RUSHLIGHT_INLINE auto takes(T kept, T x) {
        return (x < kept) | ((x != x) & (kept == kept));
    }
};

template <class Choice, class T>
RUSHLIGHT_INLINE T better(T kept, T x) {
    return Choice::takes(kept, x) ? x : kept;
}

// Elements side by side, for the compiler does not vectorise the choice along a row by itself.
template <class T>
using Several [[gnu::vector_size(sizeof(Vector))]] = T;

template <class T>
RUSHLIGHT_INLINE Several<T> several(const T* x) {
    Several<T> values;
    __builtin_memcpy(&values, x, sizeof values);
    return values;
}

template <class Choice, class T>
RUSHLIGHT_INLINE Several<T> better_ones(Several<T> kept, Several<T> x) {
    return Choice::takes(kept, x) ? x : kept;
}

// The last elements of a row may be looked at twice.
template <class Choice, class T>
T extreme_of_row(int64_t n, const T* x) {
    constexpr int64_t count = sizeof(Vector) / sizeof(T);
    T kept = x[0];
    if (n < count) {
        for (int64_t i = 1; i < n; ++i) kept = better<Choice>(kept, x[i]);
        return kept;
    }
    Several<T> first = several(x), second = several(x + n - count);
    int64_t i = count;
    for (; i + 2 * count <= n; i += 2 * count) {  // each comparison waits for the one before it
        first = better_ones<Choice, T>(first, several(x + i));
        second = better_ones<Choice, T>(second, several(x + i + count));
    }
    if (i + count <= n) first = better_ones<Choice, T>(first, several(x + i));
    first = better_ones<Choice, T>(first, second);
    T lane[count];
    __builtin_memcpy(lane, &first, sizeof lane);
    for (int64_t half = count / 2; half > 0; half /= 2)
        for (int64_t j = 0; j < half; ++j) lane[j] = better<Choice>(lane[j], lane[j + half]);
    return lane[0];
}

template <class Choice, class T>
void extremes_of_rows(int64_t rows, int64_t columns, const T* x, int64_t stride, T* out) {
    for (int64_t tile = 0; tile < columns; tile += column_tile) {
        const int64_t width = columns - tile < column_tile ? columns - tile : column_tile;
        T kept[column_tile];
        for (int64_t j = 0; j < width; ++j) kept[j] = x[tile + j];
        for (int64_t row = 1; row < rows; ++row) {
            const T* from = x + row * stride + tile;
#pragma omp simd
            for (int64_t j = 0; j < width; ++j) kept[j] = better<Choice>(kept[j], from[j]);
        }
        for (int64_t j = 0; j < width; ++j) out[tile + j] = kept[j];
    }
}

template <class Choice, class T>
void extreme_of_columns(int64_t rows, int64_t columns, const T* x, int64_t stride, T* out) {
    const int64_t group = stride == columns ? rows_in_group(rows, columns) : 1;
    if (group == 1) return extremes_of_rows<Choice>(rows, columns, x, stride, out);
    const int64_t width = group * columns, whole = rows / group;
    T wide[widest_group];
    extremes_of_rows<Choice>(whole, width, x, width, wide);
    extremes_of_rows<Choice>(group, columns, wide, columns, out);
    for (int64_t row = whole * group; row < rows; ++row)
        for (int64_t c = 0; c < columns; ++c) out[c] = better<Choice>(out[c], x[row * columns + c]);
}

template <class Choice, class T>
int64_t place_of_extreme(int64_t n, const T* x) {
    const T extreme = extreme_of_row<Choice>(n, x);
    int64_t i = 0;
    if (extreme == extreme)
        while (x[i] != extreme) ++i;
    else
        while (x[i] == x[i]) ++i;
    return i;
}

template <class Choice, class T>
void places_of_extremes(int64_t rows, int64_t columns, const T* x, int64_t stride, int64_t* out) {
    T kept[column_tile];
    int32_t places[column_tile] = {};
    for (int64_t j = 0; j < columns; ++j) kept[j] = x[j];
    for (int64_t row = 1; row < rows; ++row) {
        const T* from = x + row * stride;
        const auto number = static_cast<int32_t>(row);
#pragma omp simd
        for (int64_t j = 0; j < columns; ++j) {
            const bool takes = Choice::takes(kept[j], from[j]);
            kept[j] = takes ? from[j] : kept[j];
            places[j] = takes ? number : places[j];
        }
    }
    for (int64_t j = 0; j < columns; ++j) out[j] = places[j];
}

}  // namespace

template <class T>
void fill_reduction(Loops<T>& loops) {
    loops.sum = {sum_row<Itself, T>, sum_columns<Itself, T>};
    loops.sum_of_numbers = {sum_row<IfNumber, T>, sum_columns<IfNumber, T>};
    loops.sum_of_squares = {sum_row<Square, T>, sum_columns<Square, T>};
    loops.sum_of_sizes = {sum_row<Size, T>, sum_columns<Size, T>};
    loops.product = {product_of_row<T>, products_of_columns<T>};
    loops.centered_row = centered_row<T>;
    loops.centered_columns = centered_columns<T>;
    loops.product_row = product_row<T>;
    loops.weighted_row = weighted_row<T>;
    loops.product_columns = product_columns<T>;
    loops.largest = {extreme_of_row<Larger, T>, extreme_of_columns<Larger, T>,
                     place_of_extreme<Larger, T>, places_of_extremes<Larger, T>};
    loops.smallest = {extreme_of_row<Smaller, T>, extreme_of_columns<Smaller, T>,
                      place_of_extreme<Smaller, T>, places_of_extremes<Smaller, T>};
}

template void fill_reduction(Loops<float>&);
template void fill_reduction(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
