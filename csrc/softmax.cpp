// Softmax and its logarithm along the axis that is contiguous in memory: the last one, or the
// channels of a channels-last image. Along another axis it is by way of a copy in which that one
// is.
#include "array_view.h"
#include "copies.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

// Exponentials make an element cost several times an addition.
constexpr int64_t grain = parallel_grain / 4;

bool read_any_axis(PyObject* object, const ArrayView& x, int& axis) {
    if (!PyLong_CheckExact(object) || x.ndim > max_axes || x.size() == 0) return false;
    const long number = PyLong_AsLong(object);
    axis = static_cast<int>(number < 0 ? number + x.ndim : number);
    return axis >= 0 && axis < x.ndim;
}

bool has_rows_along(const ArrayView& x, int axis) {
    int axes[NPY_MAXDIMS];
    if (!dense_axes(x, axes)) return false;
    return x.shape[axis] == 1 || x.strides[axis] == PyArray_ITEMSIZE(x.object);
}

// x, or a copy of it, as dense rows along an axis. The copy has its other axes in x's order.
PyObject* rows_along(const ArrayView& x, int axis) {
    if (has_rows_along(x, axis)) return Py_NewRef(reinterpret_cast<PyObject*>(x.object));
    int axes[NPY_MAXDIMS];
    dense_axes(x, axes);
    int* const place = std::find(axes, axes + x.ndim, axis);
    std::rotate(place, place + 1, axes + x.ndim);
    return copy_in_order(x, axes);
}

// The result for rows in the memory order of the array that they were made of.
PyObject* back_in_order_of(const ArrayView& x, PyObject* made) {
    const Owned result(made);
    ArrayView rows;
    return made && view(made, rows) ? in_order_of(rows, x) : nullptr;
}

template <class T, class Loop>
void for_rows(int64_t rows, int64_t columns, const Loop& loop) {
    AllowThreads allow(rows * columns >= release_lock_from);
    parallel_for(rows, std::max<int64_t>(1, grain / columns), loop);
}

template <class T>
PyObject* forward_of(const ArrayView& x, int64_t columns,
                     void (*loop)(int64_t, int64_t, const T*, T*)) {
    PyObject* result = new_array_like(x);
    if (!result) return nullptr;
    const int64_t rows = x.size() / columns;
    const T* from = x.as<T>();
    T* to = data_of<T>(result);
    for_rows<T>(rows, columns, [=](int64_t begin, int64_t end) {
        loop(end - begin, columns, from + begin * columns, to + begin * columns);
    });
    return result;
}

template <bool logarithm>
PyObject* forward(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x, ordered;
    int axis;
    if (nargs != 2 || !view(args[0], x) || !read_any_axis(args[1], x, axis)) return nullptr;
    if (x.type != NPY_FLOAT && x.type != NPY_DOUBLE) return nullptr;
    const Owned rows(rows_along(x, axis));
    if (!rows || !view(rows.get(), ordered)) return nullptr;
    const auto call = [&](const auto& loops) {
        return forward_of(ordered, x.shape[axis], logarithm ? loops.log_softmax : loops.softmax);
    };
    return back_in_order_of(x, x.type == NPY_FLOAT ? call(loops<float>()) : call(loops<double>()));
}

template <class T>
PyObject* backward_of(const ArrayView& grad, const ArrayView& y, int64_t columns,
                      void (*loop)(int64_t, int64_t, const T*, const T*, T*)) {
    PyObject* ordered = in_order_of(grad, y);
    if (!ordered) return nullptr;
    const int64_t rows = y.size() / columns;
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
    ArrayView grad, y, ordered;
    int axis;
    if (nargs != 3 || !view(args[0], grad) || !view(args[1], y) || grad.type != y.type ||
        !same_shape(grad, y) || !read_any_axis(args[2], y, axis))
        return nullptr;
    if (y.type != NPY_FLOAT && y.type != NPY_DOUBLE) return nullptr;
    const Owned rows(rows_along(y, axis));
    if (!rows || !view(rows.get(), ordered)) return nullptr;
    const auto call = [&](const auto& loops) {
        return backward_of(grad, ordered, y.shape[axis],
                           logarithm ? loops.log_softmax_backward : loops.softmax_backward);
    };
    return back_in_order_of(y, y.type == NPY_FLOAT ? call(loops<float>()) : call(loops<double>()));
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
