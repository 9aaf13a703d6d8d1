// Arrays filled with one value. What NumPy refuses to convert is left to the base, which says why.
#include "array_view.h"
#include "iteration.h"

namespace rushlight {

namespace {

bool is_value(PyObject* value) {
    return PyFloat_CheckExact(value) || PyLong_CheckExact(value) || PyBool_Check(value);
}

PyObject* filled(PyObject* result, PyObject* value) {
    if (!result) return nullptr;
    if (PyArray_FillWithScalar(reinterpret_cast<PyArrayObject*>(result), value) == 0) return result;
    PyErr_Clear();
    Py_DECREF(result);
    return nullptr;
}

PyObject* full(PyObject* const* args, Py_ssize_t nargs) {
    if ((nargs != 3 && nargs != 4) || !PyTuple_Check(args[0]) || !is_value(args[1])) return nullptr;
    const Py_ssize_t ndim = PyTuple_GET_SIZE(args[0]);
    npy_intp shape[max_axes], size;
    if (ndim > max_axes) return nullptr;
    npy_intp count = 1;
    for (Py_ssize_t i = 0; i < ndim; ++i) {
        shape[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(args[0], i));
        if (shape[i] < 0 || __builtin_mul_overflow(count, shape[i], &count)) {
            PyErr_Clear();
            return nullptr;
        }
    }
    const int type = type_of(args[2], &size);
    if (!is_plain(type) || __builtin_mul_overflow(count, size, &count)) return nullptr;
    return filled(new_array(type, static_cast<int>(ndim), shape), args[1]);
}

PyObject* full_like(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    npy_intp size, strides[max_axes];
    if (nargs != 3 || !view(args[0], x) || x.ndim > max_axes || !is_value(args[1])) return nullptr;
    const int type = type_of(args[2], &size);
    if (!is_plain(type) || PyArray_ITEMSIZE(x.object) == 0) return nullptr;
    strides_like(x, strides);
    for (int i = 0; i < x.ndim; ++i) strides[i] = strides[i] / PyArray_ITEMSIZE(x.object) * size;
    return filled(new_array_strided(type, x.ndim, x.shape, strides), args[1]);
}

PyObject* fill(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if (nargs != 2 || !view(args[0], x) || !x.is_writeable() || !is_value(args[1])) return nullptr;
    return filled(Py_NewRef(args[0]), args[1]);
}

}  // namespace

PyMethodDef creation_methods[] = {
    method<"full", full>("full(shape, value, dtype, like=None)\n--\n\nOne value everywhere."),
    method<"full_like", full_like>(
        "full_like(x, value, dtype)\n--\n\nOne value in an array of x's shape and order."),
    method<"fill", fill>("fill(x, value)\n--\n\nOverwrites x with one value."),
    {}};

}  // namespace rushlight
