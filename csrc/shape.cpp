// Views that NumPy makes in Python: as_strided and broadcast_to take 5 us each.
#include "array_view.h"

namespace rushlight {
namespace {

// A view of x in which axes of length 1, and new ones in front, are repeated with stride 0.
PyObject* expand(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if (nargs != 2 || !view(args[0], x) || !PyTuple_Check(args[1])) return nullptr;
    const Py_ssize_t ndim = PyTuple_GET_SIZE(args[1]);
    const Py_ssize_t added = ndim - x.ndim;
    if (added < 0 || ndim > NPY_MAXDIMS) return nullptr;
    npy_intp shape[NPY_MAXDIMS], strides[NPY_MAXDIMS];
    for (Py_ssize_t i = 0; i < ndim; ++i) {
        shape[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(args[1], i));
        if (shape[i] == -1 && PyErr_Occurred()) {
            PyErr_Clear();
            return nullptr;
        }
        const npy_intp have = i < added ? 1 : x.shape[i - added];
        if (have != shape[i] && have != 1) return nullptr;
        strides[i] = have == shape[i] && i >= added ? x.strides[i - added] : 0;
    }
    PyArray_Descr* descr = PyArray_DESCR(x.object);
    Py_INCREF(descr);
    PyObject* result =
        PyArray_NewFromDescr(&PyArray_Type, descr, static_cast<int>(ndim), shape, strides, x.data,
                             PyArray_FLAGS(x.object) & NPY_ARRAY_WRITEABLE, nullptr);
    if (!result) return nullptr;
    Py_INCREF(args[0]);
    if (PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(result), args[0]) < 0) {
        Py_DECREF(result);
        return nullptr;
    }
    return result;
}

}  // namespace

PyMethodDef shape_methods[] = {
    method<"expand", expand>("expand(x, shape)\n--\n\nA view with axes of length 1 repeated."), {}};

}  // namespace rushlight
