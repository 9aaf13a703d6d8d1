// Whether two arrays are the same.
#include "array_view.h"
#include "iteration.h"

namespace rushlight {

namespace {

// In blocks, so that the loop has no way out in its middle; NaN equals nothing.
template <class T>
bool same(int64_t size, const T* a, const T* b) {
    constexpr int64_t block = 4096;
    for (int64_t begin = 0; begin < size; begin += block) {
        const int64_t end = std::min(size, begin + block);
        int different = 0;
        for (int64_t i = begin; i < end; ++i) different |= a[i] != b[i];
        if (different) return false;
    }
    return true;
}

template <class T>
bool same(int64_t n, const char* a, npy_intp a_step, const char* b, npy_intp b_step) {
    if (a_step == sizeof(T) && b_step == sizeof(T))
        return same(n, reinterpret_cast<const T*>(a), reinterpret_cast<const T*>(b));
    for (int64_t i = 0; i < n; ++i)
        if (*reinterpret_cast<const T*>(a + i * a_step) !=
            *reinterpret_cast<const T*>(b + i * b_step))
            return false;
    return true;
}

template <class T>
bool same_arrays(const ArrayView& a, const ArrayView& b) {
    int axes[NPY_MAXDIMS];
    npy_intp shape[max_axes], strides[2][max_axes];
    const npy_intp* const both[] = {a.strides, b.strides};
    dense_axes(a, axes);  // the order of a's memory
    const int ndim = join_axes(a.ndim, axes, a.shape, both, shape, strides);
    return each_row<2>(ndim, shape, strides,
                       [&](npy_intp n, const npy_intp* offsets, const npy_intp* steps) {
        return same<T>(n, a.data + offsets[0], steps[0], b.data + offsets[1], steps[1]);
    });
}

PyObject* all_equal(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView a, b;
    if (nargs != 2 || !view(args[0], a) || !view(args[1], b) || a.type != b.type ||
        !same_shape(a, b) || a.ndim > max_axes)
        return nullptr;
    if (a.type == NPY_FLOAT) return PyBool_FromLong(same_arrays<float>(a, b));
    if (a.type == NPY_DOUBLE) return PyBool_FromLong(same_arrays<double>(a, b));
    if (!PyTypeNum_ISINTEGER(a.type) && !PyTypeNum_ISBOOL(a.type)) return nullptr;
    if (same_elements(a, b)) Py_RETURN_TRUE;  // of floats some may be NaN
    if (a.type == NPY_BOOL) return PyBool_FromLong(same_arrays<Truth>(a, b));
    switch (PyArray_ITEMSIZE(a.object)) {
        case 1: return PyBool_FromLong(same_arrays<uint8_t>(a, b));
        case 2: return PyBool_FromLong(same_arrays<uint16_t>(a, b));
        case 4: return PyBool_FromLong(same_arrays<uint32_t>(a, b));
        default: return PyBool_FromLong(same_arrays<uint64_t>(a, b));
    }
}

}  // namespace

PyMethodDef compare_all_methods[] = {
    method<"all_equal", all_equal>("all_equal(a, b)\n--\n\nWhether all elements are the same."),
    {}};

}  // namespace rushlight
