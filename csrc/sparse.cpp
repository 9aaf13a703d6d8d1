// Products of a sparse matrix, given by the places and values of its elements, and a dense one.
#include <algorithm>

#include "array_view.h"
#include "geometry.h"
#include "instruction_sets.h"
#include "parallel.h"

namespace rushlight {

namespace {

// A vector of int64, copied where its elements do not lie side by side.
struct Numbers {
    const int64_t* data;
    int64_t count;

    bool read(PyObject* object) {
        ArrayView v;
        if (!view(object, v) || v.ndim != 1 ||
            !ordered_.take_contiguous(object, NPY_INT64, v.size()))
            return false;
        data = ordered_.data<int64_t>();
        count = v.size();
        return true;
    }

private:
    Ordered ordered_;
};

bool are_within(const int64_t* numbers, int64_t count, int64_t limit) {
    return bit_loops.all_within(count, numbers, 0, limit);
}

// Where each row's elements begin and end. False where `starts` are none: they would lead outside.
bool are_starts(const int64_t* starts, int64_t count, int64_t elements) {
    return count > 0 && starts[0] == 0 && starts[count - 1] == elements &&
           std::is_sorted(starts, starts + count);
}

// The elements of the matrix, and the dense operand with the result.
template <class T>
struct SparseProduct {
    int64_t elements, rows;         // of the sparse matrix; rows only where it is compressed
    const int64_t *outer, *inner;   // a row for each element, or where each row begins; columns
    const T *values, *dense;
    int64_t width;  // columns of the dense matrices
    T* result;

    // result[row] += value * dense[column] for all elements of some compressed rows.
    void of_rows(int64_t begin, int64_t end) const {
        for (int64_t row = begin; row < end; ++row) {
            const int64_t first = outer[row];
            loops<T>().weighted_rows(outer[row + 1] - first, values + first, inner + first, dense,
                                     width, width, result + row * width);
        }
    }

    // The same for elements whose rows are told one by one, in a band of the columns.
    void of_places(const int64_t* to, const int64_t* from, int64_t first, int64_t last) const {
        for (int64_t i = 0; i < elements;) {
            int64_t end = i + 1;
            while (end < elements && to[end] == to[i]) ++end;
            loops<T>().weighted_rows(end - i, values + i, from + i, dense + first, last - first,
                                     width, result + to[i] * width + first);
            i = end;
        }
    }

    // result[column] += value * dense[row] for compressed rows.
    void of_columns(int64_t first, int64_t last) const {
        for (int64_t row = 0; row < rows; ++row)
            for (int64_t i = outer[row]; i < outer[row + 1]; ++i)
                loops<T>().weighted_rows(1, values + i, &row, dense + first, last - first, width,
                                         result + inner[i] * width + first);
    }

    void run(bool is_compressed, bool transposed) const {
        if (is_compressed && !transposed) {
            const int64_t work = std::max<int64_t>(1, elements / std::max<int64_t>(rows, 1) * width);
            parallel_for(rows, std::max<int64_t>(1, parallel_grain / work),
                         [this](int64_t begin, int64_t end) { of_rows(begin, end); });
            return;
        }
        // Each thread has a band of every row, so that no two add to the same place.
        parallel_for(width, std::max<int64_t>(16, parallel_grain / std::max<int64_t>(elements, 1)),
                     [=, this](int64_t first, int64_t last) {
            if (is_compressed)
                of_columns(first, last);
            else
                of_places(transposed ? inner : outer, transposed ? outer : inner, first, last);
        });
    }
};

template <class T>
PyObject* multiply(int type, int64_t count, SparseProduct<T> product, bool is_compressed,
                   bool transposed) {
    const npy_intp shape[] = {count, product.width};
    Owned result(new_array(type, 2, shape));
    if (!result) return nullptr;
    product.result = data_of<T>(result.get());
    {
        AllowThreads allow(product.elements * product.width >= release_lock_from);
        std::fill_n(product.result, count * product.width, T(0));
        product.run(is_compressed, transposed);
    }
    return result.hand_on();
}

PyObject* sparse_product(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView values, dense;
    Ordered ordered;
    if (nargs != 7 || !view(args[0], values) || !view(args[1], dense)) return nullptr;
    if (values.ndim != 1 || !values.is_contiguous || dense.ndim != 2 ||
        !ordered.take_contiguous(args[1], values.type, dense.size()))
        return nullptr;
    const Py_ssize_t count = PyLong_AsSsize_t(args[4]);
    const int is_compressed = PyObject_IsTrue(args[5]), transposed = PyObject_IsTrue(args[6]);
    if (PyErr_Occurred()) return nullptr;
    Numbers outer, inner;
    if (!outer.read(args[2]) || !inner.read(args[3]) || inner.count != values.size())
        return nullptr;
    const int64_t rows = transposed ? dense.shape[0] : count;
    const int64_t columns = transposed ? count : dense.shape[0];
    if (!are_within(inner.data, inner.count, columns)) return nullptr;
    if (is_compressed ? outer.count != rows + 1 || !are_starts(outer.data, outer.count, inner.count)
                      : outer.count != inner.count || !are_within(outer.data, outer.count, rows))
        return nullptr;
    const auto run = [&](auto zero) {
        using T = decltype(zero);
        const SparseProduct<T> product{
            inner.count,      rows,           outer.data, inner.data, values.as<T>(),
            ordered.data<T>(), dense.shape[1], nullptr};
        return multiply<T>(values.type, count, product, is_compressed, transposed);
    };
    if (values.type == NPY_FLOAT) return run(float{});
    return values.type == NPY_DOUBLE ? run(double{}) : nullptr;
}

}  // namespace

PyMethodDef sparse_methods[] = {
    method<"sparse_product", sparse_product>(
        "sparse_product(values, dense, outer, inner, count, is_compressed, transposed)\n--\n\n"
        "The product of a sparse matrix, or its transpose, and a dense one."),
    {}};

}  // namespace rushlight
