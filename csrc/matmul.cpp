// Matrix products of float32: small ones by loops of our own, large ones by oneDNN; of bfloat16:
// by oneDNN, where the processor has instructions for them.
#include <algorithm>
#include <memory>
#include <numeric>

#include "copies.h"
#include "geometry.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "onednn.h"

namespace rushlight {

namespace {

// Multiplications from which oneDNN is faster than one thread of our loops; below, calling it and
// sharing the work take longer than the work.
constexpr int64_t large_product = 1 << 19;

constexpr int most_batch_axes = 6;

// Columns of a result from which copying a factor is little work beside the product.
constexpr int64_t copied_from = 16;

template <class T>
int element_type() {
    return std::is_same_v<T, float> ? NPY_FLOAT : bfloat16_type;
}

// A stack of matrices: the last two axes of an array, or a vector as a matrix of one row or column.
template <class T>
struct Stack {
    const T* data;
    int axes = 0;  // of the batch
    int64_t shape[most_batch_axes], steps[most_batch_axes];
    int64_t rows, columns;
    int64_t row_step, column_step;  // one of them is 1

    // False when the array is none of T. Matrices without a contiguous axis are copied.
    bool read(PyObject* object, bool is_left) {
        return read_as_is(object, is_left) || read_copy(object, is_left);
    }

    // The same of a copy in the order of the shape.
    bool read_copy(PyObject* object, bool is_left) {
        ArrayView x;
        if (!view(object, x) || x.type != element_type<T>() || x.ndim < 2 || x.ndim > max_axes)
            return false;
        int axes[max_axes];
        std::iota(axes, axes + x.ndim, 0);
        copy_ = std::make_unique<Owned>(copy_in_order(x, axes));
        return *copy_ && read_as_is(copy_->get(), is_left);
    }

    void transpose() {
        std::swap(rows, columns);
        std::swap(row_step, column_step);
    }

private:
    bool read_as_is(PyObject* object, bool is_left) {
        ArrayView x;
        if (!view(object, x) || x.type != element_type<T>() || x.ndim < 1) return false;
        constexpr npy_intp item = sizeof(T);
        for (int i = 0; i < x.ndim; ++i)
            if (x.strides[i] % item) return false;
        data = x.as<T>();
        axes = std::max(x.ndim - 2, 0);
        if (axes > most_batch_axes) return false;
        for (int i = 0; i < axes; ++i) {
            shape[i] = x.shape[i];
            steps[i] = x.strides[i] / item;
        }
        const int64_t last = x.shape[x.ndim - 1], last_step = x.strides[x.ndim - 1] / item;
        if (x.ndim == 1) {
            rows = is_left ? 1 : last;
            columns = is_left ? last : 1;
            row_step = column_step = last_step;
        } else {
            rows = x.shape[x.ndim - 2];
            columns = last;
            row_step = x.strides[x.ndim - 2] / item;
            column_step = last_step;
        }
        return normalize();
    }

    // The step of an axis of length 1 does not matter: it counts as contiguous.
    bool normalize() {
        if (columns == 1) column_step = 1;
        if (rows == 1 && column_step != 1) row_step = 1;
        const bool has_rows = column_step == 1 && (rows == 1 || row_step >= columns);
        const bool has_columns = row_step == 1 && (columns == 1 || column_step >= rows);
        return has_rows || has_columns;
    }

    std::unique_ptr<Owned> copy_;
};

template <class T, class Result>
ProductOf<T, Result> product_of(const Stack<T>& a, const Stack<T>& b, const T* bias, Result* c) {
    return {a.rows,
            b.columns,
            a.columns,
            {a.data, a.row_step, a.column_step},
            {b.data, b.row_step, b.column_step},
            c,
            b.columns,
            bias};
}

template <class Any>
double operations_of(const Any& p) {
    return 2.0 * static_cast<double>(p.rows * p.columns) * static_cast<double>(p.depth);
}

template <class T, class Result>
std::unique_ptr<onednn::Plan> make_plan(const ProductOf<T, Result>& p) {
    using dnnl::memory;
    using onednn::Plan;
    const auto type = onednn::type_of<T>;
    const memory::desc a({p.rows, p.depth}, type, {p.a.row_step, p.a.column_step});
    const memory::desc b({p.depth, p.columns}, type, {p.b.row_step, p.b.column_step});
    const memory::desc c({p.rows, p.columns}, onednn::type_of<Result>, {p.c_step, 1});
    const memory::desc bias({1, p.columns}, type, {p.columns, 1});
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    using Description = dnnl::matmul::primitive_desc;
    const Description made = p.bias ? Description(onednn::engine(), a, b, bias, c, attributes)
                                    : Description(onednn::engine(), a, b, c, attributes);
    if (onednn::is_reference(made)) return nullptr;
    std::vector<Plan::Operand> operands{{DNNL_ARG_SRC, Plan::in, a, a},
                                        {DNNL_ARG_WEIGHTS, Plan::in, b, b},
                                        {DNNL_ARG_DST, Plan::out, c, c}};
    if (p.bias) operands.push_back({DNNL_ARG_BIAS, Plan::in, bias, bias});
    return std::make_unique<Plan>(dnnl::matmul(made), operands, made.scratchpad_desc());
}

// Our loops, the columns or else the rows shared by the team.
void multiply_by_loops(const Product& p, int threads) {
    const MatrixLoops& loops = matrix_loops();
    if (threads == 1) return loops.product(p, 0, p.rows, 0, p.columns);
    const int64_t unit = loops.tile_columns, panels = (p.columns + unit - 1) / unit;
    const bool by_columns = panels >= 4 * threads || p.rows <= few_rows;
#pragma omp parallel num_threads(threads)
    {
        const int64_t team = omp_get_num_threads(), me = omp_get_thread_num();
        if (by_columns) {
            const int64_t end = panels * (me + 1) / team * unit;
            loops.product(p, 0, p.rows, panels * me / team * unit, std::min(p.columns, end));
        } else {
            loops.product(p, p.rows * me / team, p.rows * (me + 1) / team, 0, p.columns);
        }
    }
}

// One product, with the whole team. False when oneDNN fails: with a Python error set, or where it
// has no plan for bfloat16.
template <class T, class Result>
bool multiply(const ProductOf<T, Result>& p) {
    constexpr bool is_float = std::is_same_v<T, float>, is_wide = std::is_same_v<Result, float>;
    const double operations = operations_of(p);
    const bool release = operations >= 1e6;
    const onednn::Team team(operations);
    const bool is_large = p.rows > few_rows && p.rows * p.columns * p.depth >= large_product;
    if (is_large || !is_float) {
        onednn::Key key(is_float ? 200 : is_wide ? 202 : 201, team);
        key.add(p.rows).add(p.columns).add(p.depth).add(p.bias != nullptr);
        key.add(p.a.row_step).add(p.a.column_step).add(p.b.row_step).add(p.b.column_step);
        if (onednn::Plan* plan = onednn::find_plan(key, [&] { return make_plan(p); })) {
            const void* data[] = {p.a.data, p.b.data, p.c, p.bias};
            return plan->run(data, release);
        }
    }
    if constexpr (!is_float) return false;
    else {
        AllowThreads allow(release);
        multiply_by_loops(p, team.threads);
        return true;
    }
}

// The batch of a product of stacks: their batches, broadcast against each other.
struct Batch {
    int axes;
    int64_t count = 1, shape[most_batch_axes];
    int64_t a_steps[most_batch_axes], b_steps[most_batch_axes];

    template <class T>
    bool broadcast(const Stack<T>& a, const Stack<T>& b) {
        axes = std::max(a.axes, b.axes);
        for (int i = 0; i < axes; ++i) {
            const int in_a = i - (axes - a.axes), in_b = i - (axes - b.axes);
            const int64_t a_length = in_a < 0 ? 1 : a.shape[in_a];
            const int64_t b_length = in_b < 0 ? 1 : b.shape[in_b];
            if (a_length != b_length && a_length != 1 && b_length != 1) return false;
            shape[i] = a_length == 1 ? b_length : a_length;
            a_steps[i] = a_length == 1 ? 0 : a.steps[in_a];
            b_steps[i] = b_length == 1 ? 0 : b.steps[in_b];
            count *= shape[i];
        }
        return true;
    }

    // The product number `index`, given the first.
    template <class Any>
    Any at(const Any& first, int64_t index) const {
        Any p = first;
        p.c += index * p.rows * p.columns;
        for (int i = axes - 1; i >= 0; --i) {
            p.a.data += index % shape[i] * a_steps[i];
            p.b.data += index % shape[i] * b_steps[i];
            index /= shape[i];
        }
        return p;
    }
};

// Many small products, each by one thread.
void multiply_all(const Product& first, const Batch& batch, double operations) {
    AllowThreads allow(operations * static_cast<double>(batch.count) >= 1e6);
    const auto grain = static_cast<int64_t>(onednn::worth_sharing / (2 * operations)) + 1;
    parallel_for(batch.count, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) multiply_by_loops(batch.at(first, i), 1);
    });
}

template <class T, class Result>
bool multiply_batch(const ProductOf<T, Result>& first, const Batch& batch) {
    if (batch.count == 1) return multiply(first);
    const double operations = operations_of(first);
    const int team = num_threads();
    const bool is_shared = batch.count < 2 * team && operations >= onednn::worth_sharing;
    if (is_shared || !std::is_same_v<T, float>) {
        for (int64_t i = 0; i < batch.count; ++i)
            if (!multiply(batch.at(first, i))) return false;
        return true;
    }
    if constexpr (std::is_same_v<T, float>) multiply_all(first, batch, operations);
    return true;
}

PyObject* finish(bool done, PyObject* result) {
    if (done) return result;
    Py_DECREF(result);
    return nullptr;
}

// A batch of matrices on the left and one on the right are two matrices, if the left one's rows
// follow each other evenly.
template <class T>
void join_batch(Stack<T>& a, const Stack<T>& b) {
    for (; b.axes == 0 && a.axes > 0; --a.axes) {
        const int64_t length = a.shape[a.axes - 1], step = a.steps[a.axes - 1];
        if (length == 1) continue;
        if (a.column_step != 1 || step < a.columns) return;
        if (a.rows == 1) a.row_step = step;
        if (step != a.rows * a.row_step) return;
        a.rows *= length;
    }
}

// The same, of a copy where they do not, if that is less work than a product for each of the batch.
// False with a Python error set when there is no memory for it.
template <class T>
bool join_or_copy(Stack<T>& a, const Stack<T>& b, PyObject* of_a) {
    join_batch(a, b);
    if (b.axes == 0 && a.axes > 0 && b.columns >= copied_from && a.read_copy(of_a, true))
        join_batch(a, b);
    return !PyErr_Occurred();
}

template <class T, class Result = T>
PyObject* matmul_of(PyObject* const* args) {
    Stack<T> a, b;
    Batch batch;
    if (!a.read(args[0], true) || !b.read(args[1], false)) return nullptr;
    if (a.columns != b.rows || !batch.broadcast(a, b)) return nullptr;
    if (batch.count * a.rows * a.columns * b.columns == 0) return nullptr;

    npy_intp shape[most_batch_axes + 2];
    int ndim = batch.axes;
    std::copy_n(batch.shape, batch.axes, shape);
    const auto is_vector = [](PyObject* array) {
        return PyArray_NDIM(reinterpret_cast<PyArrayObject*>(array)) == 1;
    };
    if (!is_vector(args[0])) shape[ndim++] = a.rows;
    if (!is_vector(args[1])) shape[ndim++] = b.columns;
    if (!join_or_copy(a, b, args[0])) return nullptr;
    PyObject* const result = new_array(element_type<Result>(), ndim, shape);
    if (!result) return nullptr;

    batch = Batch();
    batch.broadcast(a, b);
    // A single column: as its transpose, a row, it takes dot products along the matrix's rows.
    if (b.columns == 1 && a.rows > 1) {
        a.transpose();
        b.transpose();
        std::swap(a, b);
        batch = Batch();
        batch.broadcast(a, b);
    }
    const auto first = product_of<T, Result>(a, b, nullptr, data_of<Result>(result));
    return finish(multiply_batch(first, batch), result);
}

PyObject* matmul(PyObject* const* args, Py_ssize_t nargs) {
    if (nargs != 2) return nullptr;
    return onednn::takes_bfloat16(args[0]) ? matmul_of<BFloat16>(args) : matmul_of<float>(args);
}

PyObject* wide_matmul(PyObject* const* args, Py_ssize_t nargs) {
    if (nargs != 2 || !onednn::takes_bfloat16(args[0])) return nullptr;
    return matmul_of<BFloat16, float>(args);
}

template <class T>
PyObject* linear_of(PyObject* const* args) {
    Stack<T> x, weight;
    Ordered bias;
    if (!x.read(args[0], true) || !weight.read(args[1], true)) return nullptr;
    weight.transpose();
    if (weight.axes || x.columns != weight.rows) return nullptr;
    const bool with_bias = args[2] != Py_None;
    if (with_bias && !bias.take_contiguous(args[2], element_type<T>(), weight.columns)) return nullptr;
    auto* const array = reinterpret_cast<PyArrayObject*>(args[0]);
    npy_intp shape[most_batch_axes + 2];
    const int ndim = PyArray_NDIM(array);
    std::copy_n(PyArray_DIMS(array), ndim, shape);
    shape[ndim - 1] = weight.columns;
    if (!join_or_copy(x, weight, args[0])) return nullptr;
    if (x.axes || x.rows * x.columns * weight.columns == 0) return nullptr;
    PyObject* const result = new_array(element_type<T>(), ndim, shape);
    if (!result) return nullptr;
    const ProductOf<T> product =
        product_of<T, T>(x, weight, with_bias ? bias.data<T>() : nullptr, data_of<T>(result));
    return finish(multiply(product), result);
}

PyObject* linear(PyObject* const* args, Py_ssize_t nargs) {
    if (nargs != 3) return nullptr;
    return onednn::takes_bfloat16(args[0]) ? linear_of<BFloat16>(args) : linear_of<float>(args);
}

// Of vectors that BLAS would be called for in vain.
PyObject* dot(PyObject* const* args, Py_ssize_t nargs) {
    constexpr int lanes = 16;
    constexpr npy_intp long_vector = 2048;  // from here on BLAS is faster
    ArrayView a, b;
    if (nargs != 2 || !view(args[0], a) || !view(args[1], b) || a.ndim != 1 || b.ndim != 1 ||
        a.type != NPY_FLOAT || b.type != NPY_FLOAT || !a.is_contiguous || !b.is_contiguous ||
        a.shape[0] != b.shape[0] || a.shape[0] >= long_vector)
        return nullptr;
    const float *x = a.as<float>(), *y = b.as<float>();
    const npy_intp n = a.shape[0], whole = n / lanes * lanes;
    float sums[lanes] = {}, rest = 0;
    for (npy_intp i = 0; i < whole; i += lanes)
        for (int lane = 0; lane < lanes; ++lane) sums[lane] += x[i + lane] * y[i + lane];
    for (npy_intp i = whole; i < n; ++i) rest += x[i] * y[i];
    PyObject* result = new_array(NPY_FLOAT, 0, nullptr);
    if (result) *data_of<float>(result) = std::accumulate(sums, sums + lanes, rest);
    return result;
}

}  // namespace

PyMethodDef matmul_methods[] = {
    method<"matmul", matmul>("matmul(a, b, out=None)\n--\n\nThe matrix product, as numpy.matmul."),
    method<"wide_matmul", wide_matmul>(
        "wide_matmul(a, b)\n--\n\nThe matrix product of bfloat16 in float32."),
    method<"dot", dot>("dot(a, b)\n--\n\nThe sum of products of two vectors' elements."),
    method<"linear", linear>("linear(x, weight, bias)\n--\n\nx @ weight.T + bias (or None)"),
    {}};

}  // namespace rushlight
