// What kernels that pick and place elements by index share.
#pragma once

#include "copies.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

// An index array, contiguous, for the length of a call.
class Indices {
public:
    Indices() = default;
    ~Indices() { Py_XDECREF(owner_); }
    Indices(const Indices&) = delete;
    Indices& operator=(const Indices&) = delete;

    // False when the object is no int64 array, or with an error when there is no memory.
    bool read(PyObject* object) {
        if (!view(object, shown) || shown.type != NPY_INT64 || shown.ndim > max_axes) return false;
        size = shown.size();
        if (shown.is_contiguous) {
            owner_ = Py_NewRef(object);
        } else {
            owner_ = new_array(NPY_INT64, shown.ndim, shown.shape);
            npy_intp strides[max_axes];
            strides_in_order(shown, Order::C, strides);
            if (!owner_ || !copy_elements(shown, data_of<char>(owner_), strides)) return false;
        }
        data = data_of<int64_t>(owner_);
        return true;
    }

    // Whether all are in [low, high); else IndexError is set.
    bool within(int64_t low, int64_t high, Py_ssize_t axis) const {
        if (bit_loops.all_within(size, data, low, high)) return true;
        const int64_t* wrong =
            std::find_if(data, data + size, [=](int64_t i) { return i < low || i >= high; });
        PyErr_Format(PyExc_IndexError,
                     "index %lld is out of bounds for dimension %zd with size %lld",
                     static_cast<long long>(*wrong), axis, static_cast<long long>(high));
        return false;
    }

    ArrayView shown;  // as it was given
    const int64_t* data = nullptr;
    int64_t size = 0;

private:
    PyObject* owner_ = nullptr;
};

// Calls body with a zero of the type that is added in; false for other types.
template <class Body>
bool with_sum_type(int type, const Body& body) {
    switch (type) {
        case NPY_FLOAT: body(float{}); return true;
        case NPY_DOUBLE: body(double{}); return true;
        case NPY_INT64: body(int64_t{}); return true;
        case NPY_INT32: body(int32_t{}); return true;
    }
    return false;
}

inline bool can_sum(int type) {
    return with_sum_type(type, [](auto) {});
}

// A copy of x in the order of its shape.
inline PyObject* contiguous_copy(const ArrayView& x) {
    if (x.ndim > max_axes) return nullptr;
    npy_intp strides[max_axes];
    strides_in_order(x, Order::C, strides);
    PyObject* result = new_array(x.type, x.ndim, x.shape);
    if (result && !copy_elements(x, data_of<char>(result), strides)) Py_CLEAR(result);
    return result;
}

// Kernels of places in the order of the whole array: `places.cpp`.
PyObject* take(PyObject* const* args, Py_ssize_t nargs);
PyObject* put(PyObject* const* args, Py_ssize_t nargs);
PyObject* masked_scatter(PyObject* const* args, Py_ssize_t nargs);

}  // namespace rushlight
