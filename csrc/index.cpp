// x[indices]: elements and slices picked, overwritten or added to where arrays of whole numbers and
// masks say. Indices are checked before anything is written.
#include <cstring>

#include "copies.h"
#include "index_plan.h"
#include "parallel.h"

namespace rushlight {

namespace {

// --- what is done with one element of x and one of the other array

template <class U>
struct Pick {
    using type = U;
    static constexpr bool moves = true, writes = false;
    static void apply(char* x, char* other) {
        *reinterpret_cast<U*>(other) = *reinterpret_cast<const U*>(x);
    }
};

template <class U>
struct Put {
    using type = U;
    static constexpr bool moves = true, writes = true;
    static void apply(char* x, char* other) {
        *reinterpret_cast<U*>(x) = *reinterpret_cast<const U*>(other);
    }
};

template <class T>
struct Add {
    using type = T;
    static constexpr bool moves = false, writes = true;
    static void apply(char* x, char* other) {
        *reinterpret_cast<T*>(x) += *reinterpret_cast<const T*>(other);
    }
};

struct Pair {
    uint64_t first, second;
};

// Elements of the other array: where they lie by the result's axes.
class Walk {
public:
    Walk(const Plan& plan, char* x, char* other, const npy_intp* other_strides, npy_intp item)
        : plan_(plan), x_(x), other_(other) {
        const int* order = plan.order;
        for (int i = 0; i < plan.block_place; ++i) add_outer(order[i], other_strides);
        for (int i = plan.block_place + plan.block_ndim; i < plan.ndim; ++i)
            add_inner(order[i], other_strides);
        run_ = inner_ndim_ == 0 ||
               (inner_ndim_ == 1 && inner_x_[0] == item && inner_other_[0] == item);
        set_block(other_strides + plan.block_start);
    }

    int64_t outer_size() const { return outer_size_; }
    int64_t inner_size() const { return inner_size_; }
    bool is_run() const { return run_; }

    // The block's elements [begin, end) of all outer ones, counted through; of runs the elements
    // [first, last).
    template <class Op>
    void apply(int64_t begin, int64_t end, int64_t first, int64_t last) const {
        if (plan_.direct) {
            const int64_t* places = plan_.direct;
            const npy_intp length = plan_.indices[0].length, step = plan_.indices[0].step;
            apply_at<Op>(begin, end, first, last, [=](int64_t k) {
                return (places[k] + (places[k] >> 63 & length)) * step;
            });
        } else {
            const int64_t* offsets = plan_.offsets.data();
            apply_at<Op>(begin, end, first, last, [=](int64_t k) { return offsets[k]; });
        }
    }

private:
    void add_outer(int axis, const npy_intp* other_strides) {
        if (plan_.shape[axis] == 1) return;
        outer_[outer_ndim_] = plan_.shape[axis];
        outer_x_[outer_ndim_] = plan_.x_strides[axis];
        outer_other_[outer_ndim_++] = other_strides[axis];
        outer_size_ *= plan_.shape[axis];
    }

    void add_inner(int axis, const npy_intp* other_strides) {
        const npy_intp length = plan_.shape[axis];
        if (length == 1) return;
        inner_size_ *= length;
        const npy_intp x_step = plan_.x_strides[axis], other_step = other_strides[axis];
        const int last = inner_ndim_ - 1;
        if (last >= 0 && inner_x_[last] == x_step * length &&
            inner_other_[last] == other_step * length) {
            inner_[last] *= length;
            inner_x_[last] = x_step;
            inner_other_[last] = other_step;
            return;
        }
        inner_[inner_ndim_] = length;
        inner_x_[inner_ndim_] = x_step;
        inner_other_[inner_ndim_++] = other_step;
    }

    // One stride along the whole block, or the offset of each of its elements.
    void set_block(const npy_intp* strides) {
        bool joined = true, is_first = true;
        npy_intp next = 0;
        for (int i = plan_.block_ndim - 1; i >= 0; --i) {
            if (plan_.block[i] == 1) continue;
            if (is_first)
                block_step_ = strides[i];
            else if (strides[i] != next)
                joined = false;
            is_first = false;
            next = strides[i] * plan_.block[i];
        }
        if (joined) return;
        int64_t* offsets = block_offsets_.make(plan_.block_size);
        for (int64_t k = 0; k < plan_.block_size; ++k) {
            int64_t rest = k, offset = 0;
            for (int i = plan_.block_ndim - 1; i >= 0; --i) {
                offset += rest % plan_.block[i] * strides[i];
                rest /= plan_.block[i];
            }
            offsets[k] = offset;
        }
    }

    template <class Op, class Offset>
    void apply_at(int64_t begin, int64_t end, int64_t first, int64_t last,
                  const Offset& offset) const {
        const int64_t block = plan_.block_size;
        while (begin < end) {
            int64_t rest = begin / block;
            const int64_t from = begin % block, to = std::min(block, from + end - begin);
            char *x = x_, *other = other_;
            for (int i = outer_ndim_ - 1; i >= 0; --i) {
                const int64_t at = rest % outer_[i];
                rest /= outer_[i];
                x += at * outer_x_[i];
                other += at * outer_other_[i];
            }
            if (!block_offsets_.data()) {
                const npy_intp step = block_step_;
                line<Op>(x, other, from, to, first, last, offset,
                         [=](int64_t k) { return k * step; });
            } else {
                const int64_t* others = block_offsets_.data();
                line<Op>(x, other, from, to, first, last, offset,
                         [=](int64_t k) { return others[k]; });
            }
            begin += to - from;
        }
    }

    template <class Op, class Offset, class Other>
    void line(char* x, char* other, int64_t from, int64_t to, int64_t first, int64_t last,
              const Offset& offset, const Other& other_offset) const {
        constexpr npy_intp item = sizeof(typename Op::type);
        if (inner_ndim_ == 0) {
            for (int64_t k = from; k < to; ++k) Op::apply(x + offset(k), other + other_offset(k));
            return;
        }
        for (int64_t k = from; k < to; ++k) {
            char *here = x + offset(k), *there = other + other_offset(k);
            if (!run_) {
                slice<Op>(0, here, there);
            } else if constexpr (Op::moves) {
                char* target = (Op::writes ? here : there) + first * item;
                copy_bytes(target, (Op::writes ? there : here) + first * item,
                           (last - first) * item);
            } else {
                auto* sums = reinterpret_cast<typename Op::type*>(here);
                const auto* added = reinterpret_cast<const typename Op::type*>(there);
                for (int64_t i = first; i < last; ++i) sums[i] += added[i];
            }
        }
    }

    template <class Op>
    void slice(int axis, char* x, char* other) const {
        const npy_intp length = inner_[axis], x_step = inner_x_[axis];
        const npy_intp other_step = inner_other_[axis];
        for (npy_intp i = 0; i < length; ++i, x += x_step, other += other_step) {
            if (axis + 1 == inner_ndim_)
                Op::apply(x, other);
            else
                slice<Op>(axis + 1, x, other);
        }
    }

    const Plan& plan_;
    char *x_, *other_;
    int outer_ndim_ = 0, inner_ndim_ = 0;
    int64_t outer_size_ = 1, inner_size_ = 1;
    npy_intp outer_[max_axes], outer_x_[max_axes], outer_other_[max_axes];
    npy_intp inner_[max_axes], inner_x_[max_axes], inner_other_[max_axes];
    bool run_ = false;  // inner elements are contiguous in both
    npy_intp block_step_ = 0;
    Numbers block_offsets_;
};

// Work is shared so that no two threads write to one element, in the order of the block.
template <class Op>
void run(const Plan& plan, const Walk& walk) {
    const int64_t outer = walk.outer_size(), inner = walk.inner_size(), block = plan.block_size;
    if (outer * inner * block == 0) return;
    AllowThreads allow(outer * inner * block >= release_lock_from);
    const auto grain = [](int64_t each) {
        return std::max<int64_t>(1, parallel_grain / 4 / each);
    };
    if (!Op::writes) {
        parallel_for(outer * block, grain(inner), [&](int64_t begin, int64_t end) {
            walk.apply<Op>(begin, end, 0, inner);
        });
    } else if (outer > 1 || !walk.is_run()) {
        parallel_for(outer, grain(block * inner), [&](int64_t begin, int64_t end) {
            walk.apply<Op>(begin * block, end * block, 0, inner);
        });
    } else {
        parallel_for(inner, std::max<int64_t>(16, grain(block)), [&](int64_t begin, int64_t end) {
            walk.apply<Op>(0, block, begin, end);
        });
    }
}

template <template <class> class Op>
bool move(const Plan& plan, const Walk& walk, npy_intp item) {
    switch (item) {
        case 1: run<Op<uint8_t>>(plan, walk); return true;
        case 2: run<Op<uint16_t>>(plan, walk); return true;
        case 4: run<Op<uint32_t>>(plan, walk); return true;
        case 8: run<Op<uint64_t>>(plan, walk); return true;
        case 16: run<Op<Pair>>(plan, walk); return true;
    }
    return false;
}

// Whole numbers wrap around.
bool add(const Plan& plan, const Walk& walk, int type) {
    switch (type) {
        case NPY_FLOAT: run<Add<float>>(plan, walk); return true;
        case NPY_DOUBLE: run<Add<double>>(plan, walk); return true;
        case NPY_INT64: run<Add<uint64_t>>(plan, walk); return true;
        case NPY_INT32: run<Add<uint32_t>>(plan, walk); return true;
    }
    return false;
}

bool is_item(npy_intp item) {
    return item == 1 || item == 2 || item == 4 || item == 8 || item == 16;
}

PyObject* index_get(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    Plan plan;
    if (nargs != 2 || !view(args[0], x) || !PyTuple_CheckExact(args[1]) || !is_plain(x.type))
        return nullptr;
    const npy_intp item = PyArray_ITEMSIZE(x.object);
    if (!is_item(item) || !plan.read(x, args[1]) || !plan.find_offsets(x)) return nullptr;
    npy_intp strides[max_axes], step = item;
    for (int i = plan.ndim - 1; i >= 0; --i) {
        strides[plan.order[i]] = step;
        step *= std::max<npy_intp>(plan.shape[plan.order[i]], 1);
    }
    PyObject* result = new_array_strided(x.type, plan.ndim, plan.shape, strides);
    if (result) move<Pick>(plan, Walk(plan, x.data, data_of<char>(result), strides, item), item);
    return result;
}

// What index_put and index_put_add start with. False for what the base does, or has words for.
bool read_put(PyObject* const* args, Py_ssize_t nargs, ArrayView& x, Plan& plan, ArrayView& values,
              npy_intp* strides) {
    if (nargs != 3 || !view(args[0], x) || !view(args[1], values) ||
        !PyTuple_CheckExact(args[2]) || !is_plain(x.type) || values.type != x.type)
        return false;
    if (!x.is_writeable() || may_overlap(x, values) || !is_item(PyArray_ITEMSIZE(x.object)))
        return false;
    for (int i = 0; i < x.ndim; ++i)
        if (x.strides[i] == 0 && x.shape[i] > 1) return false;
    if (!plan.read(x, args[2]) || values.ndim > plan.ndim) return false;
    const int missing = plan.ndim - values.ndim;
    std::fill_n(strides, missing, 0);
    for (int i = 0; i < values.ndim; ++i) {
        if (values.shape[i] != 1 && values.shape[i] != plan.shape[i + missing]) return false;
        strides[i + missing] = values.shape[i] == 1 ? 0 : values.strides[i];
    }
    return plan.find_offsets(x);
}

PyObject* index_put(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x, values;
    Plan plan;
    npy_intp strides[max_axes];
    if (!read_put(args, nargs, x, plan, values, strides)) return nullptr;
    const npy_intp item = PyArray_ITEMSIZE(x.object);
    move<Put>(plan, Walk(plan, x.data, values.data, strides, item), item);
    return Py_NewRef(args[0]);
}

PyObject* index_put_add(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x, values;
    Plan plan;
    npy_intp strides[max_axes];
    if (!read_put(args, nargs, x, plan, values, strides)) return nullptr;
    const Walk walk(plan, x.data, values.data, strides, PyArray_ITEMSIZE(x.object));
    return add(plan, walk, x.type) ? Py_NewRef(args[0]) : nullptr;
}

// x[index] for whole numbers, slices, None and `...`, always a view: an ellipsis makes a 0-d array,
// and not a number, of what whole numbers alone name.
PyObject* getitem(PyObject* const* args, Py_ssize_t nargs) {
    if (nargs != 2 || !PyArray_CheckExact(args[0]) || !PyTuple_CheckExact(args[1])) return nullptr;
    const Py_ssize_t count = PyTuple_GET_SIZE(args[1]);
    bool open = false;
    for (Py_ssize_t i = 0; i < count; ++i) open |= PyTuple_GET_ITEM(args[1], i) == Py_Ellipsis;
    if (open) return PyObject_GetItem(args[0], args[1]);
    PyObject* index = PyTuple_New(count + 1);
    if (!index) return nullptr;
    for (Py_ssize_t i = 0; i < count; ++i)
        PyTuple_SET_ITEM(index, i, Py_NewRef(PyTuple_GET_ITEM(args[1], i)));
    PyTuple_SET_ITEM(index, count, Py_NewRef(Py_Ellipsis));
    PyObject* result = PyObject_GetItem(args[0], index);
    Py_DECREF(index);
    return result;
}

}  // namespace

PyMethodDef index_methods[] = {
    method<"getitem", getitem>("getitem(x, index)\n--\n\nx[index], a view"),
    method<"index_get", index_get>(
        "index_get(x, indices)\n--\n\nx[indices]: arrays, or None for a whole axis"),
    method<"index_put", index_put>("index_put(x, values, indices)\n--\n\nx[indices] = values"),
    method<"index_put_add", index_put_add>(
        "index_put_add(x, values, indices)\n--\n\nx[indices] += values, each time one is named"),
    {}};

}  // namespace rushlight
