// Images and volumes sampled at the points of a grid, and the gradients of both
// (rushlight/kernels/base/grid.py says what is computed).
#include <algorithm>
#include <limits>
#include <numeric>

#include "array_view.h"
#include "copies.h"
#include "instruction_sets.h"
#include "parallel.h"

namespace rushlight {

namespace {

constexpr int max_rank = 3;

// Whether an image batch of any rank lies in memory with its channels last. One channel does not.
bool lies_in_rows(const ArrayView& x) {
    if (x.shape[1] == 1) return false;
    npy_intp step = item_size(x.type);
    const auto follows = [&](int axis) {
        const bool right = x.shape[axis] == 1 || x.strides[axis] == step;
        step *= x.shape[axis];
        return right;
    };
    if (!follows(1)) return false;
    for (int i = x.ndim - 1; i > 1; --i)
        if (!follows(i)) return false;
    return follows(0);
}

// An array in the order of its shape, or with the axis of channels last in memory: as it is, or a
// copy where it does not lie so.
class Dense {
public:
    Dense() = default;
    ~Dense() { Py_XDECREF(copy_); }
    Dense(const Dense&) = delete;
    Dense& operator=(const Dense&) = delete;

    // False, perhaps with an error, where that does not serve.
    bool read(const ArrayView& x, bool in_rows = false) {
        view_ = x;
        if (in_rows ? lies_in_rows(x) : x.is_contiguous) return true;
        int axes[max_rank + 2];
        std::iota(axes, axes + x.ndim, 0);
        if (in_rows) std::rotate(axes + 1, axes + 2, axes + x.ndim);
        copy_ = copy_in_order(x, axes);
        return copy_ && view(copy_, view_);
    }

    template <class T>
    const T* as() const {
        return view_.as<T>();
    }

private:
    ArrayView view_;
    PyObject* copy_ = nullptr;
};

bool is_real(const ArrayView& x) {
    return x.type == NPY_FLOAT || x.type == NPY_DOUBLE;
}

// The numbers that all kernels here end with, and the sizes of what is sampled.
class Sampling {
public:
    // `grid` are the points (N, *places, rank), `parameters` mode, padding and align_corners.
    bool read(PyObject* grid, const npy_intp* sizes, int rank, PyObject* const* parameters) {
        if (!view(grid, grid_) || !is_real(grid_) || (rank != 2 && rank != 3) ||
            grid_.ndim != rank + 2 || grid_.shape[rank + 1] != rank || grid_.size() == 0)
            return false;
        map_.rank = rank;
        for (int i = 0; i < rank; ++i) {
            map_.sizes[rank - 1 - i] = sizes[i];
            if (sizes[i] < 1) return false;
        }
        elements_ = PyArray_MultiplyList(sizes, rank);
        if (elements_ > std::numeric_limits<int32_t>::max()) return false;
        const long mode = PyLong_AsLong(parameters[0]), padding = PyLong_AsLong(parameters[1]);
        if (PyErr_Occurred() || mode < 0 || mode > grid_cubic || padding < 0 ||
            padding > grid_reflection || (mode == grid_cubic && rank == 3))
            return false;
        map_.mode = static_cast<int>(mode);
        map_.padding = static_cast<int>(padding);
        map_.align_corners = PyObject_IsTrue(parameters[2]) == 1;
        batch_ = grid_.shape[0];
        points_ = grid_.size() / batch_ / rank;
        return dense_grid_.read(grid_);
    }

    // Whether x is (N, C, *sizes), or (N, C, *places), of the grid's type.
    bool takes(const ArrayView& x, const npy_intp* sizes) const {
        return x.type == grid_.type && x.ndim == grid_.ndim && x.shape[0] == batch_ &&
               x.shape[1] > 0 && std::equal(x.shape + 2, x.shape + x.ndim, sizes);
    }

    // body(n, first, count, points) for the points of all images in blocks, which the team shares.
    template <class T, class Body>
    void for_each_block(int64_t channels, const Body& body) const {
        const int64_t blocks = (points_ + grid_block - 1) / grid_block;
        AllowThreads allow(batch_ * points_ * channels >= release_lock_from / 8);
        const int64_t grain = std::max<int64_t>(1, parallel_grain / 4 / grid_block / channels);
        parallel_for(batch_ * blocks, grain, [&](int64_t begin, int64_t end) {
            for (int64_t unit = begin; unit < end; ++unit)
                body_of_block<T>(unit / blocks, unit % blocks * grid_block, body);
        });
    }
    // The same for the points of one image, one after the other, on this thread.
    template <class T, class Body>
    void for_image(int64_t n, const Body& body) const {
        for (int64_t first = 0; first < points_; first += grid_block)
            body_of_block<T>(n, first, body);
    }

    const ArrayView& grid() const { return grid_; }
    const GridMap& map() const { return map_; }
    int64_t batch() const { return batch_; }
    int64_t points() const { return points_; }
    int64_t elements() const { return elements_; }

private:
    template <class T, class Body>
    void body_of_block(int64_t n, int64_t first, const Body& body) const {
        body(n, first, std::min<int64_t>(grid_block, points_ - first),
             dense_grid_.as<T>() + (n * points_ + first) * map_.rank);
    }

    ArrayView grid_;
    Dense dense_grid_;
    GridMap map_{};
    int64_t batch_ = 0, points_ = 0, elements_ = 0;
};

// A new array (N, C, *sizes), channels last where `in_rows`.
PyObject* new_images(const ArrayView& like, const npy_intp* sizes, bool in_rows) {
    npy_intp shape[max_rank + 2], strides[max_rank + 2];
    int axes[max_rank + 2];
    std::copy_n(like.shape, 2, shape);
    std::copy_n(sizes, like.ndim - 2, shape + 2);
    std::iota(axes, axes + like.ndim, 0);
    if (in_rows) std::rotate(axes + 1, axes + 2, axes + like.ndim);
    dense_strides(item_size(like.type), like.ndim, shape, axes, strides);
    return new_array_strided(like.type, like.ndim, shape, strides);
}

template <class T>
void sample_all(const Sampling& of, int64_t channels, bool in_rows, const T* x, T* y) {
    const GridLoops<T>& run = loops<T>().grid;
    of.for_each_block<T>(channels, [&](int64_t n, int64_t first, int64_t count, const T* points) {
        GridTaps<T> taps;
        run.taps(of.map(), count, points, false, taps);
        const T* from = x + n * channels * of.elements();
        T* to = y + n * channels * of.points();
        if (in_rows) return run.sample_rows(taps, count, channels, from, to + first * channels);
        for (int64_t c = 0; c < channels; ++c)
            run.sample(taps, count, from + c * of.elements(), to + c * of.points() + first);
    });
}

PyObject* grid_sample(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    Sampling of;
    Dense images;
    if (nargs != 5 || !view(args[0], x) || x.ndim < 4 || x.ndim > max_rank + 2 ||
        !of.read(args[1], x.shape + 2, x.ndim - 2, args + 2) || !of.takes(x, x.shape + 2))
        return nullptr;
    const bool in_rows = lies_in_rows(x);
    if (!images.read(x, in_rows)) return nullptr;
    Owned result(new_images(x, of.grid().shape + 1, in_rows));
    if (!result) return nullptr;
    const auto run = [&](auto zero) {
        using T = decltype(zero);
        sample_all(of, x.shape[1], in_rows, images.as<T>(), data_of<T>(result.get()));
    };
    x.type == NPY_FLOAT ? run(float{}) : run(double{});
    return result.hand_on();
}

// The team shares the channels of all images: points add to the same elements of one.
template <class T>
void scatter_all(const Sampling& of, int64_t channels, bool in_rows, const T* grad, T* gx) {
    const GridLoops<T>& run = loops<T>().grid;
    AllowThreads allow(of.batch() * of.points() * channels >= release_lock_from / 8);
    parallel_for(of.batch() * channels, std::max<int64_t>(1, parallel_grain / 4 / of.points()),
                 [&](int64_t begin, int64_t end) {
        GridTaps<T> taps;
        while (begin < end) {
            const int64_t n = begin / channels, c = begin % channels;
            const int64_t width = std::min(channels - c, end - begin);
            const T* from = grad + n * channels * of.points();
            T* to = gx + n * channels * of.elements();
            if (in_rows && width < channels) {
                for (int64_t i = 0; i < of.elements(); ++i)
                    std::fill_n(to + i * channels + c, width, T(0));
            } else {
                std::fill_n(to + c * of.elements(), width * of.elements(), T(0));
            }
            of.for_image<T>(n, [&](int64_t, int64_t first, int64_t count, const T* points) {
                run.taps(of.map(), count, points, false, taps);
                if (in_rows)
                    return run.scatter_rows(taps, count, channels, width,
                                            from + first * channels + c, to + c);
                for (int64_t i = c; i < c + width; ++i)
                    run.scatter(taps, count, from + i * of.points() + first,
                                to + i * of.elements());
            });
            begin += width;
        }
    });
}

PyObject* grid_sample_input_gradient(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView grad;
    Sampling of;
    Dense images;
    npy_intp sizes[max_rank];
    if (nargs != 6 || !view(args[0], grad) || grad.ndim < 4 || grad.ndim > max_rank + 2 ||
        !PyTuple_Check(args[2]) || PyTuple_GET_SIZE(args[2]) != grad.ndim - 2)
        return nullptr;
    for (int i = 0; i < grad.ndim - 2; ++i)
        sizes[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(args[2], i));
    if (PyErr_Occurred() || !of.read(args[1], sizes, grad.ndim - 2, args + 3) ||
        !of.takes(grad, of.grid().shape + 1))
        return nullptr;
    const bool in_rows = lies_in_rows(grad);
    if (!images.read(grad, in_rows)) return nullptr;
    Owned result(new_images(grad, sizes, in_rows));
    if (!result) return nullptr;
    const auto run = [&](auto zero) {
        using T = decltype(zero);
        scatter_all(of, grad.shape[1], in_rows, images.as<T>(), data_of<T>(result.get()));
    };
    grad.type == NPY_FLOAT ? run(float{}) : run(double{});
    return result.hand_on();
}

template <class T>
void slopes_all(const Sampling& of, int64_t channels, bool in_rows, const T* grad, const T* x,
                T* result) {
    const GridLoops<T>& run = loops<T>().grid;
    const int rank = of.map().rank;
    of.for_each_block<T>(channels, [&](int64_t n, int64_t first, int64_t count, const T* points) {
        GridTaps<T> taps;
        run.taps(of.map(), count, points, true, taps);
        T shares[most_grid_taps][grid_block];
        for (int k = 0; k < taps.count; ++k) std::fill_n(shares[k], count, T(0));
        const T* from = x + n * channels * of.elements();
        const T* above = grad + n * channels * of.points();
        if (in_rows)
            run.share_rows(taps, count, channels, above + first * channels, from, shares);
        for (int64_t c = 0; !in_rows && c < channels; ++c)
            run.share(taps, count, above + c * of.points() + first, from + c * of.elements(),
                      shares);
        run.combine(taps, rank, count, shares, result + (n * of.points() + first) * rank);
    });
}

PyObject* grid_sample_grid_gradient(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView grad, x;
    Sampling of;
    Dense images, above;
    if (nargs != 6 || !view(args[0], grad) || !view(args[1], x) || x.ndim < 4 ||
        x.ndim > max_rank + 2 || !of.read(args[2], x.shape + 2, x.ndim - 2, args + 3) ||
        of.map().mode == grid_nearest || !of.takes(x, x.shape + 2) ||
        !of.takes(grad, of.grid().shape + 1) || grad.shape[1] != x.shape[1])
        return nullptr;
    const bool in_rows = lies_in_rows(x);
    if (!images.read(x, in_rows) || !above.read(grad, in_rows)) return nullptr;
    Owned result(new_array(x.type, x.ndim, of.grid().shape));
    if (!result) return nullptr;
    const auto run = [&](auto zero) {
        using T = decltype(zero);
        slopes_all(of, x.shape[1], in_rows, above.as<T>(), images.as<T>(), data_of<T>(result.get()));
    };
    x.type == NPY_FLOAT ? run(float{}) : run(double{});
    return result.hand_on();
}

}  // namespace

PyMethodDef grid_methods[] = {
    method<"grid_sample", grid_sample>(
        "grid_sample(x, grid, mode, padding, align_corners)\n--\n\n"
        "The values of images at the points of a grid."),
    method<"grid_sample_input_gradient", grid_sample_input_gradient>(
        "grid_sample_input_gradient(grad, grid, sizes, mode, padding, align_corners)\n--\n\n"
        "The gradient of the images."),
    method<"grid_sample_grid_gradient", grid_sample_grid_gradient>(
        "grid_sample_grid_gradient(grad, x, grid, mode, padding, align_corners)\n--\n\n"
        "The gradient of the points."),
    {}};

}  // namespace rushlight
