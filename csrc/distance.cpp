// The distances of all pairs of rows, and their gradients.
#include <algorithm>
#include <vector>

#include "array_view.h"
#include "instruction_sets.h"
#include "parallel.h"

namespace rushlight {

namespace {

constexpr int64_t work_of_a_chunk = parallel_grain / 4;  // differences

// The rows of a matrix, one after the other in memory, and the order of a norm.
struct Rows {
    ArrayView x;
    int64_t count, width;
    double p;

    bool read(PyObject* matrix, PyObject* order) {
        if (!view(matrix, x) || x.ndim != 2 || !x.is_contiguous || x.size() == 0 ||
            x.shape[0] < 2 || (x.type != NPY_FLOAT && x.type != NPY_DOUBLE))
            return false;
        count = x.shape[0];
        width = x.shape[1];
        p = PyFloat_AsDouble(order);
        return !PyErr_Occurred() && p >= 0;
    }
    npy_intp pairs() const { return count * (count - 1) / 2; }
    // Where the pairs begin whose first row this is, less its number and 1: add that of the second.
    int64_t place(int64_t row) const { return row * count - row * (row + 1) / 2 - row - 1; }
    bool is_of_pairs(const ArrayView& a) const {
        return a.type == x.type && a.ndim == 1 && a.shape[0] == pairs() && a.is_contiguous;
    }

    // body(row) for all rows, which the team shares.
    template <class Body>
    void for_each(const Body& body) const {
        AllowThreads allow(pairs() * width >= release_lock_from);
        parallel_for(count, std::max<int64_t>(1, work_of_a_chunk / (count * width)),
                     [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) body(row);
        });
    }
};

// The rows as columns, side by side in memory.
template <class T>
std::vector<T> turned(const Rows& rows) {
    std::vector<T> columns(rows.count * rows.width);
    const T* x = rows.x.as<T>();
    for (int64_t i = 0; i < rows.count; ++i)
        for (int64_t j = 0; j < rows.width; ++j) columns[j * rows.count + i] = *x++;
    return columns;
}

template <class T>
void distances_of_all(const Rows& rows, T* out) {
    const std::vector<T> columns = turned<T>(rows);
    // Long and short lists of pairs take turns, so that the team has equal work.
    rows.for_each([&](int64_t turn) {
        const int64_t row = turn % 2 ? rows.count - 1 - turn / 2 : turn / 2, next = row + 1;
        loops<T>().distances(rows.count - next, rows.width, rows.x.as<T>() + row * rows.width,
                             columns.data() + next, rows.count, rows.p,
                             out + rows.place(row) + next);
    });
}

PyObject* pdist(PyObject* const* args, Py_ssize_t nargs) {
    Rows rows;
    if (nargs != 2 || !rows.read(args[0], args[1])) return nullptr;
    const npy_intp pairs = rows.pairs();
    Owned result(new_array(rows.x.type, 1, &pairs));
    if (!result) return nullptr;
    rows.x.type == NPY_FLOAT ? distances_of_all(rows, data_of<float>(result.get()))
                             : distances_of_all(rows, data_of<double>(result.get()));
    return result.hand_on();
}

template <class T>
void slopes_of_all(const Rows& rows, const T* grads, const T* lengths, T* result) {
    const std::vector<T> columns = turned<T>(rows);
    rows.for_each([&](int64_t row) {
        const T* a = rows.x.as<T>() + row * rows.width;
        T* out = result + row * rows.width;
        std::fill_n(out, rows.width, T(0));
        // Of the pairs with rows before this one, one lies in each of their lists.
        std::vector<T> before(2 * row);
        for (int64_t other = 0; other < row; ++other) {
            before[other] = grads[rows.place(other) + row];
            before[row + other] = lengths[rows.place(other) + row];
        }
        const auto run = loops<T>().distance_slopes;
        run(row, rows.width, a, columns.data(), rows.count, before.data(), before.data() + row,
            rows.p, out);
        const int64_t next = row + 1, place = rows.place(row) + next;
        run(rows.count - next, rows.width, a, columns.data() + next, rows.count, grads + place,
            lengths + place, rows.p, out);
    });
}

PyObject* pdist_gradient(PyObject* const* args, Py_ssize_t nargs) {
    Rows rows;
    ArrayView grad, lengths;
    if (nargs != 4 || !rows.read(args[1], args[3]) || !view(args[0], grad) ||
        !view(args[2], lengths) || !rows.is_of_pairs(grad) || !rows.is_of_pairs(lengths))
        return nullptr;
    Owned result(new_array(rows.x.type, 2, rows.x.shape));
    if (!result) return nullptr;
    const auto run = [&](auto zero) {
        using T = decltype(zero);
        slopes_of_all(rows, grad.as<T>(), lengths.as<T>(), data_of<T>(result.get()));
    };
    rows.x.type == NPY_FLOAT ? run(float{}) : run(double{});
    return result.hand_on();
}

}  // namespace

PyMethodDef distance_methods[] = {
    method<"pdist", pdist>("pdist(x, p)\n--\n\nThe distances of all pairs of rows."),
    method<"pdist_gradient", pdist_gradient>(
        "pdist_gradient(grad, x, distances, p)\n--\n\nThe gradient of the rows."),
    {}};

}  // namespace rushlight
