// Maxima and means over windows of images and volumes, float32, channels-last.
#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "geometry.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

struct PoolGeometry {
    Pool pool;
    int spatial;  // of the arrays; pools of fewer dimensions are 3-d ones of depth 1
    Sizes input, output;
    bool counts_padding;
    double divisor_override = 0;  // 0: none
    int64_t window_size;

    bool read(PyObject* tuple) {
        if (!PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) != 9) return false;
        PyObject* const* items = &PyTuple_GET_ITEM(tuple, 0);
        Sizes kernel, stride, padding, dilation;
        if (!read_sizes(items[0], 2, 1, input) || !read_sizes(items[1], 2, 1, output) ||
            !read_sizes(items[2], 0, 1, kernel) || !read_sizes(items[3], 0, 1, stride) ||
            !read_sizes(items[4], 0, 0, padding) || !read_sizes(items[5], 0, 1, dilation))
            return false;
        spatial = static_cast<int>(PyTuple_GET_SIZE(items[0])) - 2;
        const auto axis = [&](int i) {
            return PoolAxis{input[i], output[i], kernel[i], stride[i], padding[i], dilation[i]};
        };
        pool = {number_at(items[0], 0), number_at(items[0], 1), axis(0), axis(1), axis(2)};
        window_size = kernel.product();
        counts_padding = PyObject_IsTrue(items[7]) == 1;
        if (items[8] != Py_None) divisor_override = PyFloat_AsDouble(items[8]);
        return !PyErr_Occurred() && input_size() > 0 && output_size() > 0;
    }
    // Whether a place in the window fits a byte, in which it is kept.
    bool has_small_window() const { return window_size <= 256; }

    int64_t input_size() const { return pool.batch * pool.channels * input.product(); }
    int64_t output_size() const { return pool.batch * pool.channels * output.product(); }
    int64_t rows() const { return pool.batch * output[0] * output[1]; }
    // Units of which `count` make up the whole input, for one thread's share at the least.
    int64_t grain(int64_t count) const {
        return std::max<int64_t>(1, parallel_grain * count / input_size());
    }

    PyObject* new_output(int type) const {
        return new_images(type, pool.batch, pool.channels, output, spatial);
    }
    PyObject* new_input() const {
        return new_images(NPY_FLOAT, pool.batch, pool.channels, input, spatial);
    }
};

// What each window's sum is divided by: the product of a number per dimension. Windows of ceil_mode
// that reach beyond the padding count only what they have of it.
class Divisors {
public:
    explicit Divisors(const PoolGeometry& g) {
        const Pool& p = g.pool;
        depth_ = extents(g, p.depth);
        height_ = extents(g, p.height);
        width_ = extents(g, p.width);
        if (g.divisor_override == 0) return;
        std::fill(depth_.begin(), depth_.end(), static_cast<float>(g.divisor_override));
        std::fill(height_.begin(), height_.end(), 1.0f);
        std::fill(width_.begin(), width_.end(), 1.0f);
    }
    PoolDivisors of_axes() const { return {depth_.data(), height_.data(), width_.data()}; }

private:
    static std::vector<float> extents(const PoolGeometry& g, const PoolAxis& axis) {
        std::vector<float> result(axis.out_size);
        for (int64_t i = 0; i < axis.out_size; ++i) {
            const int64_t begin = i * axis.stride - axis.padding;
            const int64_t end = std::min(begin + axis.kernel, axis.size + axis.padding);
            const int64_t inside = std::min(end, axis.size) - std::max<int64_t>(begin, 0);
            result[i] = static_cast<float>(g.counts_padding ? end - begin : inside);
        }
        return result;
    }

    std::vector<float> depth_, height_, width_;
};

PyObject* max_pool(PyObject* const* args, Py_ssize_t nargs) {
    PoolGeometry g;
    Ordered x;
    if (nargs != 2 || !g.read(args[1]) || !g.has_small_window() ||
        !x.take_images(args[0], NPY_FLOAT, g.input_size()))
        return nullptr;
    PyObject* const y = g.new_output(NPY_FLOAT);
    PyObject* const where = g.new_output(NPY_UINT8);
    PyObject* const result = y && where ? PyTuple_Pack(2, y, where) : nullptr;
    Py_XDECREF(y);
    Py_XDECREF(where);
    if (!result) return nullptr;
    const float* const from = x.data<float>();
    float* const maxima = data_of<float>(y);
    auto* const places = data_of<uint8_t>(where);
    const auto loop = matrix_loops().pool.max;
    AllowThreads allow(g.input_size() >= release_lock_from);
    parallel_for(g.rows(), g.grain(g.rows()), [&](int64_t begin, int64_t end) {
        loop(g.pool, from, maxima, places, begin, end);
    });
    return result;
}

PyObject* max_pool_backward(PyObject* const* args, Py_ssize_t nargs) {
    PoolGeometry g;
    Ordered grad, where;
    if (nargs != 3 || !g.read(args[2]) || !g.has_small_window() ||
        !grad.take_images(args[0], NPY_FLOAT, g.output_size()) ||
        !where.take_images(args[1], NPY_UINT8, g.output_size()))
        return nullptr;
    PyObject* const result = g.new_input();
    if (!result) return nullptr;
    const float* const from = grad.data<float>();
    const auto* const places = where.data<uint8_t>();
    float* const gx = data_of<float>(result);
    const auto loop = matrix_loops().pool.max_backward;
    AllowThreads allow(g.input_size() >= release_lock_from);
    parallel_for(g.pool.batch, g.grain(g.pool.batch), [&](int64_t begin, int64_t end) {
        loop(g.pool, from, places, gx, begin, end);
    });
    return result;
}

PyObject* average_pool(PyObject* const* args, Py_ssize_t nargs) {
    PoolGeometry g;
    Ordered x;
    if (nargs != 2 || !g.read(args[1]) || !x.take_images(args[0], NPY_FLOAT, g.input_size()))
        return nullptr;
    const Divisors divisors(g);
    PyObject* const result = g.new_output(NPY_FLOAT);
    if (!result) return nullptr;
    const float* const from = x.data<float>();
    float* const y = data_of<float>(result);
    const auto loop = matrix_loops().pool.average;
    AllowThreads allow(g.input_size() >= release_lock_from);
    parallel_for(g.rows(), g.grain(g.rows()), [&](int64_t begin, int64_t end) {
        loop(g.pool, divisors.of_axes(), from, y, begin, end);
    });
    return result;
}

PyObject* average_pool_backward(PyObject* const* args, Py_ssize_t nargs) {
    PoolGeometry g;
    Ordered grad;
    if (nargs != 2 || !g.read(args[1]) || !grad.take_images(args[0], NPY_FLOAT, g.output_size()))
        return nullptr;
    const Divisors divisors(g);
    PyObject* const result = g.new_input();
    if (!result) return nullptr;
    const float* const from = grad.data<float>();
    float* const gx = data_of<float>(result);
    const auto loop = matrix_loops().pool.average_backward;
    AllowThreads allow(g.input_size() >= release_lock_from);
    parallel_for(g.pool.batch, g.grain(g.pool.batch), [&](int64_t begin, int64_t end) {
        loop(g.pool, divisors.of_axes(), from, gx, begin, end);
    });
    return result;
}

// Parts that divide an axis as evenly as can be: number i begins at floor(i size / count) and ends
// at ceil((i + 1) size / count).
struct Parts {
    int64_t size, count;
    int64_t begin(int64_t i) const { return i * size / count; }
    int64_t end(int64_t i) const { return ((i + 1) * size + count - 1) / count; }
};

// For each part of a volume the flat place of its first maximum, or of its last NaN.
void places_of_maxima(const Parts* axes, const float* x, int64_t* places) {
    const Parts &depth = axes[0], &height = axes[1], &width = axes[2];
    for (int64_t d = 0; d < depth.count; ++d)
        for (int64_t h = 0; h < height.count; ++h)
            for (int64_t w = 0; w < width.count; ++w) {
                float best = -std::numeric_limits<float>::infinity();
                int64_t place =
                    (depth.begin(d) * height.size + height.begin(h)) * width.size + width.begin(w);
                for (int64_t k = depth.begin(d); k < depth.end(d); ++k)
                    for (int64_t i = height.begin(h); i < height.end(h); ++i) {
                        const int64_t row = (k * height.size + i) * width.size;
                        for (int64_t j = width.begin(w); j < width.end(w); ++j) {
                            const float value = x[row + j];
                            const bool larger = (value > best) | (value != value);
                            best = larger ? value : best;
                            place = larger ? row + j : place;
                        }
                    }
                *places++ = place;
            }
}

PyObject* adaptive_max_pool(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    Ordered ordered;
    Sizes counts;
    if (nargs != 2 || !view(args[0], x) || x.ndim > max_axes || x.size() == 0 ||
        !read_sizes(args[1], 0, 1, counts) || counts.product() == 0)
        return nullptr;
    const auto rank = static_cast<int>(PyTuple_GET_SIZE(args[1]));
    if (rank > x.ndim || !ordered.take_contiguous(args[0], NPY_FLOAT, x.size())) return nullptr;
    npy_intp shape[max_axes];
    std::copy_n(x.shape, x.ndim, shape);
    Parts parts[most_spatial];
    int64_t volume = 1;
    for (int i = 0; i < most_spatial; ++i) {
        const int axis = x.ndim - most_spatial + i;
        const bool is_there = i >= most_spatial - rank;
        parts[i] = {is_there ? x.shape[axis] : 1, counts[i]};
        volume *= parts[i].size;
        if (is_there) shape[axis] = counts[i];
    }
    PyObject* const result = new_array(NPY_INT64, x.ndim, shape);
    if (!result) return nullptr;
    const float* const from = ordered.data<float>();
    auto* const places = data_of<int64_t>(result);
    AllowThreads allow(x.size() >= release_lock_from);
    parallel_for(x.size() / volume, std::max<int64_t>(1, parallel_grain / 2 / volume),
                 [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            places_of_maxima(parts, from + i * volume, places + i * counts.product());
    });
    return result;
}

}  // namespace

PyMethodDef pooling_methods[] = {
    method<"adaptive_max_pool", adaptive_max_pool>(
        "adaptive_max_pool(x, sizes)\n--\n\nThe flat place of the maximum of each part of x."),
    method<"max_pool", max_pool>(
        "max_pool(x, geometry)\n--\n\nThe maximum of each window and its place there."),
    method<"max_pool_backward", max_pool_backward>(
        "max_pool_backward(grad, where, geometry)\n--\n\nThe gradient of x."),
    method<"avg_pool", average_pool>("avg_pool(x, geometry)\n--\n\nThe mean of each window."),
    method<"avg_pool_backward", average_pool_backward>(
        "avg_pool_backward(grad, geometry)\n--\n\nThe gradient of x."),
    {}};

}  // namespace rushlight
