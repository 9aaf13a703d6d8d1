// Whether two arrays are the same.
#include <cstring>

#include "array_view.h"

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

PyObject* all_equal(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView a, b;
    if (nargs != 2 || !view(args[0], a) || !view(args[1], b) || a.type != b.type ||
        !same_shape(a, b) || !a.is_contiguous || !b.is_contiguous)
        return nullptr;
    const int64_t size = a.size();
    bool result;
    if (a.type == NPY_FLOAT) {
        result = same(size, a.as<float>(), b.as<float>());
    } else if (a.type == NPY_DOUBLE) {
        result = same(size, a.as<double>(), b.as<double>());
    } else if (PyTypeNum_ISINTEGER(a.type) || PyTypeNum_ISBOOL(a.type)) {
        result = a.data == b.data ||
                 std::memcmp(a.data, b.data, size * PyArray_ITEMSIZE(a.object)) == 0;
    } else {
        return nullptr;
    }
    return PyBool_FromLong(result);
}

}  // namespace

PyMethodDef compare_all_methods[] = {
    method<"all_equal", all_equal>("all_equal(a, b)\n--\n\nWhether all elements are the same."),
    {}};

}  // namespace rushlight
