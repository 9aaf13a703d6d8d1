// Arrays filled with one value or with numbers at equal distances. What NumPy refuses to convert is
// left to the base, which says why.
#include <cfloat>
#include <cmath>
#include <numeric>
#include <cstring>

#include "array_view.h"
#include "instruction_sets.h"
#include "iteration.h"

namespace rushlight {

namespace {

bool is_value(PyObject* value) {
    return PyFloat_CheckExact(value) || PyLong_CheckExact(value) || PyBool_Check(value);
}

// Whether a number is finite and becomes infinite in an array of this type: NumPy warns of it,
// which the base knows how to silence.
bool overflows(int type, PyObject* value) {
    if (!PyFloat_CheckExact(value)) return false;
    const double size = std::abs(PyFloat_AS_DOUBLE(value));
    const bool is_single = type == NPY_FLOAT || type == NPY_CFLOAT;
    return size <= DBL_MAX && (type == NPY_HALF ? size > 65504 : is_single && size > FLT_MAX);
}

// The first element into all others: a block that stays in the first-level cache is copied, which
// is twice as fast as NumPy's loop.
void repeat_first(char* data, npy_intp item, npy_intp count) {
    constexpr npy_intp block = 1 << 14;
    const npy_intp size = item * count, whole = std::max(block / item, npy_intp{1}) * item;
    const npy_intp first = std::min(size, whole);
    for (npy_intp done = item; done < first;) {
        const npy_intp n = std::min(done, first - done);
        std::memcpy(data + done, data, n);
        done += n;
    }
    parallel_for((size - first + whole - 1) / whole, 4 * parallel_grain / whole,
                 [=](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const npy_intp start = first + i * whole;
            std::memcpy(data + start, data, std::min(whole, size - start));
        }
    });
}

// Fills memory that is dense, in whatever order.
PyObject* filled_dense(PyObject* result, PyObject* value) {
    if (!result) return nullptr;
    auto* array = reinterpret_cast<PyArrayObject*>(result);
    const npy_intp count = PyArray_SIZE(array);
    char* data = PyArray_BYTES(array);
    if (count == 0) return result;
    if (overflows(PyArray_TYPE(array), value) || PyArray_SETITEM(array, data, value) != 0) {
        PyErr_Clear();
        Py_DECREF(result);
        return nullptr;
    }
    repeat_first(data, PyArray_ITEMSIZE(array), count);
    return result;
}

// A new array of the shape and dtype that Python gives; nullptr for what only the base makes.
PyObject* new_of(PyObject* tuple, PyObject* dtype) {
    if (!PyTuple_Check(tuple)) return nullptr;
    const Py_ssize_t ndim = PyTuple_GET_SIZE(tuple);
    npy_intp shape[max_axes], size;
    if (ndim > max_axes) return nullptr;
    npy_intp count = 1;
    for (Py_ssize_t i = 0; i < ndim; ++i) {
        shape[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(tuple, i));
        if (shape[i] < 0 || __builtin_mul_overflow(count, shape[i], &count)) {
            PyErr_Clear();
            return nullptr;
        }
    }
    const int type = type_of(dtype, &size);
    if (!is_plain(type) || __builtin_mul_overflow(count, size, &count)) return nullptr;
    return new_array(type, static_cast<int>(ndim), shape);
}

PyObject* full(PyObject* const* args, Py_ssize_t nargs) {
    if ((nargs != 3 && nargs != 4) || !is_value(args[1])) return nullptr;
    return filled_dense(new_of(args[0], args[2]), args[1]);
}

PyObject* empty(PyObject* const* args, Py_ssize_t nargs) {
    return nargs == 2 ? new_of(args[0], args[1]) : nullptr;
}

PyObject* full_like(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    npy_intp size, strides[max_axes];
    if (nargs != 3 || !view(args[0], x) || x.ndim > max_axes || !is_value(args[1])) return nullptr;
    const int type = type_of(args[2], &size);
    if (!is_plain(type) || PyArray_ITEMSIZE(x.object) == 0) return nullptr;
    strides_like(x, strides);
    for (int i = 0; i < x.ndim; ++i) strides[i] = strides[i] / PyArray_ITEMSIZE(x.object) * size;
    return filled_dense(new_array_strided(type, x.ndim, x.shape, strides), args[1]);
}

PyObject* fill(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if (nargs != 2 || !view(args[0], x) || !x.is_writeable() || !is_value(args[1]) ||
        overflows(x.type, args[1]))
        return nullptr;
    int axes[NPY_MAXDIMS];
    if (is_plain(x.type) && dense_axes(x, axes)) return filled_dense(Py_NewRef(args[0]), args[1]);
    if (PyArray_FillWithScalar(x.object, args[1]) == 0) return Py_NewRef(args[0]);
    PyErr_Clear();
    return nullptr;
}

// --- numbers at equal distances

// A vector of a dtype, which is one of those below.
PyObject* new_vector(PyObject* count, PyObject* dtype, int& type) {
    npy_intp shape[1] = {PyLong_AsSsize_t(count)}, size;
    type = type_of(dtype, &size);
    const bool known = type == NPY_FLOAT || type == NPY_DOUBLE || type == NPY_INT64;
    if (shape[0] >= 0 && shape[0] < npy_intp{1} << 48 && known) return new_array(type, 1, shape);
    PyErr_Clear();
    return nullptr;
}

bool is_real(PyObject* value) {
    return PyFloat_CheckExact(value) || PyLong_CheckExact(value);
}

PyObject* arange(PyObject* const* args, Py_ssize_t nargs) {
    if (nargs != 4 || !is_real(args[0]) || !is_real(args[1]) || !PyLong_CheckExact(args[2]))
        return nullptr;
    const bool whole = PyLong_CheckExact(args[0]) && PyLong_CheckExact(args[1]);
    int64_t first = 0, each = 0;
    int over = 0, over_too = 0;
    if (whole) {
        first = PyLong_AsLongLongAndOverflow(args[0], &over);
        each = PyLong_AsLongLongAndOverflow(args[1], &over_too);
    }
    const double start = PyFloat_AsDouble(args[0]), step = PyFloat_AsDouble(args[1]);
    if (over || over_too || PyErr_Occurred()) {
        PyErr_Clear();
        return nullptr;
    }
    int type;
    PyObject* result = new_vector(args[2], args[3], type);
    if (!result) return nullptr;
    const npy_intp count = PyArray_SIZE(reinterpret_cast<PyArrayObject*>(result));
    // Whole numbers of this size are exact in float64, too.
    const bool exact = std::fabs(start) + std::fabs(step) * static_cast<double>(count) < 0x1p53;
    if (type == NPY_INT64 && whole) {
        bit_loops.whole_steps(count, first, each, data_of<int64_t>(result));
    } else if (type == NPY_FLOAT && (exact || !whole)) {
        bit_loops.steps(count, start, step, data_of<float>(result));
    } else if (type == NPY_DOUBLE && (exact || !whole)) {
        bit_loops.steps64(count, start, step, data_of<double>(result));
    } else {
        Py_DECREF(result);
        return nullptr;
    }
    return result;
}

PyObject* linspace(PyObject* const* args, Py_ssize_t nargs) {
    if (nargs != 4 || !is_real(args[0]) || !is_real(args[1]) || !PyLong_CheckExact(args[2]))
        return nullptr;
    const double start = PyFloat_AsDouble(args[0]), end = PyFloat_AsDouble(args[1]);
    int type;
    PyObject* result = PyErr_Occurred() ? nullptr : new_vector(args[2], args[3], type);
    if (!result) {
        PyErr_Clear();
        return nullptr;
    }
    const npy_intp count = PyArray_SIZE(reinterpret_cast<PyArrayObject*>(result));
    const double step = (end - start) / static_cast<double>(std::max<npy_intp>(count - 1, 1));
    if (type == NPY_INT64 || (step == 0.0 && end != start)) {  // too near to each other for a step
        Py_DECREF(result);
        return nullptr;
    }
    if (type == NPY_FLOAT) {
        // PyTorch's: the step is a float, multiplied and added in one rounding, from either end.
        const float first = static_cast<float>(start), last = static_cast<float>(end);
        const float each = (last - first) / static_cast<float>(std::max<npy_intp>(count - 1, 1));
        float* values = data_of<float>(result);
        const auto fill = [=](npy_intp begin, npy_intp end, double bound, npy_intp from) {
            constexpr npy_intp block = 1 << 20;  // 32-bit numbers are converted as vectors
            for (; begin < end; begin += block) {
                const double before = static_cast<double>(begin - from);
                const auto n = static_cast<int32_t>(std::min(block, end - begin));
                for (int32_t i = 0; i < n; ++i)
                    values[begin + i] = static_cast<float>(bound + each * (before + i));
            }
        };
        parallel_for(count, parallel_grain / 4, [&](npy_intp begin, npy_intp end) {
            fill(begin, std::min(end, count / 2), first, 0);
            fill(std::max(begin, count / 2), end, last, count - 1);
        });
        if (count == 1) values[0] = first;  // the step may be infinite
    } else {
        bit_loops.steps64(count, start, step, data_of<double>(result));
        if (count > 1) data_of<double>(result)[count - 1] = end;
    }
    return result;
}

// The rows, and below them the columns, of the elements above or below a diagonal.
PyObject* triangle(PyObject* const* args, Py_ssize_t nargs) {
    constexpr Py_ssize_t most = Py_ssize_t{1} << 31;
    if (nargs != 5 || type_of(args[4]) != NPY_INT64) return nullptr;
    Py_ssize_t numbers[3];
    for (int i = 0; i < 3; ++i) {
        if (!PyLong_CheckExact(args[i])) return nullptr;
        numbers[i] = PyLong_AsSsize_t(args[i]);
        if (std::abs(numbers[i]) > most || PyErr_Occurred()) {
            PyErr_Clear();
            return nullptr;
        }
    }
    const auto [rows, columns, offset] = numbers;
    const bool is_upper = args[3] == Py_True;
    // Of a row, those before this column are below the diagonal.
    const auto cut = [=](Py_ssize_t row) {
        return std::clamp<Py_ssize_t>(row + offset + (is_upper ? 0 : 1), 0, columns);
    };
    npy_intp shape[2] = {2, 0};
    for (Py_ssize_t row = 0; row < rows; ++row)
        shape[1] += is_upper ? columns - cut(row) : cut(row);
    PyObject* result = new_array(NPY_INT64, 2, shape);
    if (!result) return nullptr;
    auto* to = data_of<int64_t>(result);
    for (Py_ssize_t row = 0; row < rows; ++row) {
        const Py_ssize_t begin = is_upper ? cut(row) : 0, end = is_upper ? columns : cut(row);
        std::fill_n(to, end - begin, row);
        std::iota(to + shape[1], to + shape[1] + (end - begin), begin);
        to += end - begin;
    }
    return result;
}

}  // namespace

PyMethodDef creation_methods[] = {
    method<"triangle", triangle>(
        "triangle(row, col, offset, is_upper, dtype)\n--\n\nRows and columns of the elements "
        "above or below a diagonal."),
    method<"full", full>("full(shape, value, dtype, like=None)\n--\n\nOne value everywhere."),
    method<"full_like", full_like>(
        "full_like(x, value, dtype)\n--\n\nOne value in an array of x's shape and order."),
    method<"empty", empty>("empty(shape, dtype)\n--\n\nElements are whatever stood in memory."),
    method<"arange", arange>(
        "arange(start, step, count, dtype)\n--\n\nstart, start + step, ..., `count` numbers."),
    method<"linspace", linspace>(
        "linspace(start, end, count, dtype)\n--\n\n`count` numbers from start to end."),
    method<"fill", fill>("fill(x, value)\n--\n\nOverwrites x with one value."),
    {}};

}  // namespace rushlight
