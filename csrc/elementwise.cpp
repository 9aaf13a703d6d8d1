// Elementwise kernels over arrays of float32 or float64 (and Python numbers) that broadcast.
//
// A function here that returns nullptr without a Python error does not cover its arguments; the
// wrapper kernel<> then calls the base implementation.
#include <cmath>

#include "array_view.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

// exp and its like take two to five times as long for an element as an addition.
constexpr int64_t grain_of(UnaryOp op) {
    return op == op_neg || op == op_relu || op == op_sqrt ? parallel_grain : parallel_grain / 2;
}
constexpr int64_t grain_of(BinaryOp) {
    return parallel_grain;
}

// A Python number takes the type of the array that it meets.
template <class T>
bool read_number(PyObject* object, T& number) {
    if (!PyFloat_CheckExact(object) && !PyLong_CheckExact(object)) return false;
    const double value = PyFloat_AsDouble(object);
    if (value == -1.0 && PyErr_Occurred()) {  // an integer beyond float64: NumPy says what it is
        PyErr_Clear();
        return false;
    }
    number = static_cast<T>(value);
    return std::isfinite(number) || !std::isfinite(value);  // NumPy warns of an overflow
}

// The array for the result: a new one, or `out` where it fits and no operand overlaps it otherwise
// than element upon element.
template <class T, int count>
PyObject* result_of(Iteration<T, count>& iteration, PyObject* out,
                    const ArrayView* const* operands) {
    if (out == Py_None) return iteration.make_result(numpy_type<T>);
    ArrayView target;
    if (!view(out, target) || target.type != numpy_type<T> || !target.is_writeable())
        return nullptr;
    if (!iteration.use_result(target)) return nullptr;
    for (int k = 0; k < count - 1; ++k)
        if (!same_elements(*operands[k], target) && may_overlap(*operands[k], target))
            return nullptr;
    return Py_NewRef(out);
}

template <class T>
PyObject* binary_of(BinaryOp op, const ArrayView& a, const ArrayView& b, PyObject* out) {
    const auto loop = loops<T>().binary[op];
    // Contiguous arrays of one shape are what small networks spend their time on: the shortest way.
    if (out == Py_None && a.is_contiguous && b.is_contiguous && same_shape(a, b)) {
        PyObject* result = new_array_strided(a.type, a.ndim, a.shape, nullptr);
        if (!result) return nullptr;
        const T *x = a.as<T>(), *y = b.as<T>();
        T* z = data_of<T>(result);
        const int64_t size = a.size();
        AllowThreads allow(size >= release_lock_from);
        parallel_for(size, grain_of(op), [=](int64_t begin, int64_t end) {
            loop(end - begin, x + begin, 1, y + begin, 1, z + begin, 1);
        });
        return result;
    }
    const ArrayView* operands[] = {&a, &b};
    Iteration<T, 3> iteration;
    if (!iteration.broadcast(operands)) return nullptr;
    PyObject* result = result_of(iteration, out, operands);
    if (!result) return nullptr;
    AllowThreads allow(iteration.size() >= release_lock_from);
    iteration.for_each_row(grain_of(op), [=](int64_t n, T* const* data, const int64_t* strides) {
        loop(n, data[0], strides[0], data[1], strides[1], data[2], strides[2]);
    });
    return result;
}

template <class T>
PyObject* binary_with_number(BinaryOp op, PyObject* const* args, ArrayView& a, ArrayView& b,
                             PyObject* out) {
    T number;
    ArrayView& missing = a.object ? b : a;
    if (!read_number(a.object ? args[1] : args[0], number)) return nullptr;
    missing.data = reinterpret_cast<char*>(&number);
    return binary_of<T>(op, a, b, out);
}

template <BinaryOp op>
PyObject* binary(PyObject* const* args, Py_ssize_t nargs) {
    if (nargs != 2 && nargs != 3) return nullptr;
    PyObject* out = nargs == 3 ? args[2] : Py_None;
    ArrayView a, b;
    const bool a_is_array = view(args[0], a), b_is_array = view(args[1], b);
    if (a_is_array && b_is_array) {
        if (a.type != b.type) return nullptr;
        if (a.type == NPY_FLOAT) return binary_of<float>(op, a, b, out);
        if (a.type == NPY_DOUBLE) return binary_of<double>(op, a, b, out);
    } else if (a_is_array || b_is_array) {
        const int type = a_is_array ? a.type : b.type;
        if (type == NPY_FLOAT) return binary_with_number<float>(op, args, a, b, out);
        if (type == NPY_DOUBLE) return binary_with_number<double>(op, args, a, b, out);
    }
    return nullptr;
}

template <class T>
PyObject* unary_of(UnaryOp op, const ArrayView& x, PyObject* out) {
    const auto loop = loops<T>().unary[op];
    if (out == Py_None && x.is_contiguous) {
        PyObject* result = new_array_strided(x.type, x.ndim, x.shape, nullptr);
        if (!result) return nullptr;
        const T* from = x.as<T>();
        T* to = data_of<T>(result);
        const int64_t size = x.size();
        AllowThreads allow(size >= release_lock_from);
        parallel_for(size, grain_of(op), [=](int64_t begin, int64_t end) {
            loop(end - begin, from + begin, 1, to + begin, 1);
        });
        return result;
    }
    const ArrayView* operands[] = {&x};
    Iteration<T, 2> iteration;
    if (!iteration.broadcast(operands)) return nullptr;
    PyObject* result = result_of(iteration, out, operands);
    if (!result) return nullptr;
    AllowThreads allow(iteration.size() >= release_lock_from);
    iteration.for_each_row(grain_of(op), [=](int64_t n, T* const* data, const int64_t* strides) {
        loop(n, data[0], strides[0], data[1], strides[1]);
    });
    return result;
}

template <UnaryOp op>
PyObject* unary(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if ((nargs != 1 && nargs != 2) || !view(args[0], x)) return nullptr;
    PyObject* out = nargs == 2 ? args[1] : Py_None;
    if (x.type == NPY_FLOAT) return unary_of<float>(op, x, out);
    if (x.type == NPY_DOUBLE) return unary_of<double>(op, x, out);
    return nullptr;
}

}  // namespace

PyMethodDef elementwise_methods[] = {
    method<"add", binary<op_add>>("add(a, b, out=None)\n--\n\na + b"),
    method<"sub", binary<op_sub>>("sub(a, b, out=None)\n--\n\na - b"),
    method<"mul", binary<op_mul>>("mul(a, b, out=None)\n--\n\na * b"),
    method<"div", binary<op_div>>("div(a, b, out=None)\n--\n\na / b"),
    method<"neg", unary<op_neg>>("neg(x, out=None)\n--\n\n-x"),
    method<"exp", unary<op_exp>>("exp(x, out=None)\n--\n\nexp(x)"),
    method<"log", unary<op_log>>("log(x, out=None)\n--\n\nThe natural logarithm of x."),
    method<"sqrt", unary<op_sqrt>>("sqrt(x, out=None)\n--\n\nThe square root of x."),
    method<"tanh", unary<op_tanh>>("tanh(x, out=None)\n--\n\ntanh(x)"),
    method<"sigmoid", unary<op_sigmoid>>("sigmoid(x, out=None)\n--\n\n1 / (1 + exp(-x))"),
    method<"relu", unary<op_relu>>("relu(x, out=None)\n--\n\nmax(x, 0)"),
    method<"relu_backward", binary<op_relu_backward>>(
        "relu_backward(grad, y)\n--\n\ngrad where y > 0, else 0."),
    method<"tanh_backward", binary<op_tanh_backward>>(
        "tanh_backward(grad, y)\n--\n\ngrad * (1 - y * y)"),
    method<"sigmoid_backward", binary<op_sigmoid_backward>>(
        "sigmoid_backward(grad, y)\n--\n\ngrad * y * (1 - y)"),
    {}};

}  // namespace rushlight
