#include "math.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

template <class T, T (*op)(T)>
void unary(int64_t n, const T* x, int64_t sx, T* out, int64_t so) {
    if (sx == 1 && so == 1) {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) out[i] = op(x[i]);
    } else {
        for (int64_t i = 0; i < n; ++i) out[i * so] = op(x[i * sx]);
    }
}

template <class T, T (*op)(T, T)>
void binary(int64_t n, const T* a, int64_t sa, const T* b, int64_t sb, T* out, int64_t so) {
    if (so == 1 && sa == 1 && sb == 1) {
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) out[i] = op(a[i], b[i]);
    } else if (so == 1 && sa == 1 && sb == 0) {
        const T second = *b;
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) out[i] = op(a[i], second);
    } else if (so == 1 && sa == 0 && sb == 1) {
        const T first = *a;
#pragma omp simd
        for (int64_t i = 0; i < n; ++i) out[i] = op(first, b[i]);
    } else {
        for (int64_t i = 0; i < n; ++i) out[i * so] = op(a[i * sa], b[i * sb]);
    }
}

template <class T>
T neg(T x) {
    return -x;
}
template <class T>
T exp_of(T x) {
    return exp(x);
}
template <class T>
T log_of(T x) {
    return log(x);
}
template <class T>
T sqrt_of(T x) {
    return square_root(x);
}
template <class T>
T tanh_of(T x) {
    return tanh(x);
}
template <class T>
T sigmoid_of(T x) {
    return sigmoid(x);
}
template <class T>
T relu(T x) {
    return T(0) > x ? T(0) : x;
}  // NaN stays NaN

template <class T>
T add(T a, T b) {
    return a + b;
}
template <class T>
T sub(T a, T b) {
    return a - b;
}
template <class T>
T mul(T a, T b) {
    return a * b;
}
template <class T>
T div(T a, T b) {
    return a / b;
}
template <class T>
T relu_backward(T grad, T y) {
    return y > T(0) ? grad : T(0);
}
template <class T>
T tanh_backward(T grad, T y) {
    return grad * (T(1) - y * y);
}
template <class T>
T sigmoid_backward(T grad, T y) {
    return grad * y * (T(1) - y);
}

template <class T>
void dropout(int64_t n, const T* x, const uint8_t* mask, T scale, T* y) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] * static_cast<T>(mask[i]) * scale;
}

}  // namespace

template <class T>
void fill_elementwise(Loops<T>& loops) {
    loops.unary[op_neg] = unary<T, neg<T>>;
    loops.unary[op_exp] = unary<T, exp_of<T>>;
    loops.unary[op_log] = unary<T, log_of<T>>;
    loops.unary[op_sqrt] = unary<T, sqrt_of<T>>;
    loops.unary[op_tanh] = unary<T, tanh_of<T>>;
    loops.unary[op_sigmoid] = unary<T, sigmoid_of<T>>;
    loops.unary[op_relu] = unary<T, relu<T>>;
    loops.binary[op_add] = binary<T, add<T>>;
    loops.binary[op_sub] = binary<T, sub<T>>;
    loops.binary[op_mul] = binary<T, mul<T>>;
    loops.binary[op_div] = binary<T, div<T>>;
    loops.binary[op_relu_backward] = binary<T, relu_backward<T>>;
    loops.binary[op_tanh_backward] = binary<T, tanh_backward<T>>;
    loops.binary[op_sigmoid_backward] = binary<T, sigmoid_backward<T>>;
    loops.dropout = dropout<T>;
}

template void fill_elementwise(Loops<float>&);
template void fill_elementwise(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
