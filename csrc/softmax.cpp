// Softmax and its logarithm along the axis that is contiguous in memory: the last one, or the
// channels of a channels-last image.
#include "array_view.h"
#include "copies.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

// Exponentials make an element cost several times an addition.
constexpr int64_t grain = parallel_grain / 4;

// Whether x is dense rows along `axis`, and how many of which length.
bool rows_along(const ArrayView& x, PyObject* axis, int64_t& rows, int64_t& columns) {
    int axes[NPY_MAXDIMS];
    if (!PyLong_CheckExact(axis) || x.ndim == 0) return false;
    long number = PyLong_AsLong(axis);
    if (number < 0) number += x.ndim;
    if (number < 0 || number >= x.ndim || x.size() == 0 || !dense_axes(x, axes)) return false;
    columns = x.shape[number];
    rows = x.size() / columns;
    return columns == 1 || x.strides[number] == PyArray_ITEMSIZE(x.object);
}

template <class T, class Loop>
void for_rows(int64_t rows, int64_t columns, const Loop& loop) {
    AllowThreads allow(rows * columns >= release_lock_from);
    parallel_for(rows, std::max<int64_t>(1, grain / columns), loop);
}

template <class T>
PyObject* forward_of(const ArrayView& x, int64_t rows, int64_t columns,
                     void (*loop)(int64_t, int64_t, const T*, T*)) {
    PyObject* result = new_array_like(x);
    if (!result) return nullptr;
    const T* from = x.as<T>();
    T* to = data_of<T>(result);
    for_rows<T>(rows, columns, [=](int64_t begin, int64_t end) {
        loop(end - begin, columns, from + begin * columns, to + begin * columns);
    });
    return result;
}

template <bool logarithm>
PyObject* forward(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int64_t rows, columns;
    if (nargs != 2 || !view(args[0], x) || !rows_along(x, args[1], rows, columns)) return nullptr;
    const auto call = [&](const auto& loops) {
        return forward_of(x, rows, columns, logarithm ? loops.log_softmax : loops.softmax);
    };
    if (x.type == NPY_FLOAT) return call(loops<float>());
    if (x.type == NPY_DOUBLE) return call(loops<double>());
    return nullptr;
}

template <class T>
PyObject* backward_of(const ArrayView& grad, const ArrayView& y, int64_t rows, int64_t columns,
                      void (*loop)(int64_t, int64_t, const T*, const T*, T*)) {
    PyObject* ordered = in_order_of(grad, y);
    if (!ordered) return nullptr;
    PyObject* result = new_array_like(y);
    if (result) {
        const T *from = data_of<T>(ordered), *outputs = y.as<T>();
        T* to = data_of<T>(result);
        for_rows<T>(rows, columns, [=](int64_t begin, int64_t end) {
            const int64_t start = begin * columns;
            loop(end - begin, columns, from + start, outputs + start, to + start);
        });
    }
    Py_DECREF(ordered);
    return result;
}

template <bool logarithm>
PyObject* backward(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView grad, y;
    int64_t rows, columns;
    if (nargs != 3 || !view(args[0], grad) || !view(args[1], y) || grad.type != y.type ||
        !same_shape(grad, y) || !rows_along(y, args[2], rows, columns))
        return nullptr;
    const auto call = [&](const auto& loops) {
        return backward_of(grad, y, rows, columns,
                           logarithm ? loops.log_softmax_backward : loops.softmax_backward);
    };
    if (y.type == NPY_FLOAT) return call(loops<float>());
    if (y.type == NPY_DOUBLE) return call(loops<double>());
    return nullptr;
}

}  // namespace

PyMethodDef softmax_methods[] = {
    method<"softmax", forward<false>>(
        "softmax(x, axis, out=None)\n--\n\nexp(x) / sum(exp(x)) along an axis."),
    method<"log_softmax", forward<true>>(
        "log_softmax(x, axis, out=None)\n--\n\nx - log(sum(exp(x))) along an axis."),
    method<"softmax_backward", backward<false>>(
        "softmax_backward(grad, y, axis)\n--\n\ny * (grad - sum(grad * y))"),
    method<"log_softmax_backward", backward<true>>(
        "log_softmax_backward(grad, y, axis)\n--\n\ngrad - exp(y) * sum(grad)"),
    {}};

}  // namespace rushlight
