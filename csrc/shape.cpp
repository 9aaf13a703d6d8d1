// Views that NumPy makes in Python: as_strided and broadcast_to take 5 us each.
#include "array_view.h"

namespace rushlight {
namespace {

// A view of x's memory from `data` on; strides in bytes.
PyObject* view_of(const ArrayView& x, int ndim, const npy_intp* shape, const npy_intp* strides,
                  char* data) {
    PyArray_Descr* descr = PyArray_DESCR(x.object);
    Py_INCREF(descr);
    PyObject* result = PyArray_NewFromDescr(&PyArray_Type, descr, ndim, shape, strides, data,
                                            PyArray_FLAGS(x.object) & NPY_ARRAY_WRITEABLE, nullptr);
    if (!result) return nullptr;
    PyObject* base = Py_NewRef(reinterpret_cast<PyObject*>(x.object));
    if (PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(result), base) < 0) {
        Py_DECREF(result);
        return nullptr;
    }
    return result;
}

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
    return view_of(x, static_cast<int>(ndim), shape, strides, x.data);
}

// A view of the elements at i, i + offset of two axes, as a last one.
PyObject* diagonal(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int first, second;
    if (nargs != 4 || !view(args[0], x) || !PyLong_Check(args[1]) ||
        !read_axis(args[2], x.ndim, first) || !read_axis(args[3], x.ndim, second) ||
        first == second)
        return nullptr;
    const Py_ssize_t offset = PyLong_AsSsize_t(args[1]);
    if (offset == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        return nullptr;
    }
    const npy_intp above = std::max<npy_intp>(offset, 0), below = above - offset;
    npy_intp shape[NPY_MAXDIMS], strides[NPY_MAXDIMS];
    int ndim = 0;
    for (int i = 0; i < x.ndim; ++i) {
        if (i == first || i == second) continue;
        shape[ndim] = x.shape[i];
        strides[ndim++] = x.strides[i];
    }
    const npy_intp count = std::min(x.shape[first] - below, x.shape[second] - above);
    shape[ndim] = std::max<npy_intp>(count, 0);
    strides[ndim++] = x.strides[first] + x.strides[second];
    const npy_intp start = count > 0 ? above * x.strides[second] + below * x.strides[first] : 0;
    return view_of(x, ndim, shape, strides, x.data + start);
}

}  // namespace

PyMethodDef shape_methods[] = {
    method<"expand", expand>("expand(x, shape)\n--\n\nA view with axes of length 1 repeated."),
    method<"diagonal", diagonal>(
        "diagonal(x, offset, dim1, dim2)\n--\n\nA view of the elements at i, i + offset of two "
        "axes."),
    {}};

}  // namespace rushlight
