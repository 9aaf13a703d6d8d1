// The sizes of convolutions and pools (the named tuples of rushlight/ops/geometry.py) and images as
// the kernels for them want them: float32, channels-last.
#pragma once

#include <cstdint>

#include "array_view.h"
#include "copies.h"

namespace rushlight {

constexpr int most_spatial = 3;

// One number per spatial dimension, always as depth, height, width; what is not there is `missing`.
struct Sizes {
    int64_t of[most_spatial];
    int64_t operator[](int i) const { return of[i]; }
    int64_t product() const { return of[0] * of[1] * of[2]; }
};

// The numbers of a tuple from `first` on. False when there are none, too many, or other objects.
inline bool read_sizes(PyObject* tuple, Py_ssize_t first, int64_t missing, Sizes& sizes) {
    if (!PyTuple_Check(tuple)) return false;
    const Py_ssize_t count = PyTuple_GET_SIZE(tuple) - first;
    if (count < 1 || count > most_spatial) return false;
    for (int i = 0; i < most_spatial; ++i) {
        const Py_ssize_t item = first + count - most_spatial + i;
        sizes.of[i] = item < first ? missing : PyLong_AsLongLong(PyTuple_GET_ITEM(tuple, item));
    }
    return !PyErr_Occurred();
}

inline int64_t number_at(PyObject* tuple, Py_ssize_t item) {
    return PyLong_AsLongLong(PyTuple_GET_ITEM(tuple, item));
}

// The array's memory strides for the order N, spatial dimensions, C.
inline void channels_last_strides(int ndim, const npy_intp* shape, npy_intp item,
                                  npy_intp* strides) {
    strides[1] = item;
    npy_intp step = item * shape[1];
    for (int axis = ndim - 1; axis >= 2; --axis) {
        strides[axis] = step;
        step *= shape[axis];
    }
    strides[0] = step;
}

// A new array of that order, uninitialised.
inline PyObject* new_images(int type, int64_t batch, int64_t channels, const Sizes& sizes,
                            int spatial) {
    npy_intp shape[2 + most_spatial] = {batch, channels}, strides[2 + most_spatial];
    for (int i = 0; i < spatial; ++i) shape[2 + i] = sizes[most_spatial - spatial + i];
    const npy_intp item = item_size(type);
    channels_last_strides(2 + spatial, shape, item, strides);
    return new_array_strided(type, 2 + spatial, shape, strides);
}

// An array in the order that a kernel wants, for the length of a call: the array itself or a copy.
class Ordered {
public:
    Ordered() = default;
    ~Ordered() { Py_XDECREF(owner_); }
    Ordered(const Ordered&) = delete;
    Ordered& operator=(const Ordered&) = delete;

    // False when the object is no array of this type and size.
    bool take_images(PyObject* object, int type, int64_t size) {
        ArrayView x;
        if (!view(object, x) || x.type != type || x.ndim < 3 || x.size() != size) return false;
        npy_intp strides[NPY_MAXDIMS];
        channels_last_strides(x.ndim, x.shape, PyArray_ITEMSIZE(x.object), strides);
        return take(x, strides);
    }
    bool take_contiguous(PyObject* object, int type, int64_t size) {
        ArrayView x;
        if (!view(object, x) || x.type != type || x.size() != size) return false;
        npy_intp strides[NPY_MAXDIMS];
        strides_in_order(x, Order::C, strides);
        return take(x, strides);
    }

    template <class T>
    const T* data() const {
        return static_cast<const T*>(PyArray_DATA(reinterpret_cast<PyArrayObject*>(owner_)));
    }

private:
    bool take(const ArrayView& x, const npy_intp* strides) {
        bool in_order = true;  // the strides of axes of length 1 do not matter
        for (int i = 0; i < x.ndim; ++i)
            in_order = in_order && (x.shape[i] == 1 || x.strides[i] == strides[i]);
        if (in_order) {
            owner_ = Py_NewRef(reinterpret_cast<PyObject*>(x.object));
            return true;
        }
        owner_ = new_array_strided(x.type, x.ndim, x.shape, strides);
        if (!owner_) return false;
        return copy_elements(x, data_of<char>(owner_), strides) ||
               PyArray_CopyInto(reinterpret_cast<PyArrayObject*>(owner_), x.object) == 0;
    }

    PyObject* owner_ = nullptr;
};

}  // namespace rushlight
