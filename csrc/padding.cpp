// Borders around arrays. Along each axis a map says which element of the input stands at a place of
// the result; in a row of the fastest axis all but the borders is one copy.
#include <cstring>

#include "allocator.h"
#include "array_view.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

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
            const npy_intp width = before[i] + after;
            inner[i] = x.shape[i] - (x_is_padded ? width : 0);
            outer[i] = x.shape[i] + (x_is_padded ? 0 : width);
            if (inner[i] < 0 || outer[i] < 0) return false;
            start[i] = places;
            places += outer[i];
        }
        return true;
    }

    // False where a border is wider than the mode can fill it.
    bool fill_maps(Mode mode, npy_intp* maps) const {
        for (int i = 0; i < ndim; ++i)
            for (npy_intp at = 0; at < outer[i]; ++at) {
                const npy_intp found = source_of(mode, at - before[i], inner[i]);
                if (mode != Mode::Constant && (found < 0 || found >= inner[i])) return false;
                maps[start[i] + at] = found;
            }
        return true;
    }

    void strides(const npy_intp* shape, npy_intp item, npy_intp* result) const {
        for (int i = ndim - 1; i >= 0; --i) {
            result[axes[i]] = item;
            item *= std::max<npy_intp>(shape[axes[i]], 1);
        }
    }

    // Calls body(row of the padded array, offset of its source) with -1 for a row of the border
    // alone; rows from `begin` to `end` of those along the fastest axis.
    template <class Body>
    void for_each_row(const npy_intp* maps, const npy_intp* source_strides, int64_t begin,
                      int64_t end, const Body& body) const {
        for (int64_t row = begin; row < end; ++row) {
            int64_t rest = row;
            npy_intp offset = 0;
            for (int i = ndim - 2; i >= 0; --i) {
                const int axis = axes[i];
                const npy_intp place = maps[start[axis] + rest % outer[axis]];
                rest /= outer[axis];
                if (place < 0) {
                    offset = -1;
                    break;
                }
                offset += place * source_strides[axis];
            }
            body(row, offset);
        }
    }

    int fastest() const { return axes[ndim - 1]; }
    int64_t rows() const {
        int64_t count = 1;
        for (int i = 0; i + 1 < ndim; ++i) count *= outer[axes[i]];
        return count;
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
    const npy_intp length = border.outer[fastest], step = x.strides[fastest];
    const npy_intp* map = maps + border.start[fastest];
    // From `first` on, `middle` elements of the row are elements of the input in their own order.
    const npy_intp first = std::clamp<npy_intp>(border.before[fastest], 0, length);
    const npy_intp skipped = std::max<npy_intp>(-border.before[fastest], 0);
    const npy_intp middle =
        std::clamp<npy_intp>(border.inner[fastest] - skipped, 0, length - first);
    U* out = data_of<U>(result);
    parallel_for(border.rows(), std::max<int64_t>(1, parallel_grain / std::max<npy_intp>(length, 1)),
                 [=, &border, &x](int64_t begin, int64_t end) {
        border.for_each_row(maps, x.strides, begin, end, [=](int64_t row, npy_intp offset) {
            U* to = out + row * length;
            if (offset < 0) {
                std::fill_n(to, length, filling);
                return;
            }
            const char* from = x.data + offset;
            const auto edge = [=](npy_intp i) {
                to[i] = map[i] < 0 ? filling : *reinterpret_cast<const U*>(from + map[i] * step);
            };
            for (npy_intp i = 0; i < first; ++i) edge(i);
            if (step == sizeof(U)) {
                if (middle > 0) std::memcpy(to + first, from + skipped * step, middle * sizeof(U));
            } else {
                for (npy_intp i = 0; i < middle; ++i)
                    to[first + i] = *reinterpret_cast<const U*>(from + (skipped + i) * step);
            }
            for (npy_intp i = first + middle; i < length; ++i) edge(i);
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
    allocator::Scratch scratch(std::max<npy_intp>(border.places, 1) * sizeof(npy_intp));
    auto* maps = static_cast<npy_intp*>(scratch.data());
    if (!maps) return PyErr_NoMemory();
    if (!border.fill_maps(mode, maps)) return nullptr;
    npy_intp strides[max_axes];
    const npy_intp item = PyArray_ITEMSIZE(x.object);
    border.strides(border.outer, item, strides);
    PyObject* result = new_array_strided(x.type, x.ndim, border.outer, strides);
    if (!result) return nullptr;
    const npy_intp size = PyArray_SIZE(reinterpret_cast<PyArrayObject*>(result));
    if (size == 0) return result;
    AllowThreads allow(size >= release_lock_from);
    switch (item) {
        case 1: pad_rows<uint8_t>(border, maps, x, value, result); break;
        case 2: pad_rows<uint16_t>(border, maps, x, value, result); break;
        case 4: pad_rows<uint32_t>(border, maps, x, value, result); break;
        case 8: pad_rows<uint64_t>(border, maps, x, value, result); break;
        case 16: pad_rows<Pair>(border, maps, x, value, result); break;
    }
    return result;
}

// Adds each element of a padded array to the one that it was copied from.
template <class T>
void add_back(const Border& border, const npy_intp* maps, const ArrayView& grad, T* out,
              const npy_intp* out_strides) {
    const int fastest = border.fastest();
    const npy_intp length = border.outer[fastest], inner = border.inner[fastest];
    const npy_intp* map = maps + border.start[fastest];
    const npy_intp first = std::clamp<npy_intp>(border.before[fastest], 0, length);
    const npy_intp skipped = std::max<npy_intp>(-border.before[fastest], 0);
    const npy_intp middle = std::clamp<npy_intp>(inner - skipped, 0, length - first);
    npy_intp grad_strides[max_axes];
    border.strides(border.outer, sizeof(T), grad_strides);
    // Blocks along the slowest axis that has no border share nothing, and may go to the team.
    int free = 0;
    int64_t blocks = 1;
    while (free < border.ndim - 1 && border.inner[border.axes[free]] == border.outer[border.axes[free]])
        blocks *= border.outer[border.axes[free++]];
    const int64_t rows = border.rows(), each = rows / blocks;
    parallel_for(blocks, std::max<int64_t>(1, parallel_grain / (each * length)),
                 [=, &border, &grad](int64_t begin, int64_t end) {
        const int64_t share = static_cast<int64_t>(inner);
        int64_t inner_block = share;
        for (int i = free; i < border.ndim - 1; ++i) inner_block *= border.inner[border.axes[i]];
        std::fill(out + begin * inner_block, out + end * inner_block, T{0});
        border.for_each_row(maps, out_strides, begin * each, end * each,
                            [=](int64_t row, npy_intp offset) {
            if (offset < 0) return;
            const T* from = grad.as<T>() + row * length;
            T* to = out + offset / static_cast<npy_intp>(sizeof(T));
            for (npy_intp i = 0; i < first; ++i)
                if (map[i] >= 0) to[map[i]] += from[i];
            for (npy_intp i = 0; i < middle; ++i) to[skipped + i] += from[first + i];
            for (npy_intp i = first + middle; i < length; ++i)
                if (map[i] >= 0) to[map[i]] += from[i];
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
    border.strides(border.inner, PyArray_ITEMSIZE(grad.object), strides);
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
