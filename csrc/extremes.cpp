// Where the largest and the smallest stand, both of them at once, and whether any or all are true.
#include <bit>
#include <numeric>
#include <type_traits>

#include "copies.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"
#include "reduction.h"

namespace rushlight {

namespace {

// Where in each of the lines along one axis of dense memory, [outer][length][inner], the extreme
// stands first.
template <class T>
void find_places(const typename Loops<T>::Extreme& loops, int64_t outer, int64_t length,
                 int64_t inner, const T* x, int64_t* out) {
    const int64_t size = length * inner;
    if (inner == 1) {
        parallel_for(outer, std::max<int64_t>(1, parallel_grain / length),
                     [=, &loops](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) out[i] = loops.place(length, x + i * length);
        });
        return;
    }
    constexpr int64_t band = 256;
    const int64_t bands = (inner + band - 1) / band;
    parallel_for(outer * bands,
                 std::max<int64_t>(1, parallel_grain / (length * std::min(inner, band))),
                 [=, &loops](int64_t begin, int64_t end) {
        for (int64_t unit = begin; unit < end; ++unit) {
            const int64_t i = unit / bands, start = unit % bands * band;
            loops.places(length, std::min(band, inner - start), x + i * size + start, inner,
                         out + i * inner + start);
        }
    });
}

template <bool largest, class T>
PyObject* places_of(const ArrayView& x, int axis, const int* axes, bool keepdims) {
    npy_intp shape[max_axes], strides[max_axes], step = sizeof(int64_t);
    int64_t inner = 1, length = 1;
    bool is_inner = true;
    for (int i = x.ndim - 1; i >= 0; --i) {  // the order of the axes that stay is kept first
        const int at = axes[i];
        shape[at] = at == axis ? 1 : x.shape[at];
        strides[at] = step;
        step *= shape[at];
        if (at == axis) {
            length = x.shape[at];
            is_inner = false;
        } else if (is_inner) {
            inner *= x.shape[at];
        }
    }
    if (!keepdims)
        for (int i = axis; i + 1 < x.ndim; ++i) {
            shape[i] = shape[i + 1];
            strides[i] = strides[i + 1];
        }
    Owned result(new_array_strided(NPY_INT64, x.ndim - (keepdims ? 0 : 1), shape, strides));
    if (!result) return nullptr;
    {
        AllowThreads allow(x.size() >= release_lock_from);
        find_places<T>(largest ? loops<T>().largest : loops<T>().smallest,
                       x.size() / (length * inner), length, inner, x.as<T>(),
                       data_of<int64_t>(result.get()));
    }
    // Indices lie in the order of the shape, as PyTorch's.
    ArrayView made;
    if (!view(result.get(), made) || made.is_contiguous) return result.hand_on();
    int in_order[max_axes];
    std::iota(in_order, in_order + made.ndim, 0);
    return copy_in_order(made, in_order);
}

template <bool largest>
PyObject* place(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int axis, axes[NPY_MAXDIMS];
    if (nargs != 3 || !view(args[0], x) || x.ndim > max_axes || x.size() == 0) return nullptr;
    if (args[1] == Py_None && args[2] == Py_False && x.is_contiguous) {  // of all: as one line
        const npy_intp size = x.size(), stride = PyArray_ITEMSIZE(x.object);
        ArrayView line = x;
        line.ndim = 1;
        line.shape = &size;
        line.strides = &stride;
        const int along = 0;
        if (size >= npy_intp{1} << 31) return nullptr;
        if (x.type == NPY_FLOAT) return places_of<largest, float>(line, 0, &along, false);
        return x.type == NPY_DOUBLE ? places_of<largest, double>(line, 0, &along, false) : nullptr;
    }
    if (!read_axis(args[1], x.ndim, axis) || !dense_axes(x, axes)) return nullptr;
    if (x.shape[axis] >= npy_intp{1} << 31) return nullptr;  // numbers of rows are 32 bits
    const int keepdims = PyObject_IsTrue(args[2]);
    if (keepdims < 0) return nullptr;
    if (x.type == NPY_FLOAT) return places_of<largest, float>(x, axis, axes, keepdims);
    return x.type == NPY_DOUBLE ? places_of<largest, double>(x, axis, axes, keepdims) : nullptr;
}

// The smallest and the largest of a line, which is read once; NaN if there is one.
template <class T>
void both_extremes(const T* x, int64_t n, T& least, T& most) {
    constexpr int64_t block = 4096;  // which the first-level cache holds
    const auto join = [](T a, T b, bool larger) {
        return a != a ? a : b != b ? b : (larger ? b > a : b < a) ? b : a;
    };
    for (int64_t begin = 0; begin < n; begin += block) {
        const int64_t count = std::min(block, n - begin);
        const T low = loops<T>().smallest.row(count, x + begin);
        const T high = loops<T>().largest.row(count, x + begin);
        least = begin ? join(least, low, false) : low;
        most = begin ? join(most, high, true) : high;
    }
}

// Of all elements of a contiguous array, or of each line along its last axis.
PyObject* aminmax(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    bool summed[max_axes];
    int keepdims;
    if (!read_reduction(args, nargs, x, summed, keepdims) || !x.is_contiguous) return nullptr;
    const int64_t count = std::count(summed, summed + x.ndim, true);
    if (count != x.ndim && (count != 1 || !summed[x.ndim - 1])) return nullptr;
    const int64_t length = count == x.ndim ? x.size() : x.shape[x.ndim - 1];
    if (x.size() >= parallel_grain && num_threads() > 1) return nullptr;  // others share the work
    npy_intp shape[max_axes];
    int ndim = 0;
    for (int i = 0; i < x.ndim; ++i)
        if (!summed[i] || keepdims) shape[ndim++] = summed[i] ? 1 : x.shape[i];
    const auto find = [&](auto zero) -> PyObject* {
        using T = decltype(zero);
        Owned least(new_array(x.type, ndim, shape)), most(new_array(x.type, ndim, shape));
        if (!least || !most) return nullptr;
        {
            AllowThreads allow(x.size() >= release_lock_from);
            for (int64_t row = 0; row < x.size() / length; ++row)
                both_extremes(x.as<T>() + row * length, length, data_of<T>(least.get())[row],
                              data_of<T>(most.get())[row]);
        }
        return Py_BuildValue("(NN)", least.hand_on(), most.hand_on());
    };
    if (x.type == NPY_FLOAT) return find(float{});
    return x.type == NPY_DOUBLE ? find(double{}) : nullptr;
}

// An unsigned number as large as an element: of bools the compiler makes no vectors.
template <size_t size>
using Bits = std::conditional_t<size == 1, uint8_t,
                                std::conditional_t<size == 2, uint16_t,
                                                   std::conditional_t<size == 4, uint32_t, uint64_t>>>;

// 0 for 0 and -0 alone.
inline uint64_t bits_but_sign(double x) { return std::bit_cast<uint64_t>(x) << 1; }
inline uint64_t bits_but_sign(int64_t x) { return static_cast<uint64_t>(x); }

// Whether one of n elements is other than zero (`all`: whether each is).
template <bool all, class T>
bool truth(const T* x, int64_t n) {
    constexpr int64_t block = 1024;  // a look at each would not be vectorised
    for (int64_t begin = 0; begin < n; begin += block) {
        const int64_t end = std::min(n, begin + block);
        Bits<sizeof(T)> found = 0;
        for (int64_t i = begin; i < end; ++i) {
            if constexpr (all)
                found |= x[i] == T{0};
            else if constexpr (sizeof(T) == 8)  // SSE2 compares no numbers of 64 bits
                found |= bits_but_sign(x[i]);
            else
                found |= x[i] != T{0};
        }
        if (found) return !all;
    }
    return all;
}

// Of all elements of a contiguous array, or of each line along its last axis.
template <bool all>
PyObject* truths(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    bool summed[max_axes];
    int keepdims;
    if (!read_reduction(args, nargs, x, summed, keepdims) || !x.is_contiguous) return nullptr;
    // Of many numbers of 64 bits, which SSE2 does not compare, the base takes a third of the time.
    if (all && x.size() > 4096 && PyArray_ITEMSIZE(x.object) == 8) return nullptr;
    const int64_t count = std::count(summed, summed + x.ndim, true);
    if (count != x.ndim && (count != 1 || !summed[x.ndim - 1])) return nullptr;
    npy_intp shape[max_axes];
    int ndim = 0;
    for (int i = 0; i < x.ndim; ++i) {
        if (summed[i] && !keepdims) continue;
        shape[ndim++] = summed[i] ? 1 : x.shape[i];
    }
    const int64_t length = count == x.ndim ? x.size() : x.shape[x.ndim - 1];
    Owned result(new_array(NPY_BOOL, ndim, shape));
    if (!result) return nullptr;
    auto* out = data_of<uint8_t>(result.get());
    AllowThreads allow(x.size() >= release_lock_from);
    const bool covered = with_element_type(x.type, [&](auto zero) {
        using T = decltype(zero);
        const int64_t rows = x.size() / length;
        for (int64_t row = 0; row < rows; ++row)
            out[row] = truth<all>(x.as<T>() + row * length, length);
    });
    return covered ? result.hand_on() : nullptr;
}

}  // namespace

PyMethodDef extremes_methods[] = {
    method<"aminmax", aminmax>(
        "aminmax(x, axes, keepdims)\n--\n\nThe smallest and the largest along some axes."),
    method<"all", truths<true>>(
        "all(x, axes, keepdims, out=None)\n--\n\nWhether no element along some axes is zero."),
    method<"any", truths<false>>(
        "any(x, axes, keepdims, out=None)\n--\n\nWhether an element along some axes is not zero."),
    method<"argmax", place<true>>(
        "argmax(x, axis, keepdims, out=None)\n--\n\nWhere the largest along an axis stand."),
    method<"argmin", place<false>>(
        "argmin(x, axis, keepdims, out=None)\n--\n\nWhere the smallest along an axis stand."),
    {}};

}  // namespace rushlight
