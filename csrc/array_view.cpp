#include "array_view.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "allocator.h"

namespace rushlight {

int bfloat16_type = NPY_NOTYPE;

namespace {

PyObject* base_table = nullptr;

// --- NumPy's memory handler over our allocator (NEP 49) ---
// Arrays made with it own their memory as any other array does: no capsule, `base` is None.

void* handler_allocate(void*, size_t bytes) {
    return allocator::allocate(bytes);
}

void* handler_allocate_zeroed(void*, size_t count, size_t size) {
    void* data = allocator::allocate(count * size);
    if (data) std::memset(data, 0, count * size);
    return data;
}

void handler_release(void*, void* data, size_t) {
    allocator::release(data);
}

void* handler_resize(void*, void* data, size_t bytes) {
    return allocator::resize(data, bytes);
}

PyDataMem_Handler memory_handler = {
    "rushlight",
    1,
    {nullptr, handler_allocate, handler_allocate_zeroed, handler_resize, handler_release}};

PyObject* memory_handler_capsule() {
    static PyObject* capsule = PyCapsule_New(&memory_handler, "mem_handler", nullptr);
    return capsule;
}

}  // namespace

void dense_strides(npy_intp item, int ndim, const npy_intp* shape, const int* axes,
                   npy_intp* strides) {
    for (int i = ndim - 1; i >= 0; --i) {
        strides[axes[i]] = item;
        item *= std::max<npy_intp>(shape[axes[i]], 1);
    }
}

bool dense_axes(const ArrayView& a, int* axes) {
    sort_axes(a.ndim, axes, [&](int first, int second) {
        if (a.shape[first] == 1 || a.shape[second] == 1) return Sequence::Open;
        return std::abs(a.strides[first]) >= std::abs(a.strides[second]) ? Sequence::Right
                                                                         : Sequence::Wrong;
    });
    if (a.size() == 0) return true;
    npy_intp step = PyArray_ITEMSIZE(a.object);
    for (int i = a.ndim - 1; i >= 0; --i) {
        const npy_intp length = a.shape[axes[i]];
        if (length == 1) continue;
        if (a.strides[axes[i]] != step) return false;
        step *= length;
    }
    return true;
}

bool same_strides(const ArrayView& a, const ArrayView& b) {
    for (int i = 0; i < a.ndim; ++i)
        if (a.strides[i] != b.strides[i] && a.shape[i] > 1) return false;
    return true;
}

bool same_elements(const ArrayView& a, const ArrayView& b) {
    return a.data == b.data && same_shape(a, b) && same_strides(a, b);
}

bool may_overlap(const ArrayView& a, const ArrayView& b) {
    if (!a.object || !b.object) return false;  // a number
    const auto extent = [](const ArrayView& v, const char*& begin, const char*& end) {
        begin = v.data;
        end = v.data + PyArray_ITEMSIZE(v.object);
        for (int i = 0; i < v.ndim; ++i)
            (v.strides[i] < 0 ? begin : end) += (v.shape[i] - 1) * v.strides[i];
    };
    const char *a_begin, *a_end, *b_begin, *b_end;
    extent(a, a_begin, a_end);
    extent(b, b_begin, b_end);
    return a_begin < b_end && b_begin < a_end;
}

bool is_channels_last(const ArrayView& a) {
    if (a.ndim != 4) return false;
    npy_intp step = PyArray_ITEMSIZE(a.object);
    for (int axis : {1, 3, 2, 0}) {
        if (a.shape[axis] != 1 && a.strides[axis] != step) return false;
        step *= a.shape[axis];
    }
    return true;
}

bool read_axis(PyObject* object, int ndim, int& axis) {
    if (!PyLong_Check(object)) return false;
    const Py_ssize_t value = PyLong_AsSsize_t(object);
    if (value == -1 && PyErr_Occurred()) PyErr_Clear();
    axis = static_cast<int>(value);
    return value >= 0 && value < ndim;
}

int type_of(PyObject* dtype, npy_intp* size) {
    PyArray_Descr* descriptor = nullptr;
    if (!PyArray_DescrConverter(dtype, &descriptor)) {
        PyErr_Clear();
        return NPY_NOTYPE;
    }
    const int type = PyArray_ISNBO(descriptor->byteorder) ? descriptor->type_num : NPY_NOTYPE;
    if (size) *size = PyDataType_ELSIZE(descriptor);
    Py_DECREF(descriptor);
    return type;
}

npy_intp item_size(int type) {
    PyArray_Descr* descriptor = PyArray_DescrFromType(type);
    const npy_intp item = PyDataType_ELSIZE(descriptor);
    Py_DECREF(descriptor);
    return item;
}

PyObject* new_array_strided(int type, int ndim, const npy_intp* shape, const npy_intp* strides) {
    PyArray_Descr* descriptor = PyArray_DescrFromType(type);
    npy_intp bytes = PyDataType_ELSIZE(descriptor);
    bool overflows = false, is_empty = false;
    for (int i = 0; i < ndim; ++i) {
        overflows |= __builtin_mul_overflow(bytes, shape[i], &bytes);
        is_empty |= shape[i] == 0;
    }
    if (overflows && !is_empty) {
        Py_DECREF(descriptor);
        PyErr_SetString(PyExc_ValueError, "array is too big");  // NumPy's words, explained later
        return nullptr;
    }
    void* data = nullptr;
    if (bytes >= static_cast<npy_intp>(allocator::smallest_block)) {
        data = allocator::allocate(bytes);
        if (!data) {
            Py_DECREF(descriptor);
            return PyErr_Format(PyExc_MemoryError, "you tried to allocate %zd bytes", bytes);
        }
    }
    PyObject* array = PyArray_NewFromDescr(&PyArray_Type, descriptor, ndim, shape, strides, data,
                                           data ? NPY_ARRAY_WRITEABLE : 0, nullptr);
    if (!data) return array;
    if (!array) {
        allocator::release(data);
        return nullptr;
    }
    auto* fields = reinterpret_cast<PyArrayObject_fields*>(array);
    fields->mem_handler = Py_NewRef(memory_handler_capsule());
    fields->flags |= NPY_ARRAY_OWNDATA;
    return array;
}

void strides_like(const ArrayView& a, npy_intp* strides) {
    int axes[NPY_MAXDIMS];
    dense_axes(a, axes);
    dense_strides(PyArray_ITEMSIZE(a.object), a.ndim, a.shape, axes, strides);
}

void strides_in_order(const ArrayView& a, Order order, npy_intp* strides) {
    constexpr int channels_last[4] = {0, 2, 3, 1};
    int axes[NPY_MAXDIMS];
    for (int i = 0; i < a.ndim; ++i) axes[i] = order == Order::C ? i : channels_last[i];
    dense_strides(PyArray_ITEMSIZE(a.object), a.ndim, a.shape, axes, strides);
}

PyObject* new_array(int type, int ndim, const npy_intp* shape, Order order) {
    if (order == Order::C) return new_array_strided(type, ndim, shape, nullptr);
    const npy_intp item = item_size(type);
    constexpr int axes[4] = {0, 2, 3, 1};
    npy_intp strides[4];
    dense_strides(item, ndim, shape, axes, strides);
    return new_array_strided(type, ndim, shape, strides);
}

PyObject* new_array_like(const ArrayView& a) {
    if (a.is_contiguous) return new_array_strided(a.type, a.ndim, a.shape, nullptr);
    npy_intp strides[NPY_MAXDIMS];
    strides_like(a, strides);
    return new_array_strided(a.type, a.ndim, a.shape, strides);
}

void set_base(PyObject* base) {
    Py_XSETREF(base_table, Py_NewRef(base));
}

PyObject* BaseKernel::operator()(PyObject* const* args, Py_ssize_t nargs) {
    constexpr Py_ssize_t most = 24;
    if (!base_table || nargs > most) {
        PyErr_Format(PyExc_RuntimeError, "%s: no base implementation was set for these arguments",
                     name_);
        return nullptr;
    }
    if (!interned_ && !(interned_ = PyUnicode_InternFromString(name_))) return nullptr;
    PyObject* with_self[most + 1] = {base_table};
    std::copy(args, args + nargs, with_self + 1);
    return PyObject_VectorcallMethod(interned_, with_self, nargs + 1, nullptr);
}

}  // namespace rushlight
