// LU and LDL with their pivots, and systems with a triangular matrix, of stacks of matrices one after
// the other. Real ones are halved until few columns are left, so that most of the work is products
// (Toledo 1997). Large complex ones come here in blocks, from the generic kernels of the same names.
#include <cmath>
#include <complex>
#include <numeric>
#include <type_traits>

#include "array_view.h"
#include "elimination.h"
#include "parallel.h"
#include "symmetric_elimination.h"

namespace rushlight {

namespace {

// Columns of complex numbers up to which elimination one by one is as fast as matrix products; and
// those of real numbers that are eliminated one by one.
constexpr int64_t most_columns = 32, few_columns = 8;

// A stack of matrices in an array's last two axes.
struct Matrices {
    ArrayView array;
    int64_t rows, columns, row_step, column_step;  // steps in elements

    bool read(PyObject* object) {
        if (!view(object, array) || array.ndim < 2) return false;
        const npy_intp item = PyArray_ITEMSIZE(array.object);
        for (int i = 0; i < array.ndim; ++i)
            if (array.strides[i] % item) return false;
        rows = array.shape[array.ndim - 2];
        columns = array.shape[array.ndim - 1];
        row_step = array.strides[array.ndim - 2] / item;
        column_step = array.strides[array.ndim - 1] / item;
        return true;
    }
    int batch_axes() const { return array.ndim - 2; }

    // The matrix number `index` of a batch that this one is broadcast to.
    template <class T>
    const T* at(int64_t index, int axes, const npy_intp* shape) const {
        const char* data = array.data;
        for (int i = axes - 1; i >= 0; --i) {
            const int own = i - (axes - batch_axes());
            if (own >= 0 && array.shape[own] != 1) data += index % shape[i] * array.strides[own];
            index /= shape[i];
        }
        return reinterpret_cast<const T*>(data);
    }

    template <class T>
    void copy(int64_t index, int axes, const npy_intp* shape, T* into) const {
        const T* from = at<T>(index, axes, shape);
        for (int64_t i = 0; i < rows; ++i)
            for (int64_t j = 0; j < columns; ++j)
                *into++ = from[i * row_step + j * column_step];
    }
};

bool is_complex(const ArrayView& x) {
    return PyTypeNum_ISCOMPLEX(x.type);
}

bool broadcast(const Matrices& a, const Matrices& b, int& axes, npy_intp* shape) {
    axes = std::max(a.batch_axes(), b.batch_axes());
    for (int i = 0; i < axes; ++i) {
        const int in_a = i - (axes - a.batch_axes()), in_b = i - (axes - b.batch_axes());
        const npy_intp n = in_a < 0 ? 1 : a.array.shape[in_a];
        const npy_intp m = in_b < 0 ? 1 : b.array.shape[in_b];
        if (n != m && n != 1 && m != 1) return false;
        shape[i] = n == 1 ? m : n;
    }
    return true;
}

template <class T>
constexpr bool is_real = std::is_floating_point_v<T>;

// A triangular matrix, its elements in steps.
template <class T>
struct Triangle {
    const T* data;
    int64_t row_step, column_step;
    bool upper, unit;

    T at(int64_t row, int64_t column) const { return data[row * row_step + column * column_step]; }
    Triangle from(int64_t first) const {
        return {data + first * (row_step + column_step), row_step, column_step, upper, unit};
    }
};

// Overwrites `size` rows of x with the solution, one by one.
template <class T>
void substitute(const Triangle<T>& a, int64_t size, T* x, int64_t columns, int64_t step) {
    for (int64_t k = 0; k < size; ++k) {
        const int64_t i = a.upper ? size - 1 - k : k;
        T* row = x + i * step;
        if (!a.unit) {
            const T divisor = a.at(i, i);
            for (int64_t j = 0; j < columns; ++j) row[j] /= divisor;
        }
        const int64_t begin = a.upper ? 0 : i + 1, end = a.upper ? i : size;
        for (int64_t r = begin; r < end; ++r) subtract(x + r * step, row, a.at(r, i), columns);
    }
}

// The same, by halves: what the known ones contribute to the others is a product.
template <class T>
void solve(const Triangle<T>& a, int64_t size, T* x, int64_t columns, int64_t step) {
    if constexpr (is_real<T>) {
        if (size > few_columns) {
            const int64_t half = size / 2, rest = size - half;
            const Triangle<T> second = a.from(half);
            T* below = x + half * step;
            if (a.upper) {
                solve(second, rest, below, columns, step);
                subtract_product(half, columns, rest, a.data + half * a.column_step, a.row_step,
                                 a.column_step, below, step, x, step);
                solve(a, half, x, columns, step);
            } else {
                solve(a, half, x, columns, step);
                subtract_product(rest, columns, half, a.data + half * a.row_step, a.row_step,
                                 a.column_step, x, step, below, step);
                solve(second, rest, below, columns, step);
            }
            return;
        }
    }
    substitute(a, size, x, columns, step);
}

// A matrix by L and U. Pivots are rows from 1 on.
template <class T>
class Elimination {
public:
    Elimination(int64_t step, bool pivot) : step_(step), pivot_(pivot) {}

    void run(T* a, int64_t rows, int64_t columns, int32_t* pivots) {
        const int64_t least = std::min(rows, columns);
        if (!is_real<T> || least <= few_columns) {
            one_by_one(a, rows, columns, pivots);
            return;
        }
        if constexpr (is_real<T>) {
            const int64_t half = least / 2, others = columns - half;
            run(a, rows, half, pivots);
            exchange(a + half, others, pivots, half);
            solve<T>({a, step_, 1, false, true}, half, a + half, others, step_);
            T* rest = a + half * step_ + half;
            subtract_product(rows - half, others, half, a + half * step_, step_, int64_t{1},
                             a + half, step_, rest, step_);
            int32_t* const later = pivots + half;
            run(rest, rows - half, others, later);
            exchange(a + half * step_, half, later, least - half);
            for (int64_t i = 0; i < least - half; ++i) later[i] += static_cast<int32_t>(half);
        }
    }

private:
    void exchange(T* a, int64_t columns, const int32_t* pivots, int64_t count) const {
        for (int64_t k = 0; k < count; ++k) {
            const int64_t other = pivots[k] - 1;
            if (other != k)
                std::swap_ranges(a + k * step_, a + k * step_ + columns, a + other * step_);
        }
    }

    int64_t place_of_largest(const T* a, int64_t rows, int64_t k) const {
        int64_t largest = k;
        auto most = Number<T>::size(a[k * step_ + k]);
        for (int64_t i = k + 1; i < rows && most == most; ++i) {
            const auto size = Number<T>::size(a[i * step_ + k]);
            if (size > most || size != size) {
                most = size;
                largest = i;
            }
        }
        return largest;
    }

    void one_by_one(T* a, int64_t rows, int64_t columns, int32_t* pivots) const {
        for (int64_t k = 0; k < std::min(rows, columns); ++k) {
            const int64_t largest = pivot_ ? place_of_largest(a, rows, k) : k;
            if (largest != k)
                std::swap_ranges(a + k * step_, a + k * step_ + columns, a + largest * step_);
            pivots[k] = static_cast<int32_t>(largest + 1);
            const T top = a[k * step_ + k];
            if (top == T(0) && pivot_) continue;  // all below it is 0 as well
            for (int64_t i = k + 1; i < rows; ++i) {
                T* row = a + i * step_;
                if (top != T(0)) row[k] /= top;
                subtract(row + k + 1, a + k * step_ + k + 1, row[k], columns - k - 1);
            }
        }
    }

    int64_t step_;
    bool pivot_;
};

// The place of the first zero on the diagonal, from 1 on, or 0.
template <class T>
int32_t first_zero(const T* a, int64_t least, int64_t step) {
    for (int64_t k = 0; k < least; ++k)
        if (a[k * step + k] == T(0)) return static_cast<int32_t>(k + 1);
    return 0;
}

template <class T>
void factor_all(const Matrices& x, int64_t count, T* factors, int32_t* pivots, int32_t* info,
                bool pivot) {
    const int64_t least = std::min(x.rows, x.columns), size = x.rows * x.columns;
    AllowThreads allow(count * size * least >= release_lock_from);
    parallel_for(count, work_of_a_chunk / std::max<int64_t>(size * least, 1) + 1,
                 [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            T* a = factors + i * size;
            x.copy(i, x.batch_axes(), x.array.shape, a);
            Elimination<T>(x.columns, pivot).run(a, x.rows, x.columns, pivots + i * least);
            info[i] = first_zero(a, least, x.columns);
        }
    });
}

PyObject* lu_factor(PyObject* const* args, Py_ssize_t nargs) {
    Matrices x;
    if (nargs != 2 || !x.read(args[0])) return nullptr;
    const int64_t least = std::min(x.rows, x.columns);
    if (x.array.size() == 0 || (is_complex(x.array) && least > most_columns)) return nullptr;
    const int axes = x.batch_axes();
    npy_intp shape[NPY_MAXDIMS];
    std::copy_n(x.array.shape, axes, shape);
    const int64_t count = PyArray_MultiplyList(shape, axes);
    shape[axes] = least;
    Owned factors(new_array(x.array.type, x.array.ndim, x.array.shape));
    Owned pivots(new_array(NPY_INT32, axes + 1, shape)), info(new_array(NPY_INT32, axes, shape));
    if (!factors || !pivots || !info) return nullptr;
    auto* const exchanged = data_of<int32_t>(pivots.get());
    auto* const codes = data_of<int32_t>(info.get());
    const bool pivot = PyObject_IsTrue(args[1]);
    const auto run = [&]<class T>(T) {
        factor_all<T>(x, count, data_of<T>(factors.get()), exchanged, codes, pivot);
    };
    switch (x.array.type) {
        case NPY_FLOAT: run(float()); break;
        case NPY_DOUBLE: run(double()); break;
        case NPY_CFLOAT: run(std::complex<float>()); break;
        case NPY_CDOUBLE: run(std::complex<double>()); break;
        default: return nullptr;
    }
    return PyTuple_Pack(3, factors.get(), pivots.get(), info.get());
}

template <class T>
void factor_symmetric(const Matrices& x, int64_t count, T* factors, int32_t* pivots,
                      int32_t* info) {
    const int64_t n = x.rows, work = std::max<int64_t>(n * n * n / 3, 1);
    AllowThreads allow(count * work >= release_lock_from);
    parallel_for(count, work_of_a_chunk / work + 1, [&](int64_t begin, int64_t end) {
        SymmetricElimination<T> elimination(n);
        for (int64_t i = begin; i < end; ++i) {
            x.copy(i, x.batch_axes(), x.array.shape, factors + i * n * n);
            info[i] = elimination.run(factors + i * n * n, pivots + i * n);
        }
    });
}

PyObject* ldl_factor(PyObject* const* args, Py_ssize_t nargs) {
    Matrices x;
    if (nargs != 2 || !x.read(args[0]) || x.rows != x.columns || x.array.size() == 0)
        return nullptr;
    if (x.array.type != NPY_FLOAT && x.array.type != NPY_DOUBLE) return nullptr;
    const int axes = x.batch_axes();
    Owned factors(new_array(x.array.type, x.array.ndim, x.array.shape));
    Owned pivots(new_array(NPY_INT32, axes + 1, x.array.shape));
    Owned info(new_array(NPY_INT32, axes, x.array.shape));
    if (!factors || !pivots || !info) return nullptr;
    const int64_t count = PyArray_MultiplyList(x.array.shape, axes);
    const auto run = [&]<class T>(T) {
        factor_symmetric<T>(x, count, data_of<T>(factors.get()), data_of<int32_t>(pivots.get()),
                            data_of<int32_t>(info.get()));
    };
    x.array.type == NPY_FLOAT ? run(float()) : run(double());
    return PyTuple_Pack(3, factors.get(), pivots.get(), info.get());
}

template <class T>
void solve_all(const Matrices& a, const Matrices& b, int axes, const npy_intp* shape, T* result,
               bool upper, bool unit) {
    const int64_t size = b.rows * b.columns, count = PyArray_MultiplyList(shape, axes);
    AllowThreads allow(count * size * a.rows >= release_lock_from);
    parallel_for(count, work_of_a_chunk / std::max<int64_t>(size * a.rows, 1) + 1,
                 [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            T* x = result + i * size;
            b.copy(i, axes, shape, x);
            const T* data = a.at<T>(i, axes, shape);
            solve<T>({data, a.row_step, a.column_step, upper, unit}, a.rows, x, b.columns,
                     b.columns);
        }
    });
}

PyObject* triangular_solve(PyObject* const* args, Py_ssize_t nargs) {
    Matrices a, b;
    if (nargs != 4 || !a.read(args[0]) || !b.read(args[1])) return nullptr;
    if (a.rows != a.columns || a.rows != b.rows) return nullptr;
    if (is_complex(a.array) && a.rows > most_columns) return nullptr;
    npy_intp shape[NPY_MAXDIMS];
    int axes;
    if (a.array.type != b.array.type || !broadcast(a, b, axes, shape)) return nullptr;
    if (axes + 2 > NPY_MAXDIMS) return nullptr;
    shape[axes] = b.rows;
    shape[axes + 1] = b.columns;
    if (PyArray_MultiplyList(shape, axes + 2) == 0) return nullptr;
    const bool upper = PyObject_IsTrue(args[2]), unit = PyObject_IsTrue(args[3]);
    Owned result(new_array(b.array.type, axes + 2, shape));
    if (!result) return nullptr;
    const auto run = [&]<class T>(T) {
        solve_all<T>(a, b, axes, shape, data_of<T>(result.get()), upper, unit);
    };
    switch (b.array.type) {
        case NPY_FLOAT: run(float()); break;
        case NPY_DOUBLE: run(double()); break;
        case NPY_CFLOAT: run(std::complex<float>()); break;
        case NPY_CDOUBLE: run(std::complex<double>()); break;
        default: return nullptr;
    }
    return result.hand_on();
}

// Which row of a matrix stands in each row after the exchanges that LAPACK's pivots say.
PyObject* permutation(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView pivots;
    if (nargs != 2 || !view(args[0], pivots) || pivots.type != NPY_INT32 || pivots.ndim == 0 ||
        !pivots.is_contiguous || !PyLong_Check(args[1]))
        return nullptr;
    const npy_intp rows = PyLong_AsSsize_t(args[1]), least = pivots.shape[pivots.ndim - 1];
    if (rows < least || pivots.size() == 0) {
        PyErr_Clear();
        return nullptr;
    }
    const auto* exchanged = pivots.as<int32_t>();
    for (npy_intp i = 0; i < pivots.size(); ++i)
        if (exchanged[i] < 1 || exchanged[i] > rows) return nullptr;
    npy_intp shape[NPY_MAXDIMS];
    std::copy_n(pivots.shape, pivots.ndim, shape);
    shape[pivots.ndim - 1] = rows;
    PyObject* result = new_array(NPY_INT64, pivots.ndim, shape);
    if (!result) return nullptr;
    auto* order = data_of<int64_t>(result);
    for (npy_intp left = pivots.size() / least; left > 0; --left) {
        std::iota(order, order + rows, int64_t{0});
        for (npy_intp i = 0; i < least; ++i) std::swap(order[i], order[exchanged[i] - 1]);
        order += rows;
        exchanged += least;
    }
    return result;
}

// L of x = L L^T from the lower triangle; false where a minor is not positive.
template <class T>
bool cholesky_of(int64_t n, T* a) {
    for (int64_t i = 0; i < n; ++i) {
        T* row = a + i * n;
        for (int64_t j = 0; j <= i; ++j) {
            const T* other = a + j * n;
            T rest = row[j];
            for (int64_t k = 0; k < j; ++k) rest -= row[k] * other[k];
            if (j == i && !(rest > T(0))) return false;
            row[j] = j == i ? std::sqrt(rest) : rest / other[j];
        }
        std::fill(row + i + 1, row + n, T(0));
    }
    return true;
}

// Of small matrices, for which LAPACK's calls take longer than the work.
PyObject* cholesky(PyObject* const* args, Py_ssize_t nargs) {
    constexpr int64_t few_rows = 16;
    Matrices x;
    if (nargs != 1 || !x.read(args[0]) || x.rows != x.columns || x.rows > few_rows ||
        x.array.size() == 0)
        return nullptr;
    const int axes = x.batch_axes();
    Owned factors(new_array(x.array.type, x.array.ndim, x.array.shape));
    Owned info(new_array(NPY_INT32, axes, x.array.shape));
    if (!factors || !info) return nullptr;
    const int64_t count = PyArray_MultiplyList(x.array.shape, axes), size = x.rows * x.rows;
    const auto run = [&]<class T>(T) {
        T* to = data_of<T>(factors.get());
        for (int64_t i = 0; i < count; ++i, to += size) {
            x.copy(i, axes, x.array.shape, to);
            if (!cholesky_of(x.rows, to)) return false;
        }
        return true;
    };
    std::fill_n(data_of<int32_t>(info.get()), count, 0);
    const bool is_done = x.array.type == NPY_FLOAT    ? run(float())
                         : x.array.type == NPY_DOUBLE ? run(double())
                                                      : false;
    return is_done ? PyTuple_Pack(2, factors.get(), info.get()) : nullptr;
}

}  // namespace

PyMethodDef factorization_methods[] = {
    method<"cholesky", cholesky>(
        "cholesky(x)\n--\n\nL of x = L L^T, and the order of the first bad minor."),
    method<"permutation", permutation>(
        "permutation(pivots, rows)\n--\n\nWhich row stands in each after all exchanges."),
    method<"lu_factor", lu_factor>(
        "lu_factor(x, pivot)\n--\n\nL and U in one matrix, the exchanges of rows, and the place of "
        "the first zero pivot."),
    method<"ldl_factor", ldl_factor>(
        "ldl_factor(x, hermitian)\n--\n\nL and D of symmetric matrices in one, with LAPACK's "
        "pivots, and the place of the first zero in D."),
    method<"triangular_solve", triangular_solve>(
        "triangular_solve(a, b, upper, unit)\n--\n\nX of a X = b where a is triangular."),
    {}};

}  // namespace rushlight
