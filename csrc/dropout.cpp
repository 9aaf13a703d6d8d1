#include <optional>

#include "allocator.h"
#include "array_view.h"
#include "copies.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

template <class T>
PyObject* dropout_of(const ArrayView& x, const uint8_t* mask, double scale) {
    PyObject* result = new_array_like(x);
    if (!result) return nullptr;
    const T* from = x.as<T>();
    T* to = data_of<T>(result);
    AllowThreads allow(x.size() >= release_lock_from);
    parallel_for(x.size(), parallel_grain, [=](int64_t begin, int64_t end) {
        loops<T>().dropout(end - begin, from + begin, mask + begin, static_cast<T>(scale),
                           to + begin);
    });
    return result;
}

PyObject* dropout(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x, mask;
    int axes[NPY_MAXDIMS];
    if (nargs != 3 || !view(args[0], x) || !view(args[1], mask) || mask.type != NPY_BOOL ||
        !same_shape(x, mask) || x.ndim > max_axes || !dense_axes(x, axes))
        return nullptr;
    if (x.type != NPY_FLOAT && x.type != NPY_DOUBLE) return nullptr;
    const double scale = PyFloat_AsDouble(args[2]);
    if (scale == -1.0 && PyErr_Occurred()) return nullptr;

    // The mask in the order of x: drawn in the order of the shape, where x may be channels-last.
    const npy_intp item = PyArray_ITEMSIZE(x.object);
    npy_intp mask_strides[max_axes];
    for (int i = 0; i < x.ndim; ++i) mask_strides[i] = x.strides[i] / item;
    const char* kept = mask.data;
    std::optional<allocator::Scratch> scratch;
    const bool alike = std::equal(mask_strides, mask_strides + x.ndim, mask.strides) ||
                       (x.is_contiguous && mask.is_contiguous);
    if (!alike) {
        scratch.emplace(x.size());
        auto* reordered = static_cast<char*>(scratch->data());
        if (!reordered) return PyErr_NoMemory();
        if (!copy_elements(mask, reordered, mask_strides)) return nullptr;
        kept = reordered;
    }
    const auto* bits = reinterpret_cast<const uint8_t*>(kept);
    return x.type == NPY_FLOAT ? dropout_of<float>(x, bits, scale)
                               : dropout_of<double>(x, bits, scale);
}

}  // namespace

PyMethodDef dropout_methods[] = {
    method<"dropout", dropout>("dropout(x, mask, scale)\n--\n\nx * mask * scale"), {}};

}  // namespace rushlight
