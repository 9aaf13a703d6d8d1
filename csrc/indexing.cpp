// Elements picked and added along an axis by index. Indices are int64 and are looked at before
// anything is written.
#include <cstring>
#include <type_traits>

#include "indices.h"
#include "parallel.h"

namespace rushlight {

namespace {

// Calls body(data, strides, n) over rows of the last axis for three arrays of one shape, work
// shared along the longest axis but `serial` (the last only where it is the only one).
template <class Body>
void for_each_row_of(int ndim, const npy_intp* shape, int serial, char* const (&data)[3],
                     const npy_intp* const (&strides)[3], const Body& body) {
    int split = -1;
    for (int i = 0; i < ndim; ++i)
        if (i != serial && (split < 0 || shape[i] > shape[split])) split = i;
    const npy_intp size = PyArray_MultiplyList(shape, ndim);
    if (size == 0) return;
    const auto part = [&](int64_t begin, int64_t end) {
        npy_intp lengths[max_axes], index[max_axes] = {};
        std::copy_n(shape, ndim, lengths);
        char* at[3] = {data[0], data[1], data[2]};
        if (split >= 0) {
            lengths[split] = end - begin;
            for (int k = 0; k < 3; ++k) at[k] += begin * strides[k][split];
        }
        const int inner = ndim - 1;
        const npy_intp steps[3] = {strides[0][inner], strides[1][inner], strides[2][inner]};
        while (true) {
            body(at, steps, lengths[inner]);
            int i = inner - 1;
            for (; i >= 0; --i) {
                const bool wraps = ++index[i] == lengths[i];
                const npy_intp moves = wraps ? 1 - lengths[i] : 1;
                for (int k = 0; k < 3; ++k) at[k] += moves * strides[k][i];
                if (!wraps) break;
                index[i] = 0;
            }
            if (i < 0) return;
        }
    };
    if (split < 0) {
        part(0, 1);
    } else {
        parallel_for(shape[split], std::max<int64_t>(1, parallel_grain / 4 * shape[split] / size),
                     part);
    }
}

template <class U>
void gather_rows(const ArrayView& x, int axis, const Indices& index, PyObject* result) {
    npy_intp x_strides[max_axes], index_strides[max_axes];
    std::copy_n(x.strides, x.ndim, x_strides);
    const npy_intp step = x_strides[axis];
    x_strides[axis] = 0;
    strides_in_order(index.shown, Order::C, index_strides);
    auto* made = reinterpret_cast<PyArrayObject*>(result);
    char* const data[3] = {x.data, reinterpret_cast<char*>(const_cast<int64_t*>(index.data)),
                           PyArray_BYTES(made)};
    const npy_intp* const strides[3] = {x_strides, index_strides, PyArray_STRIDES(made)};
    for_each_row_of(x.ndim, index.shown.shape, -1, data, strides,
                    [=](char* const* at, const npy_intp* steps, npy_intp n) {
        const auto* places = reinterpret_cast<const int64_t*>(at[1]);
        if (steps[0] == 0 && step == sizeof(U) && steps[2] == sizeof(U)) {
            const U* from = reinterpret_cast<const U*>(at[0]);
            U* to = reinterpret_cast<U*>(at[2]);
            for (npy_intp i = 0; i < n; ++i) to[i] = from[places[i]];
            return;
        }
        for (npy_intp i = 0; i < n; ++i)
            *reinterpret_cast<U*>(at[2] + i * steps[2]) =
                *reinterpret_cast<const U*>(at[0] + i * steps[0] + places[i] * step);
    });
}

// Whether an index goes with an array: as many axes, and only along `axis` longer.
bool fits(const ArrayView& x, int axis, const ArrayView& index) {
    if (x.ndim != index.ndim) return false;
    for (int i = 0; i < x.ndim; ++i)
        if (i != axis && index.shape[i] > x.shape[i]) return false;
    return true;
}

PyObject* gather(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    Indices index;
    int axis;
    if ((nargs != 3 && !(nargs == 4 && args[3] == Py_None)) || !view(args[0], x) ||
        !read_axis(args[1], x.ndim, axis) || !index.read(args[2]) || !fits(x, axis, index.shown))
        return nullptr;
    const npy_intp item = PyArray_ITEMSIZE(x.object);
    const bool plain = PyTypeNum_ISNUMBER(x.type) || PyTypeNum_ISBOOL(x.type);
    if (!plain || (item != 1 && item != 2 && item != 4 && item != 8)) return nullptr;
    if (!index.within(0, x.shape[axis], axis)) return nullptr;
    npy_intp strides[max_axes];
    strides_like(index.shown, strides);
    for (int i = 0; i < x.ndim; ++i) strides[i] = strides[i] / 8 * item;
    PyObject* result = new_array_strided(x.type, x.ndim, index.shown.shape, strides);
    if (!result) return nullptr;
    AllowThreads allow(index.size >= release_lock_from);
    switch (item) {
        case 1: gather_rows<uint8_t>(x, axis, index, result); break;
        case 2: gather_rows<uint16_t>(x, axis, index, result); break;
        case 4: gather_rows<uint32_t>(x, axis, index, result); break;
        case 8: gather_rows<uint64_t>(x, axis, index, result); break;
    }
    return result;
}

// How an element is put to that of its place.
struct Put {
    template <class T>
    static T join(T, T b) { return b; }
    template <class T>
    static void put(T& a, T b) { a = b; }
};
struct Add {
    template <class T>
    static T join(T a, T b) { return a + b; }
    template <class T>
    static void put(T& a, T b) { a += b; }
};
struct Multiply {
    template <class T>
    static T join(T a, T b) { return a * b; }
};
template <bool largest>
struct Extreme {  // nan, where one of them is
    template <class T>
    static T join(T a, T b) {
        return (largest ? b > a : b < a) || b != b ? (a != a ? a : b) : a;
    }
};

// One of Python's numbers as an element; false where it is none that every such type holds.
struct Number {
    alignas(8) char bytes[8];

    bool read(PyObject* object, int type) {
        const bool is_float = PyFloat_CheckExact(object);
        if (!is_float && !PyLong_CheckExact(object)) return false;
        const bool fits = with_sum_type(type, [&](auto zero) {
            using T = decltype(zero);
            T value;
            if constexpr (std::is_floating_point_v<T>) {
                value = static_cast<T>(PyFloat_AsDouble(object));
            } else {
                const int64_t whole = is_float ? -1 : PyLong_AsLongLong(object);
                value = static_cast<T>(whole);
                if (is_float || value != whole) PyErr_SetNone(PyExc_OverflowError);
            }
            std::memcpy(bytes, &value, sizeof value);
        });
        if (!PyErr_Occurred()) return fits;
        PyErr_Clear();
        return false;
    }
};

// x, or x itself changed where it is the output, with values put to the places that index names.
template <class Join>
PyObject* scatter_with(PyObject* const* args, PyObject* values_array, PyObject* out) {
    ArrayView x, values;
    Indices index;
    Number number;
    int axis;
    if (!view(args[0], x) || !read_axis(args[1], x.ndim, axis) || !index.read(args[2]))
        return nullptr;
    const npy_intp nowhere[max_axes] = {};
    if (number.read(values_array, x.type)) {  // everywhere
        values = index.shown;
        values.object = nullptr;
        values.data = number.bytes;
        values.strides = nowhere;
        values.type = x.type;
    } else if (!view(values_array, values)) {
        return nullptr;
    }
    const bool in_place = out == args[0];
    if (out != Py_None && !in_place) return nullptr;
    if (values.type != x.type || !can_sum(x.type) || !fits(x, axis, index.shown) ||
        !same_shape(values, index.shown))
        return nullptr;
    // An index that is overwritten on the way would name other places than those that were checked.
    if (in_place && (!x.is_writeable() || may_overlap(x, index.shown) ||
                     (values.object && may_overlap(x, values))))
        return nullptr;
    if (!index.within(0, x.shape[axis], axis)) return nullptr;
    PyObject* result = in_place ? Py_NewRef(args[0]) : contiguous_copy(x);
    ArrayView target;
    if (!result || !view(result, target)) return result;
    npy_intp target_strides[max_axes], index_strides[max_axes];
    std::copy_n(target.strides, x.ndim, target_strides);
    const npy_intp step = target_strides[axis];
    target_strides[axis] = 0;
    strides_in_order(index.shown, Order::C, index_strides);
    char* const data[3] = {target.data, reinterpret_cast<char*>(const_cast<int64_t*>(index.data)),
                           values.data};
    const npy_intp* const strides[3] = {target_strides, index_strides, values.strides};
    AllowThreads allow(index.size >= release_lock_from);
    with_sum_type(x.type, [&](auto zero) {
        using T = decltype(zero);
        for_each_row_of(x.ndim, index.shown.shape, axis, data, strides,
                        [=](char* const* at, const npy_intp* steps, npy_intp n) {
            const auto* places = reinterpret_cast<const int64_t*>(at[1]);
            if (steps[0] == 0 && step == sizeof(T) && steps[2] == sizeof(T)) {
                T* to = reinterpret_cast<T*>(at[0]);
                const T* from = reinterpret_cast<const T*>(at[2]);
                for (npy_intp i = 0; i < n; ++i)
                    to[places[i]] = Join::join(to[places[i]], from[i]);
                return;
            }
            for (npy_intp i = 0; i < n; ++i) {
                T& to = *reinterpret_cast<T*>(at[0] + i * steps[0] + places[i] * step);
                to = Join::join(to, *reinterpret_cast<const T*>(at[2] + i * steps[2]));
            }
        });
    });
    return result;
}

PyObject* scatter_add(PyObject* const* args, Py_ssize_t nargs) {
    if (nargs != 4 && nargs != 5) return nullptr;
    return scatter_with<Add>(args, args[3], nargs == 5 ? args[4] : Py_None);
}

PyObject* scatter(PyObject* const* args, Py_ssize_t nargs) {
    if (nargs != 4 && nargs != 5) return nullptr;
    return scatter_with<Put>(args, args[3], nargs == 5 ? args[4] : Py_None);
}

// Where what stood there counts, too.
PyObject* scatter_reduce(PyObject* const* args, Py_ssize_t nargs) {
    if ((nargs != 6 && nargs != 7) || !PyUnicode_Check(args[4]) || args[5] != Py_True)
        return nullptr;
    PyObject* out = nargs == 7 ? args[6] : Py_None;
    if (PyUnicode_CompareWithASCIIString(args[4], "prod") == 0)
        return scatter_with<Multiply>(args, args[3], out);
    if (PyUnicode_CompareWithASCIIString(args[4], "amax") == 0)
        return scatter_with<Extreme<true>>(args, args[3], out);
    if (PyUnicode_CompareWithASCIIString(args[4], "amin") == 0)
        return scatter_with<Extreme<false>>(args, args[3], out);
    return nullptr;
}

// --- whole slices of an axis

// A contiguous array as [outer][length][inner] about one axis.
struct Slices {
    int64_t outer, length, inner;
    Slices(const ArrayView& x, int axis)
        : outer(PyArray_MultiplyList(x.shape, axis)),
          length(x.shape[axis]),
          inner(PyArray_MultiplyList(x.shape + axis + 1, x.ndim - axis - 1)) {}
};

PyObject* index_select(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    Indices index;
    int axis;
    if (nargs != 3 || !view(args[0], x) || !read_axis(args[1], x.ndim, axis) ||
        !index.read(args[2]) || index.shown.ndim != 1 || x.ndim > max_axes || !is_plain(x.type))
        return nullptr;
    if (!index.within(0, x.shape[axis], axis)) return nullptr;
    // In another order x is copied first, unless that is much more than is picked.
    if (!x.is_contiguous && x.shape[axis] > 2 * index.size) return nullptr;
    const Owned ordered(x.is_contiguous ? Py_NewRef(args[0]) : contiguous_copy(x));
    if (!ordered || !view(ordered.get(), x)) return nullptr;
    npy_intp shape[max_axes];
    std::copy_n(x.shape, x.ndim, shape);
    shape[axis] = index.size;
    PyObject* result = new_array(x.type, x.ndim, shape);
    if (!result) return nullptr;
    const Slices slices(x, axis);
    const int64_t bytes = slices.inner * PyArray_ITEMSIZE(x.object);
    const int64_t units = slices.outer * index.size;
    const char* from = x.data;
    char* to = data_of<char>(result);
    const int64_t* places = index.data;
    const int64_t count = index.size;
    if (units == 0 || bytes == 0) return result;
    AllowThreads allow(units * slices.inner >= release_lock_from);
    parallel_for(units, std::max<int64_t>(1, parallel_grain / slices.inner),
                 [=](int64_t begin, int64_t end) {
        const auto move = [=](auto size) {
            int64_t place = begin % count;
            const char* slices_here = from + begin / count * slices.length * bytes;
            for (int64_t unit = begin; unit < end; ++unit) {
                std::memcpy(to + unit * bytes, slices_here + places[place] * bytes, size);
                if (++place < count) continue;
                place = 0;
                slices_here += slices.length * bytes;
            }
        };
        switch (bytes) {  // a copy of known size is a single move
            case 4: return move(std::integral_constant<int64_t, 4>{});
            case 8: return move(std::integral_constant<int64_t, 8>{});
            default: return move(bytes);
        }
    });
    return result;
}

// Puts slices of `values`, or one element, to those of `target` that `places` names, which are in
// range.
template <class Join>
void join_slices(PyObject* target, int type, const char* values, bool is_number,
                 const Slices& slices, const int64_t* places, int64_t count) {
    const auto join = [&](auto zero) {
        using T = decltype(zero);
        T* to = data_of<T>(target);
        const T* from = reinterpret_cast<const T*>(values);
        if (is_number) {
            for (int64_t o = 0; o < slices.outer; ++o)
                for (int64_t k = 0; k < count; ++k)
                    std::fill_n(to + (o * slices.length + places[k]) * slices.inner, slices.inner,
                                *from);
            return;
        }
        // Each thread has a band of every slice, so that no two add to the same place.
        parallel_for(slices.outer * slices.inner,
                     std::max<int64_t>(16, parallel_grain / std::max<int64_t>(count, 1)),
                     [=](int64_t begin, int64_t end) {
            for (int64_t o = begin; slices.inner == 1 && o < end; ++o)
                for (int64_t k = 0; k < count; ++k)
                    Join::put(to[o * slices.length + places[k]], from[o * count + k]);
            if (slices.inner == 1) return;
            for (int64_t o = begin / slices.inner; o * slices.inner < end; ++o) {
                const int64_t first = std::max<int64_t>(begin - o * slices.inner, 0);
                const int64_t last = std::min(end - o * slices.inner, slices.inner);
                for (int64_t k = 0; k < count; ++k) {
                    T* row = to + (o * slices.length + places[k]) * slices.inner;
                    const T* added = from + (o * count + k) * slices.inner;
                    for (int64_t i = first; i < last; ++i) Join::put(row[i], added[i]);
                }
            }
        });
    };
    AllowThreads allow(slices.outer * count * slices.inner >= release_lock_from);
    with_sum_type(type, join);
}

// A copy of x, or x itself where it is the output, with slices put to those along one axis.
template <class Join, bool takes_number>
PyObject* slices_with(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x, values;
    Indices index;
    Number number;
    int axis;
    if ((nargs != 4 && nargs != 5) || !view(args[0], x) || !read_axis(args[1], x.ndim, axis) ||
        !index.read(args[2]) || index.shown.ndim != 1 || !can_sum(x.type))
        return nullptr;
    const bool in_place = nargs == 5 && args[4] == args[0];
    if (nargs == 5 && args[4] != Py_None && !in_place) return nullptr;
    if (in_place && (!x.is_writeable() || !x.is_contiguous || may_overlap(x, index.shown)))
        return nullptr;
    const bool is_number = takes_number && number.read(args[3], x.type);
    if (!is_number) {
        if (!view(args[3], values) || (in_place && may_overlap(x, values)) ||
            values.type != x.type || !values.is_contiguous || values.ndim != x.ndim)
            return nullptr;
        for (int i = 0; i < x.ndim; ++i)
            if (values.shape[i] != (i == axis ? index.size : x.shape[i])) return nullptr;
    }
    if (!index.within(0, x.shape[axis], axis)) return nullptr;
    PyObject* result = in_place ? Py_NewRef(args[0]) : contiguous_copy(x);
    if (result && x.size() > 0 && index.size > 0)
        join_slices<Join>(result, x.type, is_number ? number.bytes : values.data, is_number,
                          Slices(x, axis), index.data, index.size);
    return result;
}

PyObject* one_hot(PyObject* const* args, Py_ssize_t nargs) {
    Indices x;
    if (nargs != 2 || !x.read(args[0]) || !PyLong_Check(args[1]) || x.shown.ndim == max_axes)
        return nullptr;
    const Py_ssize_t classes = PyLong_AsSsize_t(args[1]);
    if (classes < 0) {
        PyErr_Clear();
        return nullptr;
    }
    npy_intp shape[max_axes];
    std::copy_n(x.shown.shape, x.shown.ndim, shape);
    shape[x.shown.ndim] = classes;
    PyObject* result = new_array(NPY_INT64, x.shown.ndim + 1, shape);
    if (!result) return nullptr;
    auto* out = data_of<int64_t>(result);
    const int64_t* numbers = x.data;
    AllowThreads allow(x.size * classes >= release_lock_from);
    parallel_for(x.size, std::max<int64_t>(1, parallel_grain / std::max<int64_t>(classes, 1)),
                 [=](int64_t begin, int64_t end) {
        std::fill(out + begin * classes, out + end * classes, 0);
        for (int64_t i = begin; i < end; ++i)
            if (numbers[i] >= 0 && numbers[i] < classes) out[i * classes + numbers[i]] = 1;
    });
    return result;
}

}  // namespace

PyMethodDef indexing_methods[] = {
    method<"gather", gather>(
        "gather(x, axis, index, out=None)\n--\n\nThe elements that index names along an axis."),
    method<"scatter_add", scatter_add>(
        "scatter_add(x, axis, index, values, out=None)\n--\n\nx with values added at index."),
    method<"scatter", scatter>(
        "scatter(x, axis, index, values, out=None)\n--\n\nx with values put at index."),
    method<"scatter_reduce", scatter_reduce>(
        "scatter_reduce(x, axis, index, values, reduce, include_self, out=None)\n--\n\n"
        "x with values put together with those at index."),
    method<"index_select", index_select>(
        "index_select(x, axis, index)\n--\n\nThe slices of an axis that index names."),
    method<"index_add", slices_with<Add, false>>(
        "index_add(x, axis, index, values, out=None)\n--\n\n"
        "x with slices added to those index names."),
    method<"index_copy", slices_with<Put, true>>(
        "index_copy(x, axis, index, values, out=None)\n--\n\n"
        "x with slices, or a number, in the places of those index names."),
    method<"take", take>("take(x, index)\n--\n\nThe elements at places of the whole array."),
    method<"put", put>(
        "put(x, index, values, accumulate)\n--\n\n"
        "x with values at places of the whole array, or added to what is there."),
    method<"masked_scatter", masked_scatter>(
        "masked_scatter(x, mask, source)\n--\n\n"
        "x with the elements of source, in their order, where mask is true."),
    method<"one_hot", one_hot>("one_hot(x, classes)\n--\n\nVectors with a 1 at a number."),
    {}};

}  // namespace rushlight
