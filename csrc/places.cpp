// Elements picked and placed by places in the order of the whole array, and by masks.
#include "indices.h"

namespace rushlight {

namespace {

// Places of a contiguous array of `size`, the negative ones from its end.
bool read_places(PyObject* object, int64_t size, Indices& index) {
    if (!index.read(object)) return false;
    const auto is_wrong = [=](int64_t i) { return i < -size || i >= size; };
    return std::find_if(index.data, index.data + index.size, is_wrong) == index.data + index.size;
}

}  // namespace

PyObject* take(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    Indices index;
    if (nargs != 2 || !view(args[0], x) || !x.is_contiguous || !is_plain(x.type) ||
        !read_places(args[1], x.size(), index))
        return nullptr;
    PyObject* result = new_array(x.type, index.shown.ndim, index.shown.shape);
    if (!result) return nullptr;
    const int64_t size = x.size();
    AllowThreads allow(index.size >= release_lock_from);
    const auto move = [&](auto element) {
        using U = decltype(element);
        const U* from = x.as<U>();
        U* to = data_of<U>(result);
        for (int64_t i = 0; i < index.size; ++i)
            to[i] = from[index.data[i] + (index.data[i] < 0 ? size : 0)];
    };
    switch (PyArray_ITEMSIZE(x.object)) {
        case 1: move(uint8_t{}); break;
        case 2: move(uint16_t{}); break;
        case 4: move(uint32_t{}); break;
        case 8: move(uint64_t{}); break;
        default: move(std::pair<uint64_t, uint64_t>{}); break;  // complex numbers of doubles
    }
    return result;
}

PyObject* put(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x, values;
    Indices index;
    if (nargs != 4 || !view(args[0], x) || !view(args[2], values) || !values.is_contiguous ||
        values.type != x.type || !PyBool_Check(args[3]) || !can_sum(x.type) ||
        !read_places(args[1], x.size(), index) || values.size() != index.size)
        return nullptr;
    PyObject* result = contiguous_copy(x);
    if (!result) return nullptr;
    const int64_t size = x.size();
    AllowThreads allow(index.size >= release_lock_from);
    with_sum_type(x.type, [&](auto zero) {
        using T = decltype(zero);
        T* to = data_of<T>(result);
        for (int64_t i = 0; i < index.size; ++i) {
            T& at = to[index.data[i] + (index.data[i] < 0 ? size : 0)];
            at = args[3] == Py_True ? at + values.as<T>()[i] : values.as<T>()[i];
        }
    });
    return result;
}

// x with the elements of a source, in their order, where a mask is true.
PyObject* masked_scatter(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x, mask, source;
    if (nargs != 3 || !view(args[0], x) || !view(args[1], mask) || !view(args[2], source) ||
        mask.type != NPY_BOOL || !same_shape(x, mask) || source.type != x.type ||
        !mask.is_contiguous || !source.is_contiguous || !can_sum(x.type))
        return nullptr;
    const int64_t size = x.size();
    const uint8_t* marks = mask.as<uint8_t>();  // whatever is not 0 is true
    if (std::count_if(marks, marks + size, [](uint8_t mark) { return mark != 0; }) > source.size())
        return nullptr;  // the base says so
    PyObject* result = contiguous_copy(x);
    if (!result) return nullptr;
    AllowThreads allow(size >= release_lock_from);
    with_sum_type(x.type, [&](auto zero) {
        using T = decltype(zero);
        T* to = data_of<T>(result);
        const T* from = source.as<T>();
        for (int64_t i = 0; i < size; ++i)
            if (mask.as<uint8_t>()[i]) to[i] = *from++;
    });
    return result;
}

}  // namespace rushlight
