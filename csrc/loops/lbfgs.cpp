// Inner products and weighted sums of many long vectors.
#include "loops.h"
#include "register.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

// Elements of each vector that pass by at a time: as many of the others stay in the cache meanwhile.
constexpr int64_t block = 16384;
constexpr int64_t at_once = 4;  // inner products of a vector that one pass makes
constexpr int64_t ahead = 512;  // elements: so far before its use memory is asked for
constexpr int64_t chunk = 1024;  // elements whose products are added up in the type itself

// Adds the lanes of a register to their sums in double.
template <class T>
inline void add_lanes(typename Register<T>::Type lanes, double* sums) {
    T values[Register<T>::lanes];
    Register<T>::store(values, lanes);
#pragma omp simd
    for (int64_t k = 0; k < Register<T>::lanes; ++k) sums[k] += values[k];
}

// Adds the inner products of two vectors with n others: what is loaded of the others serves both.
template <int n, class T>
void products_of_two(int64_t begin, int64_t end, const T* first, const T* second,
                     const T* const* others, double* first_sums, double* second_sums) {
    using R = Register<T>;
    double of_first[n][R::lanes] = {}, of_second[n][R::lanes] = {};
    const int64_t whole = begin + (end - begin) / R::lanes * R::lanes;
    for (int64_t from = begin; from < whole; from += chunk) {
        const int64_t to = whole - from < chunk ? whole : from + chunk;
        typename R::Type x_sums[n] = {}, y_sums[n] = {};
        for (int64_t i = from; i < to; i += R::lanes) {
            const auto x = R::load(first + i), y = R::load(second + i);
            __builtin_prefetch(first + i + ahead);
            __builtin_prefetch(second + i + ahead);
#pragma GCC unroll 4
            for (int j = 0; j < n; ++j) {
                const auto other = R::load(others[j] + i);
                x_sums[j] += x * other;
                y_sums[j] += y * other;
            }
        }
        for (int j = 0; j < n; ++j) {
            add_lanes<T>(x_sums[j], of_first[j]);
            add_lanes<T>(y_sums[j], of_second[j]);
        }
    }
    for (int j = 0; j < n; ++j) {
        for (int64_t i = whole; i < end; ++i) {
            const double other = others[j][i];
            first_sums[j] += first[i] * other;
            second_sums[j] += second[i] * other;
        }
        for (int64_t k = 0; k < R::lanes; ++k) {
            first_sums[j] += of_first[j][k];
            second_sums[j] += of_second[j][k];
        }
    }
}

template <int n, class T>
void products_of(int64_t begin, int64_t end, int64_t rows, const T* const* vectors,
                 const T* const* others, int64_t columns, double* sums) {
    double unused[at_once] = {};  // of the last row, which is its own partner where rows are odd
    for (int64_t row = 0; row < rows; row += 2) {
        const bool is_pair = row + 1 < rows;
        double* first = sums + row * columns;
        products_of_two<n>(begin, end, vectors[row], vectors[is_pair ? row + 1 : row], others,
                           first, is_pair ? first + columns : unused);
    }
}

template <class T>
void inner_products(int64_t begin, int64_t end, int64_t rows, const T* const* vectors,
                    int64_t columns, const T* const* others, double* sums) {
    for (; begin < end; begin += block) {
        const int64_t stop = end - begin < block ? end : begin + block;
        for (int64_t j = 0; j < columns; j += at_once) {
            const int64_t n = columns - j < at_once ? columns - j : at_once;
            const auto run = n == 1   ? products_of<1, T>
                             : n == 2 ? products_of<2, T>
                             : n == 3 ? products_of<3, T>
                                      : products_of<4, T>;
            run(begin, stop, rows, vectors, others + j, columns, sums + j);
        }
    }
}

// Adds two vectors, each times its weight.
template <class T>
void add_two(int64_t begin, int64_t end, const T* first, T first_weight, const T* second,
             T second_weight, T* out) {
    using R = Register<T>;
    int64_t i = begin;
    for (; i + R::lanes <= end; i += R::lanes) {
        __builtin_prefetch(first + i + ahead);
        __builtin_prefetch(second + i + ahead);
        R::store(out + i, R::load(out + i) + first_weight * R::load(first + i) +
                              second_weight * R::load(second + i));
    }
    for (; i < end; ++i) out[i] = out[i] + first_weight * first[i] + second_weight * second[i];
}

template <class T>
void weighted_sum(int64_t begin, int64_t end, int64_t rows, const T* const* vectors,
                  const double* weights, T* out) {
    for (; begin < end; begin += block) {
        const int64_t stop = end - begin < block ? end : begin + block;
        const bool is_odd = rows % 2 != 0;
        for (int64_t i = begin; i < stop; ++i)
            out[i] = is_odd ? static_cast<T>(weights[0]) * vectors[0][i] : T(0);
        for (int64_t row = is_odd; row < rows; row += 2)
            add_two(begin, stop, vectors[row], static_cast<T>(weights[row]), vectors[row + 1],
                    static_cast<T>(weights[row + 1]), out);
    }
}

}  // namespace

template <class T>
void fill_lbfgs(Loops<T>& loops) {
    loops.inner_products = inner_products<T>;
    loops.weighted_sum = weighted_sum<T>;
}

template void fill_lbfgs(Loops<float>&);
template void fill_lbfgs(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
