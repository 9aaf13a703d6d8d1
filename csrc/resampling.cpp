// Linear maps along the last axes, each by its taps (rushlight/ops/resampling.py): resizing by any
// method, means over parts, and their gradients.
#include <algorithm>
#include <numeric>
#include <vector>

#include "array_view.h"
#include "copies.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

constexpr int most_mapped = 3;

// The taps of one axis: a named tuple (inputs, outputs, width, places, weights). A place of -1 ends
// a row of places.
template <class T>
class Taps {
public:
    bool read(PyObject* taps) {
        if (!PyTuple_Check(taps) || PyTuple_GET_SIZE(taps) != 5) return false;
        int64_t sizes[3];
        for (int i = 0; i < 3; ++i) sizes[i] = PyLong_AsLongLong(PyTuple_GET_ITEM(taps, i));
        PyObject *places = PyTuple_GET_ITEM(taps, 3), *weights = PyTuple_GET_ITEM(taps, 4);
        if (PyErr_Occurred() || !PyBytes_Check(places) || !PyBytes_Check(weights)) return false;
        const Py_ssize_t bytes = sizes[1] * sizes[2] * Py_ssize_t{sizeof(int64_t)};
        if (PyBytes_GET_SIZE(places) != bytes || PyBytes_GET_SIZE(weights) != bytes) return false;
        const auto* numbers = reinterpret_cast<const double*>(PyBytes_AS_STRING(weights));
        weights_.assign(numbers, numbers + sizes[1] * sizes[2]);
        map_ = {sizes[0], sizes[1], sizes[2],
                reinterpret_cast<const int64_t*>(PyBytes_AS_STRING(places)), nullptr, nullptr,
                true};
        return count();
    }
    AxisMap<T> map() const {
        AxisMap<T> map = map_;
        map.counts = counts_.data();
        map.weights = weights_.data();
        return map;
    }

private:
    // How many places each row has; false where one is beyond the axis.
    bool count() {
        counts_.resize(map_.outputs);
        for (int64_t j = 0; j < map_.outputs; ++j) {
            const int64_t* row = map_.places + j * map_.width;
            counts_[j] = std::find(row, row + map_.width, -1) - row;
            map_.is_full = map_.is_full && counts_[j] == map_.width;
            for (int64_t k = 0; k < counts_[j]; ++k)
                if (row[k] < 0 || row[k] >= map_.inputs) return false;
        }
        return true;
    }

    AxisMap<T> map_{};
    std::vector<int64_t> counts_;
    std::vector<T> weights_;
};

// Maps the axes of [outer][axes][inner]. A unit of work is what belongs to one of the outer and to
// a block of the inner elements: what is between two axes stays in the cache.
template <class T>
class Volumes {
public:
    Volumes(const AxisMap<T>* maps, int count, int64_t outer, int64_t inner)
        : count_(count), outer_(outer), inner_(inner), blocks_((inner + block - 1) / block) {
        std::copy_n(maps, count, maps_);
        for (int i = 0; i < count; ++i) {
            inputs_ *= maps[i].inputs;
            outputs_ *= maps[i].outputs;
        }
    }

    void map(const T* x, T* y) const {
        const int64_t size = std::max(inputs_, outputs_) * std::min(inner_, block);
        parallel_for(outer_ * blocks_, std::max<int64_t>(1, parallel_grain / 2 / size),
                     [=, this](int64_t begin, int64_t end) {
            std::vector<T> kept[most_mapped];
            for (int64_t unit = begin; unit < end; ++unit) map_unit(unit, x, y, kept);
        });
    }

private:
    static constexpr int64_t block = 64;

    void map_unit(int64_t unit, const T* x, T* y, std::vector<T>* kept) const {
        const int64_t volume = unit / blocks_, start = unit % blocks_ * block;
        const int64_t width = std::min(block, inner_ - start);
        const T* from = x + volume * inputs_ * inner_ + start;
        int64_t from_step = inner_;  // from one place to the next
        int64_t before = inputs_, behind = 1;
        for (int axis = count_ - 1; axis >= 0; --axis) {
            const AxisMap<T>& map = maps_[axis];
            before /= map.inputs;
            T* to = y + volume * outputs_ * inner_ + start;
            int64_t to_step = inner_;
            if (axis > 0) {
                kept[axis].resize(before * map.outputs * behind * width);
                to = kept[axis].data();
                to_step = width;
            }
            map_axis(map, before, behind, width, from, from_step, to, to_step);
            from = to;
            from_step = to_step;
            behind *= map.outputs;
        }
    }

    // Of [before][axis][behind][width], where a place is `step` behind the one before it.
    static void map_axis(const AxisMap<T>& map, int64_t before, int64_t behind, int64_t width,
                         const T* from, int64_t from_step, T* to, int64_t to_step) {
        if (behind == 1 && from_step == 1 && to_step == 1)
            return loops<T>().map_lines(map, before, from, to);
        const bool is_dense = from_step == width && to_step == width;
        const int64_t rows = is_dense ? 1 : behind, inner = is_dense ? behind * width : width;
        for (int64_t b = 0; b < before; ++b)
            for (int64_t r = 0; r < rows; ++r)
                loops<T>().map_rows(map, inner, from + (b * map.inputs * behind + r) * from_step,
                                    behind * from_step,
                                    to + (b * map.outputs * behind + r) * to_step,
                                    behind * to_step);
    }

    AxisMap<T> maps_[most_mapped];
    int count_;
    int64_t outer_, inner_, blocks_, inputs_ = 1, outputs_ = 1;
};

// x's axes in memory are `axes`; those from `place` on are mapped.
template <class T>
PyObject* resample_axes(const ArrayView& x, PyObject* all_taps, const int* axes, int place) {
    const auto mapped = static_cast<int>(PyTuple_GET_SIZE(all_taps));
    Taps<T> taps[most_mapped];
    AxisMap<T> maps[most_mapped];
    npy_intp shape[max_axes], strides[max_axes];
    std::copy_n(x.shape, x.ndim, shape);
    for (int i = 0; i < mapped; ++i) {
        const int axis = x.ndim - mapped + i;
        if (!taps[i].read(PyTuple_GET_ITEM(all_taps, i))) return nullptr;
        maps[i] = taps[i].map();
        if (maps[i].inputs != x.shape[axis]) return nullptr;
        shape[axis] = maps[i].outputs;
    }
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < place; ++i) outer *= x.shape[axes[i]];
    for (int i = place + mapped; i < x.ndim; ++i) inner *= x.shape[axes[i]];
    dense_strides(sizeof(T), x.ndim, shape, axes, strides);
    PyObject* result = new_array_strided(x.type, x.ndim, shape, strides);
    if (!result || PyArray_MultiplyList(shape, x.ndim) == 0) return result;
    AllowThreads allow(x.size() >= release_lock_from / 8);
    Volumes<T>(maps, mapped, outer, inner).map(x.as<T>(), data_of<T>(result));
    return result;
}

// Where in the order of memory the last axes begin, if they follow each other there as they do in
// the shape; else -1.
int place_of_last(int ndim, int mapped, const int* axes) {
    const auto place = static_cast<int>(std::find(axes, axes + ndim, ndim - mapped) - axes);
    if (place + mapped > ndim) return -1;
    for (int i = 0; i < mapped; ++i)
        if (axes[place + i] != ndim - mapped + i) return -1;
    return place;
}

PyObject* resample_dense(const ArrayView& x, PyObject* taps, const int* axes, int place) {
    if (x.type == NPY_FLOAT) return resample_axes<float>(x, taps, axes, place);
    return x.type == NPY_DOUBLE ? resample_axes<double>(x, taps, axes, place) : nullptr;
}

PyObject* resample(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int axes[NPY_MAXDIMS];
    if (nargs != 2 || !view(args[0], x) || x.ndim > max_axes || x.size() == 0 ||
        !PyTuple_Check(args[1]) || !dense_axes(x, axes))
        return nullptr;
    const auto mapped = static_cast<int>(PyTuple_GET_SIZE(args[1]));
    if (mapped < 1 || mapped > most_mapped || mapped > x.ndim) return nullptr;
    const int place = place_of_last(x.ndim, mapped, axes);
    if (place >= 0) return resample_dense(x, args[1], axes, place);
    // Other orders are copied, and the result is put into x's.
    int in_order[max_axes];
    std::iota(in_order, in_order + x.ndim, 0);
    const Owned copy(copy_in_order(x, in_order));
    ArrayView copied, made;
    if (!copy || !view(copy.get(), copied)) return nullptr;
    const Owned result(resample_dense(copied, args[1], in_order, x.ndim - mapped));
    if (!result || !view(result.get(), made)) return nullptr;
    return copy_in_order(made, axes);
}

}  // namespace

PyMethodDef resampling_methods[] = {
    method<"resample", resample>(
        "resample(x, taps)\n--\n\n"
        "The last axes of x, each mapped by its taps, the last one first."),
    {}};

}  // namespace rushlight
