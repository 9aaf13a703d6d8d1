// Views that NumPy makes in Python: as_strided and broadcast_to take 5 us each.
#include "array_view.h"

namespace rushlight {
namespace {

// A view of x's memory from `data` on; strides in bytes. The reference to `descr`, if it is not
// x's own, is taken.
PyObject* view_of(const ArrayView& x, int ndim, const npy_intp* shape, const npy_intp* strides,
                  char* data, PyArray_Descr* descr = nullptr) {
    if (!descr) {
        descr = PyArray_DESCR(x.object);
        Py_INCREF(descr);
    }
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

// Numbers of a tuple that are not negative; false for what else it holds.
bool read_counts(PyObject* tuple, Py_ssize_t count, npy_intp* to) {
    if (!PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) != count) return false;
    for (Py_ssize_t i = 0; i < count; ++i) {
        to[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(tuple, i));
        if (to[i] < 0) {
            PyErr_Clear();
            return false;
        }
    }
    return true;
}

// A view of x's own elements; `places` are their shape, strides and offset, counted in elements.
PyObject* as_strided(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if (nargs < 2 || !view(args[0], x) || !x.is_contiguous || !PyTuple_Check(args[1]) ||
        PyTuple_GET_SIZE(args[1]) != 3 || !PyTuple_Check(PyTuple_GET_ITEM(args[1], 0)))
        return nullptr;
    PyObject* const sizes = PyTuple_GET_ITEM(args[1], 0);
    const Py_ssize_t ndim = PyTuple_GET_SIZE(sizes);
    npy_intp shape[NPY_MAXDIMS], strides[NPY_MAXDIMS];
    if (ndim > NPY_MAXDIMS || !read_counts(sizes, ndim, shape) ||
        !read_counts(PyTuple_GET_ITEM(args[1], 1), ndim, strides))
        return nullptr;
    const npy_intp offset = PyLong_AsSsize_t(PyTuple_GET_ITEM(args[1], 2));
    if (offset < 0) {
        PyErr_Clear();
        return nullptr;
    }
    const npy_intp size = x.size(), item = PyArray_ITEMSIZE(x.object);
    npy_intp last = offset;
    for (Py_ssize_t i = 0; i < ndim; ++i) {
        npy_intp way;
        if (shape[i] == 0 || __builtin_mul_overflow(shape[i] - 1, strides[i], &way) ||
            __builtin_add_overflow(last, way, &last) || strides[i] > size)
            return nullptr;
        strides[i] *= item;
    }
    if (last >= size) return nullptr;  // of the storage, perhaps
    return view_of(x, static_cast<int>(ndim), shape, strides, x.data + offset * item);
}

// A view of complex numbers as pairs of real ones along a last axis.
PyObject* view_as_real(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if (nargs != 1 || !view(args[0], x) || x.ndim == NPY_MAXDIMS) return nullptr;
    const int type = x.type == NPY_CFLOAT ? NPY_FLOAT : x.type == NPY_CDOUBLE ? NPY_DOUBLE : -1;
    if (type < 0) return nullptr;
    npy_intp shape[NPY_MAXDIMS], strides[NPY_MAXDIMS];
    std::copy_n(x.shape, x.ndim, shape);
    std::copy_n(x.strides, x.ndim, strides);
    shape[x.ndim] = 2;
    strides[x.ndim] = PyArray_ITEMSIZE(x.object) / 2;
    return view_of(x, x.ndim + 1, shape, strides, x.data, PyArray_DescrFromType(type));
}

}  // namespace

PyMethodDef shape_methods[] = {
    method<"as_strided", as_strided>(
        "as_strided(x, places, source=None)\n--\n\nA view of elements that strides lead to."),
    method<"view_as_real", view_as_real>(
        "view_as_real(x)\n--\n\nA view of complex numbers as pairs of real ones."),
    method<"expand", expand>("expand(x, shape)\n--\n\nA view with axes of length 1 repeated."),
    method<"diagonal", diagonal>(
        "diagonal(x, offset, dim1, dim2)\n--\n\nA view of the elements at i, i + offset of two "
        "axes."),
    {}};

}  // namespace rushlight
