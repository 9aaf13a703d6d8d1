#include "nonzero.h"

#include <atomic>
#include <cstring>

#include "allocator.h"
#include "copies.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

int64_t count_true(const uint8_t* mask, int64_t size) {
    int64_t count = 0;
    for (int64_t begin = 0; begin < size; begin += 240) {  // sums that a byte holds
        const int64_t end = std::min(size, begin + 240);
        uint8_t part = 0;
        for (int64_t i = begin; i < end; ++i) part = static_cast<uint8_t>(part + (mask[i] != 0));
        count += part;
    }
    return count;
}

void find_true(const uint8_t* mask, int64_t size, int64_t count, int64_t* places) {
    int64_t found = 0, i = 0;
    // Every place is written, and kept if it counts: masks are as good as random to the processor.
    // Of eight zeros or ones at once less is to be done.
    for (; i + 8 <= size && found + 8 <= count; i += 8) {
        uint64_t eight;
        std::memcpy(&eight, mask + i, sizeof eight);
        if (eight == 0) continue;
        if (eight == 0x0101010101010101u) {
            for (int k = 0; k < 8; ++k) places[found + k] = i + k;
            found += 8;
            continue;
        }
        for (int k = 0; k < 8; ++k) {
            places[found] = i + k;
            found += mask[i + k] != 0;
        }
    }
    for (; found < count; ++i)
        if (mask[i]) places[found++] = i;
}

void split_places(int64_t count, int64_t length, int64_t* places, int64_t* along) {
    int64_t line = 0, start = 0;
    for (int64_t k = 0; k < count; ++k) {
        const int64_t place = places[k];
        if (place - start >= length) {
            line = place / length;
            start = line * length;
        }
        places[k] = line;
        along[k] = place - start;
    }
}

namespace {

// Where the elements of a contiguous array are not zero, as a mask; its own memory if it is one.
const uint8_t* mask_of(const ArrayView& x, const char* data, uint8_t* room) {
    if (x.type == NPY_BOOL) return reinterpret_cast<const uint8_t*>(data);
    with_element_type(x.type, [&](auto zero) {
        const auto* elements = reinterpret_cast<const decltype(zero)*>(data);
        parallel_for(x.size(), parallel_grain, [=](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) room[i] = elements[i] != zero;
        });
    });
    return room;
}

PyObject* nonzero(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if (nargs != 1 || !view(args[0], x) || x.ndim == 0 || x.ndim > max_axes) return nullptr;
    if (!with_element_type(x.type, [](auto) {})) return nullptr;
    const int64_t size = x.size();
    Owned dense(x.is_contiguous ? Py_NewRef(args[0]) : new_array(x.type, x.ndim, x.shape));
    if (!dense) return nullptr;
    if (!x.is_contiguous) {
        npy_intp strides[max_axes];
        strides_in_order(x, Order::C, strides);
        if (!copy_elements(x, data_of<char>(dense.get()), strides)) return nullptr;
    }
    const size_t bytes = x.type == NPY_BOOL ? 1 : size;
    const allocator::Scratch room(bytes);
    if (!room.data()) throw allocator::NoMemory(bytes);
    const uint8_t* mask =
        mask_of(x, data_of<char>(dense.get()), static_cast<uint8_t*>(room.data()));
    const int64_t count = count_true(mask, size);
    // Each column is contiguous, as in PyTorch: most programs take them one by one.
    const npy_intp shape[2] = {count, x.ndim};
    const npy_intp strides[2] = {8, 8 * std::max<npy_intp>(count, 1)};
    PyObject* result = new_array_strided(NPY_INT64, 2, shape, strides);
    if (!result || count == 0) return result;
    auto* places = data_of<int64_t>(result);
    AllowThreads allow(size >= release_lock_from);
    find_true(mask, size, count, places);
    for (int axis = x.ndim - 1; axis > 0; --axis)
        split_places(count, x.shape[axis], places, places + axis * count);
    return result;
}

// How many elements of dense memory are not zero.
template <class T>
int64_t count_of(const T* x, int64_t begin, int64_t end) {
    int64_t count = 0;
    for (int64_t i = begin; i < end; i += 4096) {
        const int64_t last = std::min(end, i + 4096);
        int32_t part = 0;
        for (int64_t k = i; k < last; ++k) part += x[k] != T(0);
        count += part;
    }
    return count;
}

PyObject* count_nonzero(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int axes[NPY_MAXDIMS];
    if (nargs != 2 || args[1] != Py_None || !view(args[0], x) || !dense_axes(x, axes))
        return nullptr;
    const int64_t size = x.size();
    std::atomic<int64_t> total{0};
    const auto count = [&](auto zero) {
        using T = decltype(zero);
        AllowThreads allow(size >= release_lock_from);
        parallel_for(size, parallel_grain, [&](int64_t begin, int64_t end) {
            total += count_of(x.as<T>(), begin, end);
        });
    };
    if (x.type == NPY_BOOL)
        count(uint8_t{});
    else if (!with_element_type(x.type, count))
        return nullptr;
    PyObject* result = new_array(NPY_INT64, 0, nullptr);
    if (result) *data_of<int64_t>(result) = total;
    return result;
}

}  // namespace

PyMethodDef nonzero_methods[] = {
    method<"nonzero", nonzero>(
        "nonzero(x)\n--\n\nThe indices of the elements that are not zero, a row each."),
    method<"count_nonzero", count_nonzero>(
        "count_nonzero(x, axes, out=None)\n--\n\nHow many elements are not zero."),
    {}};

}  // namespace rushlight
