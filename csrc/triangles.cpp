// Triangles of matrices.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "copies.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

// Which elements of a run of a dense array's memory belong to the triangle that is zero. A run goes
// along the fastest axis; of rows and columns it is that of a number, of all others nothing.
struct Triangle {
    bool lower;  // the part that stays, with the diagonal
    int64_t diagonal;
    npy_intp length;  // of a run
    enum { rows, columns, others } along;

    // A run with the given row and column, as far as it does not go along one of them.
    void zeros(int64_t row, int64_t column, int64_t& begin, int64_t& end) const {
        // An element stays where column - row <= diagonal (or >=).
        const int64_t first = along == columns ? row + diagonal + (lower ? 1 : 0)
                              : along == rows  ? column - diagonal + (lower ? 0 : 1)
                                               : 0;
        const int64_t cut = std::clamp<int64_t>(first, 0, length);
        if (along == others) {
            const bool stays = lower ? column - row <= diagonal : column - row >= diagonal;
            begin = 0;
            end = stays ? 0 : length;
        } else if (lower == (along == columns)) {
            begin = cut;
            end = length;
        } else {
            begin = 0;
            end = cut;
        }
    }
};

template <bool lower>
PyObject* triangle(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if (nargs != 2 || !view(args[0], x) || !PyLong_Check(args[1]) || x.ndim < 2 ||
        x.ndim > max_axes || !is_plain(x.type))
        return nullptr;
    const Py_ssize_t diagonal = PyLong_AsSsize_t(args[1]);
    if (diagonal == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        return nullptr;
    }
    // In the order of the shape, as PyTorch's, but for images. What lies so is copied run by run.
    int axes[max_axes];
    const bool is_ordered = x.is_contiguous || is_channels_last(x);
    if (is_ordered)
        dense_axes(x, axes);
    else
        std::iota(axes, axes + x.ndim, 0);
    PyObject* result = is_ordered ? new_array_like(x) : copy_in_order(x, axes);
    if (!result || x.size() == 0) return result;
    const int rows = x.ndim - 2, columns = x.ndim - 1, fastest = axes[x.ndim - 1];
    const npy_intp item = PyArray_ITEMSIZE(x.object), length = x.shape[fastest];
    const Triangle part{lower,
                        std::clamp<int64_t>(diagonal, -x.shape[rows] - 1, x.shape[columns] + 1),
                        length,
                        fastest == columns ? Triangle::columns
                        : fastest == rows  ? Triangle::rows
                                           : Triangle::others};
    char* to = data_of<char>(result);
    AllowThreads allow(x.size() >= release_lock_from);
    parallel_for(x.size() / length, std::max<int64_t>(1, parallel_grain / length),
                 [&](int64_t first, int64_t last) {
        for (int64_t run = first; run < last; ++run) {
            int64_t rest = run, index[max_axes] = {}, begin, end;
            for (int i = x.ndim - 2; i >= 0; --i) {
                index[axes[i]] = rest % x.shape[axes[i]];
                rest /= x.shape[axes[i]];
            }
            part.zeros(index[rows], index[columns], begin, end);
            const int64_t start = run * length;
            std::memset(to + (start + begin) * item, 0, (end - begin) * item);
            if (!is_ordered) continue;
            std::memcpy(to + start * item, x.data + start * item, begin * item);
            std::memcpy(to + (start + end) * item, x.data + (start + end) * item,
                        (length - end) * item);
        }
    });
    return result;
}

}  // namespace

PyMethodDef triangles_methods[] = {
    method<"tril", triangle<true>>(
        "tril(x, diagonal)\n--\n\nMatrices, zero above a diagonal."),
    method<"triu", triangle<false>>(
        "triu(x, diagonal)\n--\n\nMatrices, zero below a diagonal."),
    {}};

}  // namespace rushlight
