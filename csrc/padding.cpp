// Borders around arrays. Along each axis a map says which element of the input stands at a place of
// the result; in a row of the fastest axis all but the borders is one copy.
#include <cstring>

#include "allocator.h"
#include "array_view.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

constexpr npy_intp no_source = NPY_MIN_INTP;

enum class Mode { Constant, Reflect, Replicate, Circular };

bool read_mode(PyObject* object, Mode& mode) {
    if (!PyUnicode_Check(object)) return false;
    const auto is = [&](const char* name) {
        return PyUnicode_CompareWithASCIIString(object, name) == 0;
    };
    mode = is("reflect") ? Mode::Reflect : is("replicate") ? Mode::Replicate
           : is("circular")                                ? Mode::Circular
                                                           : Mode::Constant;
    return mode != Mode::Constant || is("constant");
}

// The place in an axis of `size` that is seen at `at`, which may lie outside; -1: none.
npy_intp source_of(Mode mode, npy_intp at, npy_intp size) {
    if (at >= 0 && at < size) return at;
    switch (mode) {
        case Mode::Constant: return -1;
        case Mode::Reflect: return at < 0 ? -at : 2 * (size - 1) - at;
        case Mode::Replicate: return at < 0 ? 0 : size - 1;
        case Mode::Circular: return at < 0 ? at + size : at - size;
    }
    return -1;
}

// The axes from the slowest to the fastest in memory, and the maps of all, one behind the other.
struct Border {
    int ndim;
    int axes[NPY_MAXDIMS];
    npy_intp inner[max_axes], outer[max_axes], before[max_axes];  // sizes without and with
    npy_intp places = 0, start[max_axes];
    npy_intp unit = 1;  // elements that lie together at each place of the fastest axis that counts

    // Widths are ((before, after), ...); negative ones cut off. False for other objects.
    bool read(PyObject* widths, const ArrayView& x, bool x_is_padded) {
        if (!PyTuple_Check(widths) && !PyList_Check(widths)) return false;
        if (PySequence_Fast_GET_SIZE(widths) != x.ndim || x.ndim == 0 || x.ndim > max_axes)
            return false;
        ndim = x.ndim;
        dense_axes(x, axes);
        for (int i = 0; i < ndim; ++i) {
            PyObject* pair = PySequence_Fast_GET_ITEM(widths, i);
            if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) return false;
            before[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(pair, 0));
            const npy_intp after = PyLong_AsSsize_t(PyTuple_GET_ITEM(pair, 1));
            if (PyErr_Occurred()) {
                PyErr_Clear();
                return false;
            }
            npy_intp width;
            if (__builtin_add_overflow(before[i], after, &width)) return false;
            inner[i] = outer[i] = x.shape[i];
            const bool overflows =
                x_is_padded ? __builtin_sub_overflow(x.shape[i], width, &inner[i])
                            : __builtin_add_overflow(x.shape[i], width, &outer[i]);
            if (overflows || inner[i] < 0 || outer[i] < 0) return false;
            start[i] = places;
            if (__builtin_add_overflow(places, outer[i], &places)) return false;
        }
        if (places > NPY_MAX_INTP / npy_intp{sizeof(npy_intp)}) return false;
        // Axes without a border, fastest in memory, are one with the axis before them.
        while (ndim > 1 && inner[axes[ndim - 1]] == outer[axes[ndim - 1]] &&
               outer[axes[ndim - 1]] > 0 &&
               before[axes[ndim - 1]] == 0 &&
               x.strides[axes[ndim - 1]] == unit * PyArray_ITEMSIZE(x.object) &&
               x.strides[axes[ndim - 2]] == x.strides[axes[ndim - 1]] * outer[axes[ndim - 1]])
            unit *= outer[axes[--ndim]];
        return true;
    }

    // False where a border is wider than the mode can fill it.
    bool fill_maps(Mode mode, npy_intp* maps) const {
        for (int k = 0; k < ndim; ++k) {
            const int i = axes[k];
            for (npy_intp at = 0; at < outer[i]; ++at) {
                const npy_intp found = source_of(mode, at - before[i], inner[i]);
                if (mode != Mode::Constant && (found < 0 || found >= inner[i])) return false;
                maps[start[i] + at] = found;
            }
        }
        return true;
    }

    void strides(int all, const npy_intp* shape, npy_intp item, npy_intp* result) const {
        for (int i = all - 1; i >= 0; --i) {
            result[axes[i]] = item;
            item *= std::max<npy_intp>(shape[axes[i]], 1);
        }
    }

    // Calls body(row of the padded array, offset of its source), `no_source` for a row of the
    // border alone; rows from `begin` to `end` of those along the fastest axis.
    template <class Body>
    void for_each_row(const npy_intp* maps, const npy_intp* source_strides, int64_t begin,
                      int64_t end, const Body& body) const {
        npy_intp index[max_axes];
        int64_t rest = begin;
        for (int i = ndim - 2; i >= 0; --i) {
            index[i] = rest % outer[axes[i]];
            rest /= outer[axes[i]];
        }
        for (int64_t row = begin; row < end;) {
            npy_intp offset = 0;  // of the axes but the last two
            bool inside = true;
            for (int i = 0; i < ndim - 2; ++i) {
                const npy_intp place = maps[start[axes[i]] + index[i]];
                inside = inside && place >= 0;
                offset += place * source_strides[axes[i]];
            }
            if (ndim == 1) {
                body(row++, 0);
                continue;
            }
            const int axis = axes[ndim - 2];
            for (npy_intp& at = index[ndim - 2]; at < outer[axis] && row < end; ++at) {
                const npy_intp place = inside ? maps[start[axis] + at] : -1;
                body(row++, place < 0 ? no_source : offset + place * source_strides[axis]);
            }
            index[ndim - 2] = 0;
            for (int i = ndim - 3; i >= 0; --i) {
                if (++index[i] < outer[axes[i]]) break;
                index[i] = 0;
            }
        }
    }

    int fastest() const { return axes[ndim - 1]; }
    int64_t rows() const {
        int64_t count = 1;
        for (int i = 0; i + 1 < ndim; ++i) count *= outer[axes[i]];
        return count;
    }
};

// In a row, `size` places from `first` on hold the input's own, in order, but for its first
// `skipped`.
struct Middle {
    npy_intp first, skipped, size;
    explicit Middle(const Border& border) {
        const int axis = border.fastest();
        const npy_intp length = border.outer[axis];
        first = std::clamp<npy_intp>(border.before[axis], 0, length);
        skipped = std::max<npy_intp>(-border.before[axis], 0);
        size = std::clamp<npy_intp>(border.inner[axis] - skipped, 0, length - first);
    }
};

// The value of a constant border as an element's bits; false where NumPy should convert it.
bool read_value(PyObject* object, int type, char* bits) {
    if (!PyFloat_CheckExact(object) && !PyLong_CheckExact(object)) return false;
    const auto write = [&](auto value) {
        std::memcpy(bits, &value, sizeof value);
        return true;
    };
    const double number = PyFloat_AsDouble(object);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return false;
    }
    if (type == NPY_FLOAT) return write(static_cast<float>(number));
    if (type == NPY_DOUBLE) return write(number);
    if (type == NPY_INT64 && PyLong_CheckExact(object)) {
        int overflow;
        const int64_t whole = PyLong_AsLongLongAndOverflow(object, &overflow);
        return !overflow && write(whole);
    }
    std::memset(bits, 0, 16);
    return number == 0 && (PyTypeNum_ISNUMBER(type) || PyTypeNum_ISBOOL(type));
}

template <class U>
void pad_rows(const Border& border, const npy_intp* maps, const ArrayView& x, const char* value,
              PyObject* result) {
    U filling;
    std::memcpy(&filling, value, sizeof(U));
    const int fastest = border.fastest();
    const npy_intp length = border.outer[fastest], step = x.strides[fastest], unit = border.unit;
    const bool together = step == unit * static_cast<npy_intp>(sizeof(U));
    const npy_intp* map = maps + border.start[fastest];
    const Middle middle(border);
    U* out = data_of<U>(result);
    parallel_for(border.rows(),
                 std::max<int64_t>(1, parallel_grain / std::max<npy_intp>(length * unit, 1)),
                 [=, &border, &x](int64_t begin, int64_t end) {
        border.for_each_row(maps, x.strides, begin, end, [=](int64_t row, npy_intp offset) {
            U* to = out + row * length * unit;
            if (offset == no_source) {
                std::fill_n(to, length * unit, filling);
                return;
            }
            const char* from = x.data + offset;
            const auto edge = [=](npy_intp i) {
                const U* source = reinterpret_cast<const U*>(from + map[i] * step);
                if (unit == 1)
                    to[i] = map[i] < 0 ? filling : *source;
                else if (map[i] < 0)
                    std::fill_n(to + i * unit, unit, filling);
                else
                    std::copy_n(source, unit, to + i * unit);
            };
            for (npy_intp i = 0; i < middle.first; ++i) edge(i);
            if (together && middle.size > 0)
                std::memcpy(to + middle.first * unit, from + middle.skipped * step,
                            middle.size * unit * sizeof(U));
            for (npy_intp i = middle.first; !together && i < middle.first + middle.size; ++i)
                edge(i);
            for (npy_intp i = middle.first + middle.size; i < length; ++i) edge(i);
        });
    });
}

struct Pair {
    uint64_t first, second;
};

PyObject* pad(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    Border border;
    Mode mode;
    char value[16] = {};
    if (nargs != 4 || !view(args[0], x) || !border.read(args[1], x, false) ||
        !read_mode(args[2], mode))
        return nullptr;
    if (!PyTypeNum_ISNUMBER(x.type) && !PyTypeNum_ISBOOL(x.type)) return nullptr;
    if (mode == Mode::Constant && !read_value(args[3], x.type, value)) return nullptr;
    npy_intp strides[max_axes];
    const npy_intp item = PyArray_ITEMSIZE(x.object);
    border.strides(x.ndim, border.outer, item, strides);
    Owned result(new_array_strided(x.type, x.ndim, border.outer, strides));
    if (!result) return nullptr;
    allocator::Scratch scratch(std::max<npy_intp>(border.places, 1) * sizeof(npy_intp));
    auto* maps = static_cast<npy_intp*>(scratch.data());
    if (!maps) return PyErr_NoMemory();
    if (!border.fill_maps(mode, maps)) return nullptr;
    const npy_intp size = PyArray_SIZE(reinterpret_cast<PyArrayObject*>(result.get()));
    if (size == 0) return result.hand_on();
    {
        AllowThreads allow(size >= release_lock_from);
        switch (item) {
            case 1: pad_rows<uint8_t>(border, maps, x, value, result.get()); break;
            case 2: pad_rows<uint16_t>(border, maps, x, value, result.get()); break;
            case 4: pad_rows<uint32_t>(border, maps, x, value, result.get()); break;
            case 8: pad_rows<uint64_t>(border, maps, x, value, result.get()); break;
            case 16: pad_rows<Pair>(border, maps, x, value, result.get()); break;
        }
    }
    return result.hand_on();
}

// Adds each element of a padded array to the one that it was copied from.
template <class T>
void add_back(const Border& border, const npy_intp* maps, const ArrayView& grad, T* out,
              const npy_intp* out_strides) {
    const int fastest = border.fastest();
    const npy_intp length = border.outer[fastest], unit = border.unit;
    const npy_intp* map = maps + border.start[fastest];
    const Middle middle(border);
    // Blocks along the slowest axes share nothing, and may go to the team, if those have no border.
    int free = 0;
    int64_t blocks = 1, inner_block = border.inner[fastest] * unit;
    while (free < border.ndim - 1 && border.before[border.axes[free]] == 0 &&
           border.inner[border.axes[free]] == border.outer[border.axes[free]])
        blocks *= border.outer[border.axes[free++]];
    for (int i = free; i < border.ndim - 1; ++i) inner_block *= border.inner[border.axes[i]];
    const int64_t each = border.rows() / blocks;
    parallel_for(blocks, std::max<int64_t>(1, parallel_grain / (each * length * unit)),
                 [=, &border, &grad](int64_t begin, int64_t end) {
        std::fill(out + begin * inner_block, out + end * inner_block, T{0});
        border.for_each_row(maps, out_strides, begin * each, end * each,
                            [=](int64_t row, npy_intp offset) {
            if (offset == no_source) return;
            const T* from = grad.as<T>() + row * length * unit;
            T* to = out + offset / static_cast<npy_intp>(sizeof(T));
            const auto edge = [=](npy_intp i) {
                for (npy_intp k = 0; map[i] >= 0 && k < unit; ++k)
                    to[map[i] * unit + k] += from[i * unit + k];
            };
            for (npy_intp i = 0; i < middle.first; ++i) edge(i);
            const T* own = from + middle.first * unit;
            T* place = to + middle.skipped * unit;
            for (npy_intp i = 0; i < middle.size * unit; ++i) place[i] += own[i];
            for (npy_intp i = middle.first + middle.size; i < length; ++i) edge(i);
        });
    });
}

PyObject* pad_backward(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView grad;
    Border border;
    Mode mode;
    if (nargs != 3 || !view(args[0], grad) || !border.read(args[1], grad, true) ||
        !read_mode(args[2], mode) || (grad.type != NPY_FLOAT && grad.type != NPY_DOUBLE))
        return nullptr;
    int axes[NPY_MAXDIMS];
    if (!dense_axes(grad, axes)) return nullptr;
    allocator::Scratch scratch(std::max<npy_intp>(border.places, 1) * sizeof(npy_intp));
    auto* maps = static_cast<npy_intp*>(scratch.data());
    if (!maps) return PyErr_NoMemory();
    if (!border.fill_maps(mode, maps)) return nullptr;
    npy_intp strides[max_axes];
    border.strides(grad.ndim, border.inner, PyArray_ITEMSIZE(grad.object), strides);
    PyObject* result = new_array_strided(grad.type, grad.ndim, border.inner, strides);
    if (!result) return nullptr;
    auto* made = reinterpret_cast<PyArrayObject*>(result);
    if (grad.size() == 0) {
        std::memset(PyArray_DATA(made), 0, PyArray_NBYTES(made));
        return result;
    }
    AllowThreads allow(grad.size() >= release_lock_from);
    if (grad.type == NPY_FLOAT)
        add_back(border, maps, grad, data_of<float>(result), strides);
    else
        add_back(border, maps, grad, data_of<double>(result), strides);
    return result;
}

}  // namespace

PyMethodDef padding_methods[] = {
    method<"pad", pad>(
        "pad(x, widths, mode, value)\n--\n\nx with a border; negative widths cut off."),
    method<"pad_backward", pad_backward>(
        "pad_backward(grad, widths, mode)\n--\n\nThe gradient of pad's input."),
    {}};

}  // namespace rushlight
