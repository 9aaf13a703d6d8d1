// Optimizer steps over all parameters at once, in place.
#include <cmath>
#include <vector>

#include "array_view.h"
#include "copies.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

constexpr int64_t piece_size = 16384;  // elements of parameters that a thread takes at a time

// References that are given back at the end of the scope.
class References {
public:
    ~References() {
        for (PyObject* object : objects_) Py_DECREF(object);
    }
    void keep(PyObject* object) { objects_.push_back(object); }

private:
    std::vector<PyObject*> objects_;
};

// The items of a list or tuple, or None: then `items` stays null.
struct Items {
    PyObject** items = nullptr;
    Py_ssize_t count = 0;

    bool read(PyObject* sequence, bool may_be_none = false) {
        if (sequence == Py_None) return may_be_none;
        if (!PyList_Check(sequence) && !PyTuple_Check(sequence)) return false;
        items = PySequence_Fast_ITEMS(sequence);
        count = PySequence_Fast_GET_SIZE(sequence);
        return true;
    }
};

// The data of state that goes with `param`: of its shape and memory order, and writeable.
template <class T>
T* state_of(const Items& items, Py_ssize_t i, const ArrayView& param) {
    ArrayView state;
    if (!view(items.items[i], state) || state.type != numpy_type<T> || !state.is_writeable() ||
        !same_shape(state, param) || !same_strides(state, param))
        return nullptr;
    return state.as<T>();
}

// A parameter's data and its gradient's in the same order. False where they are not covered.
template <class T>
bool read_pair(PyObject* param_object, PyObject* grad_object, ArrayView& param, const T*& grad,
               References& references) {
    int axes[NPY_MAXDIMS];
    ArrayView grad_view;
    if (!view(param_object, param) || param.type != numpy_type<T> || !param.is_writeable() ||
        !dense_axes(param, axes) || !view(grad_object, grad_view) ||
        grad_view.type != numpy_type<T> || !same_shape(grad_view, param))
        return false;
    PyObject* ordered = in_order_of(grad_view, param);
    if (!ordered) return false;
    references.keep(ordered);
    grad = data_of<T>(ordered);
    return true;
}

// Cuts all parameters into pieces and lets the team work them off: work(tensor, begin, count).
template <class Tensors, class Work>
void for_pieces(const Tensors& tensors, const Work& work) {
    struct Piece {
        int64_t tensor, begin, count;
    };
    std::vector<Piece> pieces;
    int64_t total = 0;
    for (size_t t = 0; t < tensors.size(); ++t) {
        const int64_t size = tensors[t].size;
        for (int64_t begin = 0; begin < size; begin += piece_size)
            pieces.push_back({static_cast<int64_t>(t), begin, std::min(piece_size, size - begin)});
        total += size;
    }
    AllowThreads allow(total >= release_lock_from);
    const auto count = static_cast<int64_t>(pieces.size());
    parallel_for(count, total >= 2 * parallel_grain ? 1 : count, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            work(tensors[pieces[i].tensor], pieces[i].begin, pieces[i].count);
    });
}

template <class T>
struct SgdTensor {
    int64_t size;
    T* param;
    const T* grad;
    T* buffer;
};

template <class T>
PyObject* sgd_of(const Items& params, const Items& grads, const Items& buffers,
                 const SgdStep<T>& step) {
    References references;
    std::vector<SgdTensor<T>> tensors;
    for (Py_ssize_t i = 0; i < params.count; ++i) {
        ArrayView param;
        const T* grad;
        if (!read_pair<T>(params.items[i], grads.items[i], param, grad, references)) return nullptr;
        T* buffer = step.has_buffer ? state_of<T>(buffers, i, param) : nullptr;
        if (step.has_buffer && !buffer) return nullptr;
        tensors.push_back({param.size(), param.as<T>(), grad, buffer});
    }
    for_pieces(tensors, [&](const SgdTensor<T>& t, int64_t begin, int64_t count) {
        loops<T>().sgd(count, step, t.param + begin, t.grad + begin,
                       t.buffer ? t.buffer + begin : nullptr);
    });
    Py_RETURN_NONE;
}

// The type of a list's first array.
int type_of(const Items& params) {
    ArrayView first;
    return params.count && view(params.items[0], first) ? first.type : NPY_NOTYPE;
}

PyObject* sgd(PyObject* const* args, Py_ssize_t nargs) {
    Items params, grads, buffers;
    if (nargs != 10 || !params.read(args[0]) || !grads.read(args[1]) ||
        !buffers.read(args[2], true) || grads.count != params.count ||
        (buffers.items && buffers.count != params.count))
        return nullptr;
    const double lr = PyFloat_AsDouble(args[4]), momentum = PyFloat_AsDouble(args[5]);
    const double dampening = PyFloat_AsDouble(args[6]), weight_decay = PyFloat_AsDouble(args[7]);
    const int initialized = PyObject_IsTrue(args[3]);
    const int nesterov = PyObject_IsTrue(args[8]), maximize = PyObject_IsTrue(args[9]);
    if (PyErr_Occurred()) return nullptr;
    const bool has_buffer = momentum != 0;
    if (has_buffer && !buffers.items) return nullptr;
    const auto call = [&]<class T>(T) {
        const SgdStep<T> step = {static_cast<T>(lr),
                                 static_cast<T>(momentum),
                                 static_cast<T>(1 - dampening),
                                 static_cast<T>(weight_decay),
                                 bool(nesterov),
                                 bool(maximize),
                                 has_buffer,
                                 !initialized};
        return sgd_of<T>(params, grads, buffers, step);
    };
    const int type = type_of(params);
    return type == NPY_FLOAT ? call(float{}) : type == NPY_DOUBLE ? call(double{}) : nullptr;
}

struct AdamOptions {
    double lr, beta1, beta2, eps, weight_decay;
    bool decoupled, maximize;
};

template <class T>
struct AdamTensor {
    int64_t size;
    T* param;
    const T* grad;
    T *exp_avg, *exp_avg_sq, *max_exp_avg_sq;
    float* steps;
    AdamStep<T> step;
};

// As torch.optim.Adam: bias corrections in double from the count of steps.
template <class T>
AdamStep<T> adam_step(const AdamOptions& options, double steps) {
    const double correction1 = 1 - std::pow(options.beta1, steps);
    const double correction2 = 1 - std::pow(options.beta2, steps);
    return {static_cast<T>(options.lr / correction1),
            static_cast<T>(1 - options.beta1),
            static_cast<T>(options.beta2),
            static_cast<T>(1 - options.beta2),
            static_cast<T>(options.eps),
            static_cast<T>(options.weight_decay),
            static_cast<T>(options.decoupled ? 1 - options.lr * options.weight_decay : 1),
            static_cast<T>(std::sqrt(correction2)),
            options.decoupled,
            options.maximize};
}

template <class T>
PyObject* adam_of(const Items (&lists)[6], const AdamOptions& options) {
    const auto& [params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps] = lists;
    References references;
    std::vector<AdamTensor<T>> tensors;
    for (Py_ssize_t i = 0; i < params.count; ++i) {
        ArrayView param, count;
        const T* grad;
        if (!read_pair<T>(params.items[i], grads.items[i], param, grad, references)) return nullptr;
        T* exp_avg = state_of<T>(exp_avgs, i, param);
        T* exp_avg_sq = state_of<T>(exp_avg_sqs, i, param);
        T* largest = max_exp_avg_sqs.items ? state_of<T>(max_exp_avg_sqs, i, param) : nullptr;
        if (!exp_avg || !exp_avg_sq || !largest != !max_exp_avg_sqs.items) return nullptr;
        if (!view(steps.items[i], count) || count.type != NPY_FLOAT || count.ndim != 0 ||
            !count.is_writeable())
            return nullptr;
        tensors.push_back({param.size(), param.as<T>(), grad, exp_avg, exp_avg_sq, largest,
                           count.as<float>(), adam_step<T>(options, *count.as<float>() + 1.0)});
    }
    for (const AdamTensor<T>& t : tensors) *t.steps += 1;
    for_pieces(tensors, [&](const AdamTensor<T>& t, int64_t begin, int64_t count) {
        loops<T>().adam(count, t.step, t.param + begin, t.grad + begin, t.exp_avg + begin,
                        t.exp_avg_sq + begin,
                        t.max_exp_avg_sq ? t.max_exp_avg_sq + begin : nullptr);
    });
    Py_RETURN_NONE;
}

PyObject* adam(PyObject* const* args, Py_ssize_t nargs) {
    Items lists[6];
    if (nargs != 13) return nullptr;
    for (int i = 0; i < 6; ++i) {
        constexpr int may_be_none = 4;
        if (!lists[i].read(args[i], i == may_be_none)) return nullptr;
        if (lists[i].items && lists[i].count != lists[0].count) return nullptr;
    }
    const AdamOptions options = {PyFloat_AsDouble(args[6]),     PyFloat_AsDouble(args[7]),
                                 PyFloat_AsDouble(args[8]),     PyFloat_AsDouble(args[9]),
                                 PyFloat_AsDouble(args[10]),    PyObject_IsTrue(args[11]) == 1,
                                 PyObject_IsTrue(args[12]) == 1};
    if (PyErr_Occurred()) return nullptr;
    const int type = type_of(lists[0]);
    return type == NPY_FLOAT    ? adam_of<float>(lists, options)
           : type == NPY_DOUBLE ? adam_of<double>(lists, options)
                                : nullptr;
}

}  // namespace

PyMethodDef optim_methods[] = {
    method<"sgd", sgd>(
        "sgd(params, grads, buffers, initialized, lr, momentum, dampening, weight_decay, nesterov, "
        "maximize)\n--\n\nA step of stochastic gradient descent on lists of arrays, in place."),
    method<"adam", adam>(
        "adam(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr, beta1, beta2, eps, "
        "weight_decay, decoupled, maximize)\n--\n\nA step of Adam on lists of arrays, in place."),
    {}};

}  // namespace rushlight
