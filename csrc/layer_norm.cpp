// Layer normalisation (Ba, Kiros and Hinton 2016), and that by the root of the mean square (Zhang
// and Sennrich 2019), of contiguous arrays: rows of `size` elements.
#include <cmath>
#include <vector>

#include "array_view.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

constexpr int64_t rows_in_run = 32;  // additions to a column's sum before it goes into a double
constexpr int64_t most_blocks = 64;  // of rows, each with sums of its own

// Rows of `size` elements, and a value per element of a row or None. False for anything else.
template <class T>
bool read_parameter(PyObject* object, int64_t size, const T*& values) {
    values = nullptr;
    if (object == Py_None) return true;
    ArrayView v;
    if (!view(object, v) || v.type != numpy_type<T> || v.size() != size || !v.is_contiguous)
        return false;
    values = v.as<T>();
    return true;
}

int64_t row_grain(int64_t size) {
    return std::max<int64_t>(1, parallel_grain / size);
}

template <class T>
PyObject* layer_norm_of(const ArrayView& x, PyObject* const* args, int64_t size, double eps,
                        bool centered) {
    const T *weight, *bias;
    if (!read_parameter(args[1], size, weight) || !read_parameter(args[2], size, bias))
        return nullptr;
    const npy_intp rows = x.size() / size;
    const Owned y(new_array_like(x)), mean(new_array(x.type, 1, &rows)),
        invstd(new_array(x.type, 1, &rows));
    if (!y || !mean || !invstd) return nullptr;
    T *means = data_of<T>(mean.get()), *scales = data_of<T>(invstd.get());
    T* to = data_of<T>(y.get());
    const T* from = x.as<T>();
    {
        AllowThreads allow(x.size() >= release_lock_from);
        parallel_for(rows, row_grain(size), [=](int64_t begin, int64_t end) {
            const auto n = static_cast<double>(size);
            for (int64_t r = begin; r < end; ++r) {
                const T* row = from + r * size;
                const double exact = centered ? loops<T>().sum.row(size, row) / n : 0;
                const T center = static_cast<T>(exact);
                // The sum about the mean itself, from that about its rounding.
                const double squares = loops<T>().centered_row(size, row, center) -
                                       n * (exact - center) * (exact - center);
                means[r] = center;
                scales[r] = static_cast<T>(1 / std::sqrt(squares / n + eps));
                loops<T>().normalize_row(size, row, center, scales[r], weight, bias, to + r * size);
            }
        });
    }
    return PyTuple_Pack(3, y.get(), mean.get(), invstd.get());
}

// The size of a row, 0 where it is none of x's: the base says what is wrong.
int64_t read_size(PyObject* object, const ArrayView& x) {
    if (!PyLong_Check(object)) return 0;
    const int64_t size = PyLong_AsSsize_t(object);
    return size > 0 && x.size() > 0 && x.size() % size == 0 ? size : 0;
}

PyObject* layer_norm(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if (nargs != 6 || !view(args[0], x) || !x.is_contiguous) return nullptr;
    const int64_t size = read_size(args[3], x);
    const double eps = PyFloat_AsDouble(args[4]);
    const int centered = PyObject_IsTrue(args[5]);
    if (PyErr_Occurred() || !size) return nullptr;
    if (x.type == NPY_FLOAT) return layer_norm_of<float>(x, args, size, eps, centered);
    if (x.type == NPY_DOUBLE) return layer_norm_of<double>(x, args, size, eps, centered);
    return nullptr;
}

// One row: gx = invstd * (g - mean(g) - xhat * mean(g * xhat)), g being grad * weight.
template <class T>
void row_backward(int64_t size, const T* grad, const T* x, const T* weight, T center, T scale,
                  bool centered, T* gx, T* gw, T* gb) {
    double sums[2] = {};
    loops<T>().weighted_row(size, grad, x, weight, center, sums);
    const double n = static_cast<double>(size), inverse = scale;
    const auto b = static_cast<T>(-inverse * inverse * inverse * sums[1] / n);
    const T c = centered ? static_cast<T>(-inverse * sums[0] / n) : T(0);
    loops<T>().normalize_row_backward(size, grad, x, weight, center, scale, scale, b, c, gx, gw,
                                      gb);
}

template <class T>
PyObject* layer_norm_backward_of(const ArrayView& grad, const ArrayView& x, PyObject* const* args,
                                 int64_t size, bool centered) {
    const int64_t rows = x.size() / size;
    const T *weight, *mean, *invstd;
    if (!read_parameter(args[2], size, weight) || !read_parameter(args[3], rows, mean) ||
        !read_parameter(args[4], rows, invstd) || !mean || !invstd)
        return nullptr;
    const npy_intp vector_shape = size;
    const Owned gx(new_array_like(x)), gw(new_array(x.type, 1, &vector_shape)),
        gb(new_array(x.type, 1, &vector_shape));
    if (!gx || !gw || !gb) return nullptr;
    const T *grads = grad.as<T>(), *values = x.as<T>();
    T* to = data_of<T>(gx.get());
    T *to_weight = data_of<T>(gw.get()), *to_bias = data_of<T>(gb.get());
    {
        AllowThreads allow(x.size() >= release_lock_from);
        // Sums over rows belong to blocks of them, whatever the threads, and are added in order.
        const int64_t block = std::max(rows_in_run, (rows + most_blocks - 1) / most_blocks);
        const int64_t blocks = (rows + block - 1) / block;
        std::vector<double> partial(blocks * 2 * size);
        const int64_t grain = std::max<int64_t>(1, parallel_grain / (block * size));
        parallel_for(blocks, grain, [&](int64_t begin, int64_t end) {
            std::vector<T> run(2 * size);
            for (int64_t k = begin; k < end; ++k) {
                double* sums = &partial[k * 2 * size];
                const int64_t last = std::min(rows, (k + 1) * block);
                for (int64_t first = k * block; first < last; first += rows_in_run) {
                    std::fill(run.begin(), run.end(), T(0));
                    for (int64_t r = first; r < std::min(last, first + rows_in_run); ++r)
                        row_backward(size, grads + r * size, values + r * size, weight, mean[r],
                                     invstd[r], centered, to + r * size, run.data(),
                                     run.data() + size);
                    for (int64_t i = 0; i < 2 * size; ++i) sums[i] += run[i];
                }
            }
        });
        for (int64_t i = 0; i < size; ++i) {
            double of_weight = 0, of_bias = 0;
            for (int64_t k = 0; k < blocks; ++k) {
                of_weight += partial[k * 2 * size + i];
                of_bias += partial[k * 2 * size + size + i];
            }
            to_weight[i] = static_cast<T>(of_weight);
            to_bias[i] = static_cast<T>(of_bias);
        }
    }
    return PyTuple_Pack(3, gx.get(), gw.get(), gb.get());
}

PyObject* layer_norm_backward(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView grad, x;
    if (nargs != 7 || !view(args[0], grad) || !view(args[1], x) || grad.type != x.type ||
        !same_shape(grad, x) || !x.is_contiguous || !grad.is_contiguous)
        return nullptr;
    const int64_t size = read_size(args[5], x);
    const int centered = PyObject_IsTrue(args[6]);
    if (PyErr_Occurred() || !size) return nullptr;
    if (x.type == NPY_FLOAT) return layer_norm_backward_of<float>(grad, x, args, size, centered);
    if (x.type == NPY_DOUBLE) return layer_norm_backward_of<double>(grad, x, args, size, centered);
    return nullptr;
}

}  // namespace

PyMethodDef layer_norm_methods[] = {
    method<"layer_norm", layer_norm>(
        "layer_norm(x, weight, bias, size, eps, centered)\n--\n\n"
        "(y, mean, 1 / standard deviation) for rows of `size`; not `centered`, the mean is 0."),
    method<"layer_norm_backward", layer_norm_backward>(
        "layer_norm_backward(grad, x, weight, mean, invstd, size, centered)\n--\n\n"
        "The gradients of x, and of weight and bias as vectors."),
    {}};

}  // namespace rushlight
