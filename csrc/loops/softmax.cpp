// Short rows (a classifier's ten classes) are taken in blocks: the exponentials, which vectorise only
// over several of them, run over the whole block at once. Of a long row each is made, and added, as
// it is read: what a block writes and reads again was a tenth of the time.
#include "math.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

constexpr int64_t block = 2048;  // elements of the exponentials' buffer

template <class T>
inline T maximum(int64_t n, const T* x) {
    T largest = x[0];
#pragma omp simd reduction(max : largest)
    for (int64_t i = 1; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
    return largest;
}

template <class T>
inline T total(int64_t n, const T* x) {
    T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; ++i) sum += x[i];
    return sum;
}

// A row's sum, in pieces whose sums go into a double.
template <class T>
inline double long_total(int64_t n, const T* x) {
    double sum = 0;
    for (int64_t i = 0; i < n; i += block) sum += total(n - i < block ? n - i : block, x + i);
    return sum;
}

template <class T>
inline void exponentials(int64_t n, const T* x, T* y) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = exp(x[i]);
}

template <class T>
inline void subtract(int64_t n, const T* x, T value, T* y) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] - value;
}

// Below this the rest of a row, which fills no vector, costs more than the block (measured).
constexpr int64_t short_row = 384;

inline int64_t rows_in_block(int64_t rows, int64_t columns) {
    const int64_t fitting = block / columns;
    return fitting < rows ? fitting : rows;
}

// The sum of exp(x - largest) over a row; the exponentials go to y, if they are kept.
template <bool are_kept, class T>
inline double sum_of_exponentials(int64_t n, const T* x, T largest, T* y) {
    double sum = 0;
    for (int64_t begin = 0; begin < n; begin += block) {
        const int64_t end = n - begin < block ? n : begin + block;
        T partial = 0;
#pragma omp simd reduction(+ : partial)
        for (int64_t i = begin; i < end; ++i) {
            const T e = exp(x[i] - largest);
            if constexpr (are_kept) y[i] = e;
            partial += e;
        }
        sum += partial;
    }
    return sum;
}

template <class T>
void scale(int64_t n, T* x, T factor) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) x[i] *= factor;
}

template <class T>
void softmax(int64_t rows, int64_t columns, const T* x, T* y) {
    if (columns >= short_row) {
        for (; rows > 0; --rows, x += columns, y += columns) {
            const double sum = sum_of_exponentials<true>(columns, x, maximum(columns, x), y);
            scale(columns, y, static_cast<T>(1 / sum));
        }
        return;
    }
    while (rows > 0) {
        const int64_t count = rows_in_block(rows, columns);
        for (int64_t r = 0; r < count; ++r)
            subtract(columns, x + r * columns, maximum(columns, x + r * columns), y + r * columns);
        exponentials(count * columns, y, y);
        for (int64_t r = 0; r < count; ++r) {
            T* row = y + r * columns;
            scale(columns, row, 1 / total(columns, row));
        }
        x += count * columns, y += count * columns, rows -= count;
    }
}

template <class T>
void log_softmax(int64_t rows, int64_t columns, const T* x, T* y) {
    if (columns >= short_row) {
        for (; rows > 0; --rows, x += columns, y += columns) {
            const T largest = maximum(columns, x);
            const double sum = sum_of_exponentials<false, T>(columns, x, largest, nullptr);
            const T logarithm = log(static_cast<T>(sum));
#pragma omp simd
            for (int64_t i = 0; i < columns; ++i) y[i] = x[i] - largest - logarithm;
        }
        return;
    }
    T buffer[block];
    while (rows > 0) {
        const int64_t count = rows_in_block(rows, columns);
        for (int64_t r = 0; r < count; ++r)
            subtract(columns, x + r * columns, maximum(columns, x + r * columns), y + r * columns);
        exponentials(count * columns, y, buffer);
        T logarithms[block];
        for (int64_t r = 0; r < count; ++r) logarithms[r] = total(columns, buffer + r * columns);
#pragma omp simd
        for (int64_t r = 0; r < count; ++r) logarithms[r] = log(logarithms[r]);
        for (int64_t r = 0; r < count; ++r)
            subtract(columns, y + r * columns, logarithms[r], y + r * columns);
        x += count * columns, y += count * columns, rows -= count;
    }
}

template <class T>
void softmax_backward(int64_t rows, int64_t columns, const T* grad, const T* y, T* gx) {
    for (int64_t r = 0; r < rows; ++r, grad += columns, y += columns, gx += columns) {
        double sum = 0;
        for (int64_t i = 0; i < columns; i += block) {
            const int64_t last = i + block < columns ? i + block : columns;
            T partial = 0;
#pragma omp simd reduction(+ : partial)
            for (int64_t c = i; c < last; ++c) partial += grad[c] * y[c];
            sum += partial;
        }
        const T dot = static_cast<T>(sum);
#pragma omp simd
        for (int64_t c = 0; c < columns; ++c) gx[c] = y[c] * (grad[c] - dot);
    }
}

template <class T>
void log_softmax_backward(int64_t rows, int64_t columns, const T* grad, const T* y, T* gx) {
    if (columns >= short_row) {
        for (int64_t r = 0; r < rows; ++r, grad += columns, y += columns, gx += columns) {
            const T sum = static_cast<T>(long_total(columns, grad));
#pragma omp simd
            for (int64_t c = 0; c < columns; ++c) gx[c] = grad[c] - exp(y[c]) * sum;
        }
        return;
    }
    while (rows > 0) {
        const int64_t count = rows_in_block(rows, columns);
        exponentials(count * columns, y, gx);
        for (int64_t r = 0; r < count; ++r, grad += columns, gx += columns) {
            const T sum = total(columns, grad);
#pragma omp simd
            for (int64_t c = 0; c < columns; ++c) gx[c] = grad[c] - gx[c] * sum;
        }
        y += count * columns, rows -= count;
    }
}

}  // namespace

template <class T>
void fill_softmax(Loops<T>& loops) {
    loops.softmax = softmax<T>;
    loops.log_softmax = log_softmax<T>;
    loops.softmax_backward = softmax_backward<T>;
    loops.log_softmax_backward = log_softmax_backward<T>;
}

template void fill_softmax(Loops<float>&);
template void fill_softmax(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
