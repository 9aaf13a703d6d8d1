// Rows are taken in blocks: what is wide enough to vectorise only over several rows (a classifier's
// ten classes), the exponentials, runs over the whole block at once.
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

template <class T>
inline int64_t rows_in_block(int64_t rows, int64_t columns) {
    const int64_t fitting = columns < block ? block / columns : 1;
    return fitting < rows ? fitting : rows;
}

template <class T>
void softmax(int64_t rows, int64_t columns, const T* x, T* y) {
    while (rows > 0) {
        const int64_t count = rows_in_block<T>(rows, columns);
        for (int64_t r = 0; r < count; ++r)
            subtract(columns, x + r * columns, maximum(columns, x + r * columns), y + r * columns);
        exponentials(count * columns, y, y);
        for (int64_t r = 0; r < count; ++r) {
            T* row = y + r * columns;
            const T factor = static_cast<T>(1 / long_total(columns, row));
#pragma omp simd
            for (int64_t c = 0; c < columns; ++c) row[c] *= factor;
        }
        x += count * columns, y += count * columns, rows -= count;
    }
}

// The sum of exp(x) over a row that may be longer than the buffer.
template <class T>
inline double sum_of_exponentials(int64_t n, const T* x, T* buffer) {
    double sum = 0;
    for (int64_t i = 0; i < n; i += block) {
        const int64_t width = n - i < block ? n - i : block;
        exponentials(width, x + i, buffer);
        sum += total(width, buffer);
    }
    return sum;
}

template <class T>
void log_softmax(int64_t rows, int64_t columns, const T* x, T* y) {
    T buffer[block];
    while (rows > 0) {
        const int64_t count = rows_in_block<T>(rows, columns);
        for (int64_t r = 0; r < count; ++r)
            subtract(columns, x + r * columns, maximum(columns, x + r * columns), y + r * columns);
        if (columns < block) {
            exponentials(count * columns, y, buffer);
            T logarithms[block];
            for (int64_t r = 0; r < count; ++r)
                logarithms[r] = total(columns, buffer + r * columns);
#pragma omp simd
            for (int64_t r = 0; r < count; ++r) logarithms[r] = log(logarithms[r]);
            for (int64_t r = 0; r < count; ++r)
                subtract(columns, y + r * columns, logarithms[r], y + r * columns);
        } else {
            subtract(columns, y, log(static_cast<T>(sum_of_exponentials(columns, y, buffer))), y);
        }
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
    exponentials(rows * columns, y, gx);
    for (int64_t r = 0; r < rows; ++r, grad += columns, gx += columns) {
        const T sum = static_cast<T>(long_total(columns, grad));
#pragma omp simd
        for (int64_t c = 0; c < columns; ++c) gx[c] = grad[c] - gx[c] * sum;
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
