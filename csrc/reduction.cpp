// Sums and means. Work is cut by sizes alone, never by the number of threads, and partial sums are
// added in one order: the result is the same bits on any team.
#include <vector>

#include "array_view.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

constexpr int64_t block_size = 32768;   // elements whose sum is one partial sum
constexpr int64_t most_blocks = 256;    // of a matrix that is summed over its rows
constexpr int64_t wide_columns = 2048;  // from here on it is columns that are shared out

// What remains of an array's axes when those of length 1 are dropped and neighbours in memory that
// are both summed, or both kept, are joined. Slowest first; strides in elements.
struct Reduced {
    int ndim = 0;
    bool summed[max_axes];
    int64_t length[max_axes], stride[max_axes];

    bool is(const char* pattern) const {  // "RK": summed, then kept
        for (int i = 0; i < ndim; ++i)
            if (pattern[i] != (summed[i] ? 'R' : 'K')) return false;
        return pattern[ndim] == '\0';
    }
};

// scale * sum of each of `rows` rows.
template <class T>
void sum_rows(const T* x, int64_t rows, int64_t length, int64_t stride, double scale, T* out) {
    const int64_t blocks = (length + block_size - 1) / block_size;
    if (blocks == 1) {
        parallel_for(rows, std::max<int64_t>(1, parallel_grain / length),
                     [=](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; ++r)
                out[r] = static_cast<T>(scale * loops<T>().sum_row(length, x + r * stride));
        });
        return;
    }
    std::vector<double> partial(rows * blocks);
    parallel_for(rows * blocks, parallel_grain / block_size, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t start = i % blocks * block_size;
            partial[i] = loops<T>().sum_row(std::min(block_size, length - start),
                                            x + i / blocks * stride + start);
        }
    });
    for (int64_t r = 0; r < rows; ++r) {
        double sum = 0;
        for (int64_t b = 0; b < blocks; ++b) sum += partial[r * blocks + b];
        out[r] = static_cast<T>(scale * sum);
    }
}

template <class T>
void store(int64_t n, const double* sums, double scale, T* out) {
    for (int64_t c = 0; c < n; ++c) out[c] = static_cast<T>(scale * sums[c]);
}

// scale * sum over the rows of a matrix.
template <class T>
void sum_over_rows(const T* x, int64_t rows, int64_t columns, int64_t stride, double scale,
                   T* out) {
    const auto sum_columns = loops<T>().sum_columns;
    const int64_t block =
        std::max<int64_t>({64, block_size / columns, (rows + most_blocks - 1) / most_blocks});
    if (columns >= wide_columns || rows <= block) {
        parallel_for(columns, std::max<int64_t>(64, parallel_grain / rows),
                     [=](int64_t begin, int64_t end) {
            double sums[256];
            for (int64_t c = begin; c < end; c += 256) {
                const int64_t width = std::min<int64_t>(256, end - c);
                std::fill_n(sums, width, 0.0);
                sum_columns(rows, width, x + c, stride, sums);
                store(width, sums, scale, out + c);
            }
        });
        return;
    }
    const int64_t blocks = (rows + block - 1) / block;
    std::vector<double> partial(blocks * columns);
    const int64_t grain = std::max<int64_t>(1, parallel_grain / (block * columns));
    parallel_for(blocks, grain, [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b)
            sum_columns(std::min(block, rows - b * block), columns, x + b * block * stride, stride,
                        &partial[b * columns]);
    });
    for (int64_t b = 1; b < blocks; ++b)
        for (int64_t c = 0; c < columns; ++c) partial[c] += partial[b * columns + c];
    store(columns, partial.data(), scale, out);
}

// False where the pattern of axes is not one of those that have a loop.
template <class T>
bool reduce(const Reduced& axes, const T* x, double scale, T* out) {
    const int64_t *n = axes.length, *s = axes.stride;
    if (axes.ndim == 0 || s[axes.ndim - 1] != 1) return false;
    if (axes.is("R")) {
        sum_rows(x, 1, n[0], n[0], scale, out);
    } else if (axes.is("K")) {
        sum_over_rows(x, 1, n[0], n[0], scale, out);
    } else if (axes.is("KR")) {
        sum_rows(x, n[0], n[1], s[0], scale, out);
    } else if (axes.is("RK")) {
        sum_over_rows(x, n[0], n[1], s[0], scale, out);
    } else if (axes.is("KRK")) {
        for (int64_t i = 0; i < n[0]; ++i)
            sum_over_rows(x + i * s[0], n[1], n[2], s[1], scale, out + i * n[2]);
    } else if (axes.is("RKR")) {
        parallel_for(n[1], std::max<int64_t>(1, parallel_grain / (n[0] * n[2])),
                     [=](int64_t begin, int64_t end) {
            for (int64_t k = begin; k < end; ++k) {
                double sum = 0;
                for (int64_t i = 0; i < n[0]; ++i)
                    sum += loops<T>().sum_row(n[2], x + i * s[0] + k * s[1]);
                out[k] = static_cast<T>(scale * sum);
            }
        });
    } else {
        return false;
    }
    return true;
}

// Which axes are summed: None, or a tuple of non-negative integers.
bool read_axes(PyObject* axes, int ndim, bool* summed) {
    std::fill_n(summed, ndim, axes == Py_None);
    if (axes == Py_None) return true;
    if (!PyTuple_Check(axes) || PyTuple_GET_SIZE(axes) == 0) return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(axes); ++i) {
        PyObject* item = PyTuple_GET_ITEM(axes, i);
        if (!PyLong_Check(item)) return false;
        const int axis = static_cast<int>(PyLong_AsLong(item));
        if (axis < 0 || axis >= ndim || summed[axis]) return false;
        summed[axis] = true;
    }
    return true;
}

template <class T>
PyObject* reduce_array(const ArrayView& x, const bool* summed, bool keepdims, bool mean) {
    int axes[NPY_MAXDIMS];
    dense_axes(x, axes);  // their order, also of an array with gaps

    // The result keeps the order of the axes that it keeps, and stays where it is along the others:
    // what is summed is never joined with what is kept.
    npy_intp step = sizeof(T), all_strides[max_axes], result_strides[max_axes];
    double count = 1;
    for (int i = x.ndim - 1; i >= 0; --i) {
        const int axis = axes[i];
        all_strides[axis] = step;
        result_strides[axis] = summed[axis] ? 0 : step;
        if (summed[axis])
            count *= static_cast<double>(x.shape[axis]);
        else
            step *= x.shape[axis];
    }
    Reduced reduced;
    npy_intp joined[2][max_axes];
    const npy_intp* const both[] = {x.strides, result_strides};
    reduced.ndim = join_axes(x.ndim, axes, x.shape, both, reduced.length, joined);
    for (int i = 0; i < reduced.ndim; ++i) {
        reduced.summed[i] = joined[1][i] == 0;
        reduced.stride[i] = joined[0][i] / npy_intp{sizeof(T)};
    }
    if (reduced.ndim == 0) {  // a single element
        reduced.summed[0] = true;
        reduced.length[0] = reduced.stride[0] = reduced.ndim = 1;
    }

    npy_intp strides[max_axes], shape[max_axes];
    int ndim = 0;
    for (int i = 0; i < x.ndim; ++i) {
        if (summed[i] && !keepdims) continue;
        shape[ndim] = summed[i] ? 1 : x.shape[i];
        strides[ndim++] = all_strides[i];
    }
    Owned result(new_array_strided(x.type, ndim, shape, strides));
    if (!result) return nullptr;
    bool covered;
    {
        AllowThreads allow(x.size() >= release_lock_from);
        covered = reduce(reduced, x.as<T>(), mean ? 1 / count : 1, data_of<T>(result.get()));
    }
    return covered ? result.hand_on() : nullptr;
}

template <bool mean>
PyObject* sum(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    bool summed[max_axes];
    if (nargs != 3 || !view(args[0], x) || x.ndim > max_axes || x.size() == 0) return nullptr;
    if (!read_axes(args[1], x.ndim, summed)) return nullptr;
    const int keepdims = PyObject_IsTrue(args[2]);
    if (keepdims < 0) return nullptr;
    if (x.type == NPY_FLOAT) return reduce_array<float>(x, summed, keepdims, mean);
    if (x.type == NPY_DOUBLE) return reduce_array<double>(x, summed, keepdims, mean);
    return nullptr;
}

}  // namespace

PyMethodDef reduction_methods[] = {
    method<"sum", sum<false>>(
        "sum(x, axes, keepdims, out=None)\n--\n\nThe sum over some axes, or all (None)."),
    method<"mean", sum<true>>(
        "mean(x, axes, keepdims, out=None)\n--\n\nThe mean over some axes, or all (None)."),
    {}};

}  // namespace rushlight
