// NumPy arrays as the kernels see them: checked views in, new arrays out, and the way back to the
// base implementation for whatever a kernel does not cover.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL rushlight_numpy_api
#ifndef RUSHLIGHT_IMPORT_NUMPY  // bindings.cpp alone defines it, and fills the table
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace rushlight {

// The layouts that results are made in.
enum class Order {
    C,             // contiguous in the order of the shape
    ChannelsLast,  // 4-d only: N,C,H,W shape, memory in the order N,H,W,C
};

// A borrowed look at an array that is exactly an ndarray, aligned and in native byte order.
struct ArrayView {
    PyArrayObject* object = nullptr;
    char* data = nullptr;
    int ndim = 0;
    const npy_intp* shape = nullptr;
    const npy_intp* strides = nullptr;  // bytes
    int type = NPY_NOTYPE;              // NPY_FLOAT, ...
    bool is_contiguous = false;         // in the order of the shape

    template <class T>
    T* as() const {
        return reinterpret_cast<T*>(data);
    }
    npy_intp size() const { return PyArray_MultiplyList(shape, ndim); }
    bool is_writeable() const { return PyArray_ISWRITEABLE(object); }
};

// False when `object` is not such an array: the caller then falls back to the base kernel.
inline bool view(PyObject* object, ArrayView& into) {
    if (!PyArray_CheckExact(object)) return false;
    auto* array = reinterpret_cast<PyArrayObject*>(object);
    if (!PyArray_ISALIGNED(array) || !PyArray_ISNOTSWAPPED(array)) return false;
    into = {array,
            PyArray_BYTES(array),
            PyArray_NDIM(array),
            PyArray_DIMS(array),
            PyArray_STRIDES(array),
            PyArray_TYPE(array),
            static_cast<bool>(PyArray_IS_C_CONTIGUOUS(array))};
    return true;
}

inline bool same_shape(const ArrayView& a, const ArrayView& b) {
    return a.ndim == b.ndim && PyArray_CompareLists(a.shape, b.shape, a.ndim);
}

// Whether elements of two arrays of one shape lie in the same way (strides of axes of length 1 do
// not matter).
bool same_strides(const ArrayView& a, const ArrayView& b);

// Whether the two are the same elements at the same places, or might share memory at all.
bool same_elements(const ArrayView& a, const ArrayView& b);
bool may_overlap(const ArrayView& a, const ArrayView& b);

// Elements lie densely in memory in the order N,H,W,C (strides of axes of length 1 do not matter).
bool is_channels_last(const ArrayView& a);

// Whether of two axes the one that stands first moves through memory in larger steps, as it should.
enum class Sequence { Right, Wrong, Open };

// Puts the axes [0, ndim) in order by insertion; where `sequence(first, second)` leaves it open
// they stand in the order of the shape.
template <class Rule>
void sort_axes(int ndim, int* axes, const Rule& sequence) {
    for (int i = 0; i < ndim; ++i) {
        int place = i;
        for (int j = i - 1; j >= 0; --j) {
            const Sequence found = sequence(axes[j], i);
            if (found == Sequence::Right) break;
            if (found == Sequence::Wrong) place = j;
        }
        for (int j = i; j > place; --j) axes[j] = axes[j - 1];
        axes[place] = i;
    }
}

// Axes from the slowest to the fastest in memory if the elements lie densely in some order of the
// axes; false otherwise.
bool dense_axes(const ArrayView& a, int* axes);

// The strides of a dense array whose axes follow each other in memory as `axes` says, the slowest
// first.
void dense_strides(npy_intp item, int ndim, const npy_intp* shape, const int* axes,
                   npy_intp* strides);

// The strides of a dense array of a's shape and item size: in a's own memory order (NumPy's
// order='K'), or in the order asked for.
void strides_like(const ArrayView& a, npy_intp* strides);
void strides_in_order(const ArrayView& a, Order order, npy_intp* strides);

// Arguments of kernels. The number of an axis of an array of `ndim`; false for what is none.
bool read_axis(PyObject* object, int ndim, int& axis);

// A dtype's type number, and the bytes of an element; NPY_NOTYPE for what is none, or is not in
// native byte order.
int type_of(PyObject* dtype, npy_intp* size = nullptr);

// The number that NumPy has given the type bfloat16, which is ml_dtypes'.
extern int bfloat16_type;

struct BFloat16 {  // an element of it; oneDNN computes with them
    uint16_t bits;
};

// The bytes of an element of a type.
npy_intp item_size(int type);

// Whether elements of a type are numbers or truth values that C++ knows: bits that can be moved.
inline bool is_plain(int type) {
    return PyTypeNum_ISNUMBER(type) || PyTypeNum_ISBOOL(type) || type == bfloat16_type;
}

// A truth value of NumPy's: any byte but 0 is true.
struct Truth {
    uint8_t byte;
    operator bool() const { return byte != 0; }
};

// Calls body with a zero of the type of a real number's or truth value's elements; false for types
// that are left to the base.
template <class Body>
bool with_element_type(int type, const Body& body) {
    switch (type) {
        case NPY_FLOAT: body(float{}); return true;
        case NPY_DOUBLE: body(double{}); return true;
        case NPY_INT64: body(int64_t{}); return true;
        case NPY_INT32: body(int32_t{}); return true;
        case NPY_INT16: body(int16_t{}); return true;
        case NPY_INT8: body(int8_t{}); return true;
        case NPY_UINT8: body(uint8_t{}); return true;
        case NPY_BOOL: body(Truth{}); return true;
    }
    return false;
}

// New arrays, uninitialised; blocks of some size come from the caching allocator. nullptr with a
// Python error set when there is no memory.
PyObject* new_array(int type, int ndim, const npy_intp* shape, Order order = Order::C);
PyObject* new_array_strided(int type, int ndim, const npy_intp* shape, const npy_intp* strides);
// Of a's type, shape and memory order.
PyObject* new_array_like(const ArrayView& a);

template <class T>
inline constexpr int numpy_type = NPY_NOTYPE;
template <>
inline constexpr int numpy_type<float> = NPY_FLOAT;
template <>
inline constexpr int numpy_type<double> = NPY_DOUBLE;

template <class T>
T* data_of(PyObject* array) {
    return reinterpret_cast<T*>(PyArray_DATA(reinterpret_cast<PyArrayObject*>(array)));
}

// A reference that is given back at the end of the scope, also by an exception, unless it was
// handed on.
class Owned {
public:
    explicit Owned(PyObject* object) : object_(object) {}
    ~Owned() { Py_XDECREF(object_); }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    explicit operator bool() const { return object_; }
    PyObject* get() const { return object_; }
    PyObject* hand_on() { return std::exchange(object_, nullptr); }

private:
    PyObject* object_;
};

// The base implementation of one kernel: the method of that name of the object given to set_base().
class BaseKernel {
public:
    explicit BaseKernel(const char* name) : name_(name) {}
    PyObject* operator()(PyObject* const* args, Py_ssize_t nargs);

private:
    const char* name_;
    PyObject* interned_ = nullptr;
};
void set_base(PyObject* base);

template <size_t length>
struct Name {
    char text[length];
    constexpr Name(const char (&literal)[length]) { std::copy_n(literal, length, text); }
};

// The Python error for the C++ exception that is being handled: MemoryError where there was no
// memory, RuntimeError otherwise.
void set_error_from_exception(const char* name);

// What Python calls: `covered(args, nargs)`, or the base when that returns nullptr without an
// error. No C++ exception gets past here.
template <Name name, PyObject* (*covered)(PyObject* const*, Py_ssize_t)>
PyObject* kernel(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
    try {
        PyObject* result = covered(args, nargs);
        if (result || PyErr_Occurred()) return result;
    } catch (...) {
        set_error_from_exception(name.text);
        return nullptr;
    }
    static BaseKernel base{name.text};
    return base(args, nargs);
}

// Its row in a family's table. `doc` begins with the signature: "add(a, b)\n--\n\na + b".
template <Name name, PyObject* (*covered)(PyObject* const*, Py_ssize_t)>
PyMethodDef method(const char* doc) {
    static constexpr Name kept = name;
    const auto function = reinterpret_cast<void (*)()>(&kernel<name, covered>);
    return {kept.text, reinterpret_cast<PyCFunction>(function), METH_FASTCALL, doc};
}

}  // namespace rushlight
