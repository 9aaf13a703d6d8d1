// Sums, means, products, the largest and the smallest. Work is cut by sizes alone, never by the number of threads,
// and partial results are put together in one order: the result is the same bits on any team.
#include <numeric>
#include <vector>

#include "array_view.h"
#include "copies.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"
#include "reduction.h"

namespace rushlight {

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

bool read_reduction(PyObject* const* args, Py_ssize_t nargs, ArrayView& x, bool* summed,
                    int& keepdims) {
    if (nargs != 3 || !view(args[0], x) || x.ndim > max_axes || x.size() == 0) return false;
    if (!read_axes(args[1], x.ndim, summed)) return false;
    keepdims = PyObject_IsTrue(args[2]);
    return keepdims >= 0;
}

namespace {

constexpr int64_t block_size = 32768;   // elements whose sum is one partial sum
constexpr int64_t most_blocks = 256;    // of a matrix that is summed over its rows
constexpr int64_t wide_columns = 2048;  // from here on it is columns that are shared out

// Rows whose result is a partial one.
int64_t rows_in_block(int64_t rows, int64_t columns) {
    return std::max<int64_t>({64, block_size / columns, (rows + most_blocks - 1) / most_blocks});
}

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

// Sums, times `scale`, or products.
template <class T, bool multiplies>
struct Total {
    typename Loops<T>::Total loops;
    double scale;
    static constexpr double nothing = multiplies ? 1 : 0;

    // Of each of `rows` rows.
    void of_rows(const T* x, int64_t rows, int64_t length, int64_t stride, T* out) const {
        const int64_t blocks = (length + block_size - 1) / block_size;
        if (blocks == 1) {
            parallel_for(rows, std::max<int64_t>(1, parallel_grain / length),
                         [=, this](int64_t begin, int64_t end) {
                for (int64_t r = begin; r < end; ++r)
                    out[r] = static_cast<T>(scale * loops.row(length, x + r * stride));
            });
            return;
        }
        std::vector<double> partial(rows * blocks);
        parallel_for(rows * blocks, parallel_grain / block_size, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t start = i % blocks * block_size;
                partial[i] = loops.row(std::min(block_size, length - start),
                                       x + i / blocks * stride + start);
            }
        });
        for (int64_t r = 0; r < rows; ++r) {
            double total = nothing;
            for (int64_t b = 0; b < blocks; ++b) total = join(total, partial[r * blocks + b]);
            out[r] = static_cast<T>(scale * total);
        }
    }

    // Over the rows of a matrix.
    void over_rows(const T* x, int64_t rows, int64_t columns, int64_t stride, T* out) const {
        const int64_t block = rows_in_block(rows, columns);
        if (columns >= wide_columns || rows <= block) {
            parallel_for(columns, std::max<int64_t>(64, parallel_grain / rows),
                         [=, this](int64_t begin, int64_t end) {
                double totals[256];
                for (int64_t c = begin; c < end; c += 256) {
                    const int64_t width = std::min<int64_t>(256, end - c);
                    std::fill_n(totals, width, nothing);
                    loops.columns(rows, width, x + c, stride, totals);
                    store(width, totals, out + c);
                }
            });
            return;
        }
        const int64_t blocks = (rows + block - 1) / block;
        std::vector<double> partial(blocks * columns, nothing);
        const int64_t grain = std::max<int64_t>(1, parallel_grain / (block * columns));
        parallel_for(blocks, grain, [&](int64_t begin, int64_t end) {
            for (int64_t b = begin; b < end; ++b)
                loops.columns(std::min(block, rows - b * block), columns, x + b * block * stride,
                              stride, &partial[b * columns]);
        });
        for (int64_t b = 1; b < blocks; ++b)
            for (int64_t c = 0; c < columns; ++c)
                partial[c] = join(partial[c], partial[b * columns + c]);
        store(columns, partial.data(), out);
    }

    // Of all elements of some rows.
    T of_all(const T* x, int64_t rows, int64_t length, int64_t stride) const {
        double total = nothing;
        for (int64_t r = 0; r < rows; ++r)
            total = join(total, loops.row(length, x + r * stride));
        return static_cast<T>(scale * total);
    }

private:
    static double join(double a, double b) { return multiplies ? a * b : a + b; }
    void store(int64_t n, const double* totals, T* out) const {
        for (int64_t c = 0; c < n; ++c) out[c] = static_cast<T>(scale * totals[c]);
    }
};

// The largest or the smallest elements; NaN where there is one.
template <class T>
struct Extreme {
    typename Loops<T>::Extreme loops;

    void of_rows(const T* x, int64_t rows, int64_t length, int64_t stride, T* out) const {
        const int64_t blocks = (length + block_size - 1) / block_size;
        if (blocks == 1) {
            parallel_for(rows, std::max<int64_t>(1, parallel_grain / length),
                         [=, this](int64_t begin, int64_t end) {
                for (int64_t r = begin; r < end; ++r) out[r] = loops.row(length, x + r * stride);
            });
            return;
        }
        std::vector<T> partial(rows * blocks);
        parallel_for(rows * blocks, parallel_grain / block_size, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t start = i % blocks * block_size;
                partial[i] = loops.row(std::min(block_size, length - start),
                                       x + i / blocks * stride + start);
            }
        });
        for (int64_t r = 0; r < rows; ++r) out[r] = loops.row(blocks, &partial[r * blocks]);
    }

    void over_rows(const T* x, int64_t rows, int64_t columns, int64_t stride, T* out) const {
        const int64_t block = rows_in_block(rows, columns);
        if (columns >= wide_columns || rows <= block) {
            parallel_for(columns, std::max<int64_t>(64, parallel_grain / rows),
                         [=, this](int64_t begin, int64_t end) {
                loops.columns(rows, end - begin, x + begin, stride, out + begin);
            });
            return;
        }
        const int64_t blocks = (rows + block - 1) / block;
        std::vector<T> partial(blocks * columns);
        const int64_t grain = std::max<int64_t>(1, parallel_grain / (block * columns));
        parallel_for(blocks, grain, [&](int64_t begin, int64_t end) {
            for (int64_t b = begin; b < end; ++b)
                loops.columns(std::min(block, rows - b * block), columns, x + b * block * stride,
                              stride, &partial[b * columns]);
        });
        loops.columns(blocks, columns, partial.data(), columns, out);
    }

    T of_all(const T* x, int64_t rows, int64_t length, int64_t stride) const {
        T both[2] = {loops.row(length, x)};
        for (int64_t r = 1; r < rows; ++r) {
            both[1] = loops.row(length, x + r * stride);
            both[0] = loops.row(2, both);
        }
        return both[0];
    }
};

// False where the pattern of axes is not one of those that have a loop.
template <class T, class Fold>
bool reduce(const Reduced& axes, const T* x, const Fold& fold, T* out) {
    const int64_t *n = axes.length, *s = axes.stride;
    if (axes.ndim == 0 || s[axes.ndim - 1] != 1) return false;
    if (axes.is("R")) {
        fold.of_rows(x, 1, n[0], n[0], out);
    } else if (axes.is("K")) {
        fold.over_rows(x, 1, n[0], n[0], out);
    } else if (axes.is("KR")) {
        fold.of_rows(x, n[0], n[1], s[0], out);
    } else if (axes.is("RK")) {
        fold.over_rows(x, n[0], n[1], s[0], out);
    } else if (axes.is("KRK")) {
        for (int64_t i = 0; i < n[0]; ++i)
            fold.over_rows(x + i * s[0], n[1], n[2], s[1], out + i * n[2]);
    } else if (axes.is("RKR")) {
        parallel_for(n[1], std::max<int64_t>(1, parallel_grain / (n[0] * n[2])),
                     [=, &fold](int64_t begin, int64_t end) {
            for (int64_t k = begin; k < end; ++k)
                out[k] = fold.of_all(x + k * s[1], n[0], n[2], s[0]);
        });
    } else {
        return false;
    }
    return true;
}

// make_fold(number of elements of which one is made) says what is done with them.
template <class T, class MakeFold>
PyObject* reduce_array(const ArrayView& x, const bool* summed, bool keepdims,
                       const MakeFold& make_fold) {
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
        covered = reduce(reduced, x.as<T>(), make_fold(count), data_of<T>(result.get()));
    }
    return covered ? result.hand_on() : nullptr;
}

// Sums of int64 lines that lie one behind the other: of the whole array, or along its last axis.
// What overflows wraps around.
PyObject* total_of_lines(const ArrayView& x, bool is_whole, bool keepdims) {
    npy_intp shape[max_axes];
    int ndim = 0;
    for (int i = 0; i < x.ndim; ++i) {
        const bool is_summed = is_whole || i == x.ndim - 1;
        if (!is_summed || keepdims) shape[ndim++] = is_summed ? 1 : x.shape[i];
    }
    Owned result(new_array(NPY_INT64, ndim, shape));
    if (!result) return nullptr;
    const int64_t length = is_whole ? x.size() : x.shape[x.ndim - 1], rows = x.size() / length;
    auto* out = data_of<uint64_t>(result.get());
    const auto* from = x.as<uint64_t>();
    AllowThreads allow(x.size() >= release_lock_from);
    constexpr int64_t lanes = 8;  // sums side by side: one waits for no other
    for (int64_t row = 0; row < rows; ++row, from += length) {
        uint64_t sums[lanes] = {};
        int64_t i = 0;
        for (; i + lanes <= length; i += lanes)
            for (int64_t k = 0; k < lanes; ++k) sums[k] += from[i + k];
        out[row] = std::accumulate(from + i, from + length, uint64_t{0}) +
                   std::accumulate(sums, sums + lanes, uint64_t{0});
    }
    return result.hand_on();
}

enum class Of { sum, mean, numbers, squares, sizes, product };

constexpr npy_intp few_elements = 4096;

// Sums (or products) of few elements one by one: of whole numbers, and of those that lie in no
// order that there is a loop for.
template <class T, class Sum>
PyObject* total_of_few(const ArrayView& x, const bool* summed, bool keepdims, bool multiplies) {
    npy_intp shape[max_axes], steps[max_axes], step = 1;
    int ndim = 0;
    for (int i = 0; i < x.ndim; ++i)
        if (!summed[i] || keepdims) shape[ndim++] = summed[i] ? 1 : x.shape[i];
    for (int i = x.ndim - 1; i >= 0; --i) {
        steps[i] = summed[i] ? 0 : step;
        if (!summed[i]) step *= x.shape[i];
    }
    Sum totals[few_elements];
    std::fill_n(totals, step, Sum(multiplies));
    npy_intp index[max_axes] = {}, from = 0, to = 0;
    for (npy_intp left = x.size(); left > 0; --left) {
        const auto value = static_cast<Sum>(*reinterpret_cast<const T*>(x.data + from));
        totals[to] = multiplies ? totals[to] * value : totals[to] + value;
        for (int i = x.ndim - 1; i >= 0; --i) {
            const bool wraps = ++index[i] == x.shape[i];
            const npy_intp moves = wraps ? 1 - x.shape[i] : 1;
            from += moves * x.strides[i];
            to += moves * steps[i];
            if (!wraps) break;
            index[i] = 0;
        }
    }
    PyObject* result = new_array(x.type, ndim, shape);
    for (npy_intp i = 0; result && i < step; ++i) data_of<T>(result)[i] = static_cast<T>(totals[i]);
    return result;
}

template <Of what>
PyObject* total(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    bool summed[max_axes];
    int keepdims;
    if (!read_reduction(args, nargs, x, summed, keepdims)) return nullptr;
    const auto add_up = [&](auto zero) {
        using T = decltype(zero);
        return reduce_array<T>(x, summed, keepdims, [](double count) {
            const Loops<T>& all = loops<T>();
            return Total<T, what == Of::product>{what == Of::product   ? all.product
                                                 : what == Of::numbers ? all.sum_of_numbers
                                                 : what == Of::squares ? all.sum_of_squares
                                                 : what == Of::sizes   ? all.sum_of_sizes
                                                                       : all.sum,
                                                 what == Of::mean ? 1 / count : 1};
        });
    };
    PyObject* result = nullptr;
    if (x.type == NPY_FLOAT) result = add_up(float{});
    if (x.type == NPY_DOUBLE) result = add_up(double{});
    constexpr bool is_product = what == Of::product;
    if (result || PyErr_Occurred() || (what != Of::sum && !is_product)) return result;
    const auto count = std::count(summed, summed + x.ndim, true);
    const bool is_whole = count == x.ndim;
    if (x.type == NPY_INT64 && !is_product && x.is_contiguous &&
        (is_whole || (count == 1 && summed[x.ndim - 1])))
        return total_of_lines(x, is_whole, keepdims);
    if (x.size() > few_elements) return nullptr;
    // In another order of memory the result would have to keep that order.
    if (x.type == NPY_INT64 && (is_whole || x.is_contiguous))  // overflow wraps around
        return total_of_few<uint64_t, uint64_t>(x, summed, keepdims, is_product);
    if (x.type == NPY_FLOAT && is_whole)
        return total_of_few<float, double>(x, summed, keepdims, is_product);
    if (x.type == NPY_DOUBLE && is_whole)
        return total_of_few<double, double>(x, summed, keepdims, is_product);
    return nullptr;
}

template <bool largest>
PyObject* extreme(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    bool summed[max_axes];
    int keepdims;
    if (!read_reduction(args, nargs, x, summed, keepdims)) return nullptr;
    const auto find = [&](auto zero) {
        using T = decltype(zero);
        return reduce_array<T>(x, summed, keepdims, [](double) {
            return Extreme<T>{largest ? loops<T>().largest : loops<T>().smallest};
        });
    };
    if (x.type == NPY_FLOAT) return find(float{});
    return x.type == NPY_DOUBLE ? find(double{}) : nullptr;
}

}  // namespace

PyMethodDef reduction_methods[] = {
    method<"sum", total<Of::sum>>(
        "sum(x, axes, keepdims, out=None)\n--\n\nThe sum over some axes, or all (None)."),
    method<"nansum", total<Of::numbers>>(
        "nansum(x, axes, keepdims, out=None)\n--\n\nThe sum of what is no NaN."),
    method<"sum_of_squares", total<Of::squares>>(
        "sum_of_squares(x, axes, keepdims, out=None)\n--\n\nThe sum of |x|^2."),
    method<"sum_of_sizes", total<Of::sizes>>(
        "sum_of_sizes(x, axes, keepdims, out=None)\n--\n\nThe sum of |x|."),
    method<"prod", total<Of::product>>(
        "prod(x, axes, keepdims, out=None)\n--\n\nThe product over some axes, or all (None)."),
    method<"mean", total<Of::mean>>(
        "mean(x, axes, keepdims, out=None)\n--\n\nThe mean over some axes, or all (None)."),
    method<"amax", extreme<true>>(
        "amax(x, axes, keepdims, out=None)\n--\n\nThe largest along some axes, or of all."),
    method<"amin", extreme<false>>(
        "amin(x, axes, keepdims, out=None)\n--\n\nThe smallest along some axes, or of all."),
    {}};

}  // namespace rushlight
