// Scaled dot-product attention and its gradients, float32 and float64, a block of queries of a head
// at a time: only their scores are in memory.
#include <algorithm>
#include <memory>
#include <vector>

#include "allocator.h"
#include "array_view.h"
#include "copies.h"
#include "instruction_sets.h"
#include "parallel.h"

namespace rushlight {

namespace {

// Scratch memory of numbers.
template <class T>
class Numbers {
public:
    explicit Numbers(int64_t count) : memory_(count * sizeof(T)) {
        if (!memory_.data()) throw allocator::NoMemory(count * sizeof(T));
    }
    T* data() const { return static_cast<T*>(memory_.data()); }

private:
    allocator::Scratch memory_;
};

// Matrices (batch, heads, rows, columns) whose rows are dense; steps in elements.
template <class T>
class Heads {
public:
    int64_t shape[4], steps[3];

    // False for what is none. Where rows are not dense they are copied.
    bool read(PyObject* object) {
        ArrayView x;
        if (!view(object, x) || x.type != numpy_type<T> || x.ndim != 4 || x.size() == 0)
            return false;
        if (x.strides[3] != sizeof(T)) {
            constexpr int axes[4] = {0, 1, 2, 3};
            copy_ = std::make_unique<Owned>(copy_in_order(x, axes));
            if (!*copy_ || !view(copy_->get(), x)) return false;
        }
        constexpr npy_intp item = sizeof(T);
        for (int i = 0; i < 3; ++i) {
            if (x.strides[i] % item) return false;
            steps[i] = x.strides[i] / item;
        }
        std::copy_n(x.shape, 4, shape);
        view_ = x;
        return true;
    }
    T* at(int64_t image, int64_t head) const {
        return view_.as<T>() + image * steps[0] + head * steps[1];
    }
    bool has_shape(int64_t batch, int64_t heads, int64_t rows, int64_t columns) const {
        return shape[0] == batch && shape[1] == heads && shape[2] == rows && shape[3] == columns;
    }
    // A new array of this shape, but for the columns, in the memory order of this one if its rows
    // are dense then.
    PyObject* new_like(int64_t columns) const {
        const npy_intp wanted[4] = {shape[0], shape[1], shape[2], columns};
        npy_intp strides[4];
        ArrayView like = view_;
        like.shape = wanted;
        strides_like(like, strides);
        const bool dense = strides[3] == sizeof(T);
        return new_array_strided(numpy_type<T>, 4, wanted, dense ? strides : nullptr);
    }

private:
    ArrayView view_;
    std::unique_ptr<Owned> copy_;
};

// A mask that broadcasts to the scores.
struct Mask {
    const char* data = nullptr;
    int type = NPY_NOTYPE;
    npy_intp strides[4];  // bytes

    bool read(PyObject* object, const int64_t* scores) {
        if (object == Py_None) return true;
        ArrayView x;
        if (!view(object, x) || x.ndim != 4) return false;
        for (int i = 0; i < 4; ++i) {
            if (x.shape[i] != scores[i] && x.shape[i] != 1) return false;
            strides[i] = x.shape[i] == 1 ? 0 : x.strides[i];
        }
        data = x.data;
        type = x.type;
        return true;
    }
    template <class T>
    Spread<T> at(int type, int64_t image, int64_t head) const {
        if (type != this->type) return {nullptr, 0, 0};
        constexpr auto item = static_cast<npy_intp>(sizeof(T));
        return {reinterpret_cast<const T*>(data + image * strides[0] + head * strides[1]),
                strides[2] / item, strides[3] / item};
    }
};

// What both directions get: query, key, value, mask and kept, and after them scale, is_causal and
// kept_scale.
template <class T>
struct Attention {
    Heads<T> query, key, value;
    Mask mask, kept;
    T scale, kept_scale;
    bool is_causal;

    bool read(PyObject* const* tensors, PyObject* const* numbers) {
        if (!query.read(tensors[0]) || !key.read(tensors[1]) || !value.read(tensors[2]))
            return false;
        const int64_t batch = query.shape[0], heads = query.shape[1], groups = key.shape[1];
        if (!key.has_shape(batch, groups, key.shape[2], query.shape[3]) || heads % groups ||
            !value.has_shape(batch, groups, key.shape[2], value.shape[3]))
            return false;
        const int64_t scores[] = {batch, heads, query.shape[2], key.shape[2]};
        if (!mask.read(tensors[3], scores) || !kept.read(tensors[4], scores)) return false;
        if (mask.data && mask.type != NPY_BOOL && mask.type != numpy_type<T>) return false;
        if (kept.data && kept.type != NPY_BOOL) return false;
        scale = static_cast<T>(PyFloat_AsDouble(numbers[0]));
        const int causal = PyObject_IsTrue(numbers[1]);
        kept_scale = static_cast<T>(PyFloat_AsDouble(numbers[2]));
        is_causal = causal == 1;
        return !PyErr_Occurred();
    }

    int64_t group_size() const { return query.shape[1] / key.shape[1]; }
    int64_t blocks() const {
        const int64_t block = attention_loops<T>().block;
        return (query.shape[2] + block - 1) / block;
    }
    // Some cheap steps that a block of queries takes.
    int64_t work() const {
        return attention_loops<T>().block * key.shape[2] * (query.shape[3] + value.shape[3]) / 8 +
               1;
    }

    AttentionHead<T> head(int64_t image, int64_t number) const {
        const int64_t group = number / group_size();
        return {query.shape[2], key.shape[2], query.shape[3], value.shape[3],
                query.at(image, number), key.at(image, group), value.at(image, group),
                query.steps[2], key.steps[2], value.steps[2], scale, is_causal,
                mask.at<T>(numpy_type<T>, image, number), mask.at<uint8_t>(NPY_BOOL, image, number),
                kept.at<uint8_t>(NPY_BOOL, image, number), kept_scale};
    }
};

template <class T>
PyObject* attention_of(PyObject* const* args) {
    Attention<T> a;
    if (!a.read(args, args + 5)) return nullptr;
    const int64_t heads = a.query.shape[1], rows = a.query.shape[2];
    const npy_intp sums_shape[] = {a.query.shape[0], heads, rows, 2};
    const Owned array(a.query.new_like(a.value.shape[3]));
    const Owned sums(new_array(numpy_type<T>, 4, sums_shape));
    if (!array || !sums) return nullptr;
    Heads<T> result;
    if (!result.read(array.get())) return nullptr;
    T* const to_sums = data_of<T>(sums.get());
    const AttentionLoops<T>& loops = attention_loops<T>();
    const int64_t blocks = a.blocks(), units = a.query.shape[0] * heads * blocks;
    {
        AllowThreads allow(units * a.work() >= release_lock_from);
        parallel_for(units, std::max<int64_t>(1, parallel_grain / a.work()),
                     [&](int64_t begin, int64_t end) {
            const Numbers<T> scratch(loops.scratch(a.head(0, 0)));
            for (int64_t unit = begin; unit < end; ++unit) {
                const int64_t number = unit / blocks, first = unit % blocks * loops.block;
                const int64_t image = number / heads, head = number % heads;
                loops.forward(a.head(image, head), first, std::min(first + loops.block, rows),
                              result.at(image, head), result.steps[2], to_sums + number * rows * 2,
                              scratch.data());
            }
        });
    }
    return PyTuple_Pack(2, array.get(), sums.get());
}

PyObject* attention(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView query;
    if (nargs != 8 || !view(args[0], query)) return nullptr;
    if (query.type == NPY_FLOAT) return attention_of<float>(args);
    if (query.type == NPY_DOUBLE) return attention_of<double>(args);
    return nullptr;
}

// Gradients of keys and values are sums over blocks of queries. Each unit, a head of keys or, where
// these are few, a piece of it, has sums of its own, whatever the threads.
constexpr int64_t many_units = 4;

template <class T>
class Backward {
public:
    bool read(PyObject* const* args) {
        ArrayView sums;
        if (!a_.read(args + 1, args + 7) || !grad_.read(args[0]) || !view(args[6], sums))
            return false;
        const int64_t* shape = a_.query.shape;
        if (!grad_.has_shape(shape[0], shape[1], shape[2], a_.value.shape[3]) ||
            sums.type != numpy_type<T> || !sums.is_contiguous ||
            sums.size() != shape[0] * shape[1] * shape[2] * 2)
            return false;
        sums_ = sums.as<T>();
        return true;
    }

    PyObject* run() {
        const Owned query(a_.query.new_like(a_.query.shape[3]));
        const Owned key(a_.key.new_like(a_.key.shape[3]));
        const Owned value(a_.value.new_like(a_.value.shape[3]));
        if (!query || !key || !value || !to_query_.read(query.get()) ||
            !to_key_.read(key.get()) || !to_value_.read(value.get()))
            return nullptr;
        add_up();
        return PyTuple_Pack(3, query.get(), key.get(), value.get());
    }

private:
    void add_up() {
        const int64_t heads = a_.key.shape[0] * a_.key.shape[1];
        const int64_t tasks = a_.group_size() * a_.blocks();
        pieces_ = std::min(tasks, (many_units + heads - 1) / heads);
        key_width_ = loops_.padded(a_.key.shape[3]);
        width_ = key_width_ + loops_.padded(a_.value.shape[3]);
        const int64_t size = a_.key.shape[2] * width_, work = a_.work() * 3 * tasks / pieces_;
        AllowThreads allow(heads * pieces_ * work >= release_lock_from);
        const Numbers<T> partial(pieces_ > 1 ? heads * pieces_ * size : 1);
        parallel_for(heads * pieces_, std::max<int64_t>(1, parallel_grain / work),
                     [&](int64_t begin, int64_t end) {
            const Numbers<T> scratch(loops_.backward_scratch(a_.head(0, 0)));
            const Numbers<T> own(pieces_ > 1 ? 1 : size);
            for (int64_t unit = begin; unit < end; ++unit) {
                T* sums = pieces_ > 1 ? partial.data() + unit * size : own.data();
                std::fill_n(sums, size, T(0));
                add_piece(unit / pieces_, unit % pieces_, sums, scratch.data());
                if (pieces_ == 1) store(unit, sums);
            }
        });
        for (int64_t head = 0; pieces_ > 1 && head < heads; ++head) {
            T* sums = partial.data() + head * pieces_ * size;
            for (int64_t piece = 1; piece < pieces_; ++piece)
                for (int64_t i = 0; i < size; ++i) sums[i] += sums[piece * size + i];
            store(head, sums);
        }
    }

    // The blocks of a piece of the queries that see head `number` of the keys.
    void add_piece(int64_t number, int64_t piece, T* sums, T* scratch) const {
        const int64_t blocks = a_.blocks(), tasks = a_.group_size() * blocks;
        const int64_t image = number / a_.key.shape[1], group = number % a_.key.shape[1];
        const int64_t rows = a_.query.shape[2];
        for (int64_t task = tasks * piece / pieces_; task < tasks * (piece + 1) / pieces_; ++task) {
            const int64_t head = group * a_.group_size() + task / blocks;
            const int64_t first = task % blocks * loops_.block;
            const AttentionGradients<T> gradients{
                grad_.at(image, head), grad_.steps[2],
                sums_ + (image * a_.query.shape[1] + head) * rows * 2,
                to_query_.at(image, head), to_query_.steps[2],
                sums, sums + a_.key.shape[2] * key_width_};
            loops_.backward(a_.head(image, head), gradients, first,
                            std::min(first + loops_.block, rows), scratch);
        }
    }

    // Out of the padded rows.
    void store(int64_t number, const T* sums) const {
        const int64_t image = number / a_.key.shape[1], group = number % a_.key.shape[1];
        const int64_t keys = a_.key.shape[2];
        store_rows(to_key_, image, group, sums, key_width_);
        store_rows(to_value_, image, group, sums + keys * key_width_, width_ - key_width_);
    }
    static void store_rows(const Heads<T>& to, int64_t image, int64_t group, const T* rows,
                           int64_t step) {
        for (int64_t r = 0; r < to.shape[2]; ++r)
            std::copy_n(rows + r * step, to.shape[3], to.at(image, group) + r * to.steps[2]);
    }

    Attention<T> a_;
    Heads<T> grad_, to_query_, to_key_, to_value_;
    const T* sums_;
    int64_t pieces_, key_width_, width_;
    const AttentionLoops<T>& loops_ = attention_loops<T>();
};

template <class T>
PyObject* attention_backward_of(PyObject* const* args) {
    Backward<T> backward;
    return backward.read(args) ? backward.run() : nullptr;
}

PyObject* attention_backward(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView query;
    if (nargs != 10 || !view(args[1], query)) return nullptr;
    if (query.type == NPY_FLOAT) return attention_backward_of<float>(args);
    if (query.type == NPY_DOUBLE) return attention_backward_of<double>(args);
    return nullptr;
}

}  // namespace

PyMethodDef attention_methods[] = {
    method<"attention", attention>(
        "attention(query, key, value, mask, kept, scale, is_causal, kept_scale)\n--\n\n"
        "softmax(query @ key.T * scale + mask) @ value, and the softmax's maxima and sums."),
    method<"attention_backward", attention_backward>(
        "attention_backward(grad, query, key, value, mask, kept, sums, scale, is_causal, "
        "kept_scale)\n--\n\nThe gradients of query, key and value."),
    {}};

}  // namespace rushlight
