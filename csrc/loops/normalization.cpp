#include "grouping.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

template <class T>
void affine_row(int64_t n, const T* x, T scale, T shift, T* y) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] * scale + shift;
}

template <class T>
inline void affine_rows(int64_t rows, int64_t columns, const T* x, const T* scale, const T* shift,
                        T* y) {
    for (int64_t r = 0; r < rows; ++r, x += columns, y += columns) {
#pragma omp simd
        for (int64_t c = 0; c < columns; ++c) y[c] = x[c] * scale[c] + shift[c];
    }
}

template <class T>
void affine_columns(int64_t rows, int64_t columns, const T* x, const T* scale, const T* shift,
                    T* y) {
    const int64_t group = rows_in_group(rows, columns);
    int64_t done = 0;
    if (group > 1) {
        T scales[widest_group], shifts[widest_group];
        repeat(group, columns, scale, scales);
        repeat(group, columns, shift, shifts);
        affine_rows(rows / group, group * columns, x, scales, shifts, y);
        done = rows / group * group;
    }
    affine_rows(rows - done, columns, x + done * columns, scale, shift, y + done * columns);
}

template <class T>
void affine2_row(int64_t n, const T* grad, const T* x, T a, T b, T c, T* gx) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) gx[i] = grad[i] * a + (x[i] * b + c);
}

template <class T>
inline void affine2_rows(int64_t rows, int64_t columns, const T* grad, const T* x, const T* a,
                         const T* b, const T* c, T* gx) {
    for (int64_t r = 0; r < rows; ++r, grad += columns, x += columns, gx += columns) {
#pragma omp simd
        for (int64_t j = 0; j < columns; ++j) gx[j] = grad[j] * a[j] + (x[j] * b[j] + c[j]);
    }
}

template <class T>
void affine2_columns(int64_t rows, int64_t columns, const T* grad, const T* x, const T* a,
                     const T* b, const T* c, T* gx) {
    const int64_t group = rows_in_group(rows, columns);
    int64_t done = 0;
    if (group > 1) {
        T as[widest_group], bs[widest_group], cs[widest_group];
        repeat(group, columns, a, as);
        repeat(group, columns, b, bs);
        repeat(group, columns, c, cs);
        affine2_rows(rows / group, group * columns, grad, x, as, bs, cs, gx);
        done = rows / group * group;
    }
    const int64_t skipped = done * columns;
    affine2_rows(rows - done, columns, grad + skipped, x + skipped, a, b, c, gx + skipped);
}

template <class T>
void normalize_row(int64_t n, const T* x, T center, T scale, const T* weight, const T* bias, T* y) {
    if (weight && bias) {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - center) * scale * weight[i] + bias[i];
    } else if (weight) {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - center) * scale * weight[i];
    } else {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i)
            y[i] = (x[i] - center) * scale + (bias ? bias[i] : T(0));
    }
}

template <class T>
void normalize_row_backward(int64_t n, const T* grad, const T* x, const T* weight, T center,
                            T scale, T a, T b, T c, T* gx, T* gw, T* gb) {
    const auto one = [=](int64_t i, T slope) {
        const T centered = x[i] - center;
        gx[i] = grad[i] * slope + (centered * b + c);
        gw[i] += grad[i] * (centered * scale);
        gb[i] += grad[i];
    };
    if (weight) {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) one(i, weight[i] * a);
    } else {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) one(i, a);
    }
}

}  // namespace

template <class T>
void fill_normalization(Loops<T>& loops) {
    loops.affine_row = affine_row<T>;
    loops.affine_columns = affine_columns<T>;
    loops.affine2_row = affine2_row<T>;
    loops.affine2_columns = affine2_columns<T>;
    loops.normalize_row = normalize_row<T>;
    loops.normalize_row_backward = normalize_row_backward<T>;
}

template void fill_normalization(Loops<float>&);
template void fill_normalization(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
