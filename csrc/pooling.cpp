// Maxima and means over windows of images, float32, channels-last.
#include <algorithm>
#include <utility>
#include <vector>

#include "geometry.h"
#include "instruction_sets.h"
#include "parallel.h"

namespace rushlight {

namespace {

struct PoolGeometry {
    Pool pool;
    int spatial;  // of the arrays; 1-d pools are 2-d ones of height 1
    Sizes input, output;
    bool counts_padding;
    double divisor_override = 0;  // 0: none

    bool read(PyObject* tuple) {
        if (!PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) != 9) return false;
        PyObject* const* items = &PyTuple_GET_ITEM(tuple, 0);
        Sizes kernel, stride, padding, dilation;
        if (!read_sizes(items[0], 2, 1, input) || !read_sizes(items[1], 2, 1, output) ||
            !read_sizes(items[2], 0, 1, kernel) || !read_sizes(items[3], 0, 1, stride) ||
            !read_sizes(items[4], 0, 0, padding) || !read_sizes(items[5], 0, 1, dilation))
            return false;
        spatial = static_cast<int>(PyTuple_GET_SIZE(items[0])) - 2;
        pool = {number_at(items[0], 0), number_at(items[0], 1), input[1],    input[2],
                output[1],              output[2],              kernel[1],   kernel[2],
                stride[1],              stride[2],              padding[1],  padding[2],
                dilation[1],            dilation[2]};
        counts_padding = PyObject_IsTrue(items[7]) == 1;
        if (items[8] != Py_None) divisor_override = PyFloat_AsDouble(items[8]);
        // A place in the window is kept in a byte.
        return !PyErr_Occurred() && spatial <= 2 && input_size() > 0 && output_size() > 0 &&
               kernel.product() <= 256;
    }

    int64_t input_size() const { return pool.batch * pool.channels * input.product(); }
    int64_t output_size() const { return pool.batch * pool.channels * output.product(); }
    int64_t rows() const { return pool.batch * pool.out_height; }
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

// What each window's sum is divided by: the product of its row's and its column's number. Windows
// of ceil_mode that reach beyond the padding count only what they have of it.
class Divisors {
public:
    explicit Divisors(const PoolGeometry& g) {
        const Pool& p = g.pool;
        rows_ = extents(g, p.out_height, p.height, p.kernel_height, p.stride_height,
                        p.padding_height);
        columns_ = extents(g, p.out_width, p.width, p.kernel_width, p.stride_width,
                           p.padding_width);
        if (g.divisor_override == 0) return;
        std::fill(rows_.begin(), rows_.end(), static_cast<float>(g.divisor_override));
        std::fill(columns_.begin(), columns_.end(), 1.0f);
    }
    const float* rows() const { return rows_.data(); }
    const float* columns() const { return columns_.data(); }

private:
    static std::vector<float> extents(const PoolGeometry& g, int64_t count, int64_t size,
                                      int64_t kernel, int64_t stride, int64_t padding) {
        std::vector<float> result(count);
        for (int64_t i = 0; i < count; ++i) {
            const int64_t begin = i * stride - padding;
            const int64_t end = std::min(begin + kernel, size + padding);
            result[i] = static_cast<float>(
                g.counts_padding ? end - begin : std::min(end, size) - std::max<int64_t>(begin, 0));
        }
        return result;
    }

    std::vector<float> rows_, columns_;
};

PyObject* max_pool(PyObject* const* args, Py_ssize_t nargs) {
    PoolGeometry g;
    Ordered x;
    if (nargs != 2 || !g.read(args[1]) || !x.take_images(args[0], NPY_FLOAT, g.input_size()))
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
    if (nargs != 3 || !g.read(args[2]) ||
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
        loop(g.pool, divisors.rows(), divisors.columns(), from, y, begin, end);
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
        loop(g.pool, divisors.rows(), divisors.columns(), from, gx, begin, end);
    });
    return result;
}

}  // namespace

PyMethodDef pooling_methods[] = {
    method<"max_pool", max_pool>(
        "max_pool(x, geometry)\n--\n\nThe maximum of each window and its place there."),
    method<"max_pool_backward", max_pool_backward>(
        "max_pool_backward(grad, where, geometry)\n--\n\nThe gradient of x."),
    method<"avg_pool", average_pool>("avg_pool(x, geometry)\n--\n\nThe mean of each window."),
    method<"avg_pool_backward", average_pool_backward>(
        "avg_pool_backward(grad, geometry)\n--\n\nThe gradient of x."),
    {}};

}  // namespace rushlight
