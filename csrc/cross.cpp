// Cross products.
#include "array_view.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

template <class T>
PyObject* cross_of(const ArrayView& a, const ArrayView& b, int axis) {
    PyObject* result = new_array(a.type, a.ndim, a.shape);
    ArrayView to;
    if (!result || !view(result, to)) return result;
    npy_intp shape[max_axes], strides[3][max_axes];  // without the axis
    const ArrayView* const arrays[] = {&a, &b, &to};
    for (int i = 0, k = 0; i < a.ndim; ++i) {
        if (i == axis) continue;
        shape[k] = a.shape[i];
        for (int array = 0; array < 3; ++array) strides[array][k] = arrays[array]->strides[i];
        ++k;
    }
    AllowThreads allow(a.size() >= release_lock_from);
    each_row<3>(a.ndim - 1, shape, strides,
                [&](npy_intp n, const npy_intp* offsets, const npy_intp* steps) {
        for (npy_intp i = 0; i < n; ++i) {
            const auto at = [&](int array, int k) -> T& {
                const ArrayView& of = *arrays[array];
                return *reinterpret_cast<T*>(of.data + offsets[array] + i * steps[array] +
                                             k * of.strides[axis]);
            };
            for (int k = 0; k < 3; ++k) {
                const int next = (k + 1) % 3, last = (k + 2) % 3;
                at(2, k) = at(0, next) * at(1, last) - at(0, last) * at(1, next);
            }
        }
        return true;
    });
    return result;
}

PyObject* cross(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView a, b;
    int axis;
    if (nargs != 3 || !view(args[0], a) || !view(args[1], b) || a.type != b.type ||
        !same_shape(a, b) || a.ndim > max_axes || !read_axis(args[2], a.ndim, axis) ||
        a.shape[axis] != 3)
        return nullptr;
    if (a.type == NPY_FLOAT) return cross_of<float>(a, b, axis);
    return a.type == NPY_DOUBLE ? cross_of<double>(a, b, axis) : nullptr;
}

}  // namespace

PyMethodDef cross_methods[] = {
    method<"cross", cross>("cross(a, b, axis)\n--\n\nThe cross products of lines of 3 elements."),
    {}};

}  // namespace rushlight
