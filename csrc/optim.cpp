// Optimizer steps over all parameters at once, in place.
#include <array>
#include <algorithm>
#include <cmath>
#include <vector>

#include "array_view.h"
#include "copies.h"
#include "instruction_sets.h"
#include "items.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

constexpr int64_t piece_size = 16384;  // elements of parameters that a thread takes at a time

// The data of state that goes with `param`: of its shape and memory order, and writeable.
template <class T>
T* state_of(PyObject* object, const ArrayView& param) {
    ArrayView state;
    if (!view(object, state) || state.type != numpy_type<T> || !state.is_writeable() ||
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

// Options as an array whose elements can be named.
template <size_t count>
std::array<double, count> named(const double* options) {
    std::array<double, count> result;
    std::copy_n(options, count, result.begin());
    return result;
}

// Whether two rows are of one parameter.
template <class Rows>
bool has_twice(const Rows& rows) {
    std::vector<const void*> places;
    for (const auto& row : rows) places.push_back(row.param);
    std::sort(places.begin(), places.end());
    return std::adjacent_find(places.begin(), places.end()) != places.end();
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
struct Tensor {
    int64_t size;
    T* param;
    const T* grad;
    T* states[most_states];
};

// How rules make their coefficients of the options, in the order in which the kernel takes them,
// and of the numbers, which they move on by a step. As PyTorch does, in double.

template <class T>
void prepare(Sgd<T>& rule, const double* options, double*) {
    const auto [initialized, lr, momentum, dampening, weight_decay, nesterov, maximize] =
        named<7>(options);
    rule.lr = T(lr);
    rule.momentum = T(momentum);
    rule.undampened = T(1 - dampening);
    rule.weight_decay = T(weight_decay);
    rule.nesterov = nesterov != 0;
    rule.maximize = maximize != 0;
    rule.first = initialized == 0;
}

// What goes by running means has the factors and the rests of both.
template <class Rule>
void prepare_means(Rule& rule, double beta1, double beta2) {
    using T = decltype(rule.rest1);
    rule.rest1 = T(1 - beta1);
    rule.beta2 = T(beta2);
    rule.rest2 = T(1 - beta2);
}

// Weight decay in the gradient or, decoupled, by a factor of the parameter.
template <class Rule>
void prepare_decay(Rule& rule, double lr, double weight_decay, bool decoupled) {
    using T = decltype(rule.weight_decay);
    rule.weight_decay = decoupled ? T(0) : T(weight_decay);
    rule.decay_factor = decoupled ? T(1 - lr * weight_decay) : T(1);
}

template <class T>
void prepare(Adam<T>& rule, const double* options, double* numbers) {
    const auto [lr, beta1, beta2, eps, weight_decay, decoupled, maximize] = named<7>(options);
    const double step = numbers[0] += 1;
    prepare_means(rule, beta1, beta2);
    prepare_decay(rule, lr, weight_decay, decoupled != 0);
    rule.step_size = T(lr / (1 - std::pow(beta1, step)));
    rule.root_correction2 = T(std::sqrt(1 - std::pow(beta2, step)));
    rule.eps = T(eps);
    rule.maximize = maximize != 0;
}

template <class T>
void prepare(Adamax<T>& rule, const double* options, double* numbers) {
    const auto [lr, beta1, beta2, eps, weight_decay, maximize] = named<6>(options);
    const double step = numbers[0] += 1;
    rule.step_size = T(lr / (1 - std::pow(beta1, step)));
    rule.rest1 = T(1 - beta1);
    rule.beta2 = T(beta2);
    rule.eps = T(eps);
    rule.weight_decay = T(weight_decay);
    rule.maximize = maximize != 0;
}

template <class T>
void prepare(NAdam<T>& rule, const double* options, double* numbers) {
    const auto [lr, beta1, beta2, eps, weight_decay, momentum_decay, decoupled, maximize] =
        named<8>(options);
    const double step = numbers[0] += 1;
    const double mu = beta1 * (1 - 0.5 * std::pow(0.96, step * momentum_decay));
    const double mu_next = beta1 * (1 - 0.5 * std::pow(0.96, (step + 1) * momentum_decay));
    const double mu_product = numbers[1] *= mu;
    prepare_means(rule, beta1, beta2);
    prepare_decay(rule, lr, weight_decay, decoupled != 0);
    rule.correction2 = T(1 - std::pow(beta2, step));
    rule.in_grad = T(lr * (1 - mu) / (1 - mu_product));
    rule.in_mean = T(lr * mu_next / (1 - mu_product * mu_next));
    rule.eps = T(eps);
    rule.maximize = maximize != 0;
}

template <class T>
void prepare(RAdam<T>& rule, const double* options, double* numbers) {
    const auto [lr, beta1, beta2, eps, weight_decay, decoupled, maximize] = named<7>(options);
    const double step = numbers[0] += 1;
    const double power2 = std::pow(beta2, step), correction2 = 1 - power2;
    const double longest = 2 / (1 - beta2) - 1;
    const double length = longest - 2 * step * power2 / correction2;
    prepare_means(rule, beta1, beta2);
    prepare_decay(rule, lr, weight_decay, decoupled != 0);
    rule.lr = T(lr);
    rule.correction1 = T(1 - std::pow(beta1, step));
    rule.root_correction2 = T(std::sqrt(correction2));
    rule.is_adaptive = length > 5;
    rule.rectification = T(std::sqrt((length - 4) * (length - 2) * longest /
                                     ((longest - 4) * (longest - 2) * length)));
    rule.eps = T(eps);
    rule.maximize = maximize != 0;
}

template <class T>
void prepare(Adadelta<T>& rule, const double* options, double* numbers) {
    const auto [lr, rho, eps, weight_decay, maximize] = named<5>(options);
    numbers[0] += 1;
    rule = {{}, T(lr), T(rho), T(1 - rho), T(eps), T(weight_decay), maximize != 0};
}

template <class T>
void prepare(Adagrad<T>& rule, const double* options, double* numbers) {
    const auto [lr, lr_decay, weight_decay, eps, maximize] = named<5>(options);
    rule = {{}, T(lr / (1 + numbers[0] * lr_decay)), T(eps), T(weight_decay), maximize != 0};
    numbers[0] += 1;
}

template <class T>
void prepare(RMSprop<T>& rule, const double* options, double* numbers) {
    const auto [lr, alpha, eps, weight_decay, momentum, maximize] = named<6>(options);
    numbers[0] += 1;
    rule = {{},     T(lr),          T(alpha),   T(1 - alpha),
            T(eps), T(weight_decay), T(momentum), maximize != 0};
}

template <class T>
void prepare(Rprop<T>& rule, const double* options, double* numbers) {
    const auto [eta_minus, eta_plus, smallest, largest, maximize] = named<5>(options);
    numbers[0] += 1;
    rule = {{}, T(eta_minus), T(eta_plus), T(smallest), T(largest), maximize != 0};
}

template <class T>
void prepare(Asgd<T>& rule, const double* options, double* numbers) {
    const auto [lr, lambd, alpha, t0, weight_decay, maximize] = named<6>(options);
    const double step = numbers[0] += 1;
    rule = {{}, T(numbers[1]), T(1 - lambd * numbers[1]), T(numbers[2]), T(weight_decay),
            maximize != 0};
    numbers[1] = lr / std::pow(1 + lambd * lr * step, alpha);
    numbers[2] = 1 / std::max(1.0, step - t0);
}

// The numbers of a parameter: arrays of no dimensions, float or double.
struct Number {
    ArrayView view;
    bool read(PyObject* object) {
        return rushlight::view(object, view) && view.ndim == 0 && view.is_writeable() &&
               (view.type == NPY_FLOAT || view.type == NPY_DOUBLE);
    }
    double get() const { return view.type == NPY_FLOAT ? *view.as<float>() : *view.as<double>(); }
    void set(double value) const {
        if (view.type == NPY_FLOAT)
            *view.as<float>() = static_cast<float>(value);
        else
            *view.as<double>() = value;
    }
};

// The lists of a call: parameters, gradients, states, numbers; and the options.
template <class Rule>
struct Arguments {
    static constexpr int lists = 2 + Rule::states + Rule::numbers;
    Items items[lists];
    double options[Rule::options];

    bool read(PyObject* const* args, Py_ssize_t nargs) {
        if (nargs != lists + Rule::options) return false;
        for (int i = 0; i < lists; ++i) {
            const bool may_be_none = i >= 2 && (Rule::optional >> (i - 2) & 1) != 0;
            if (!items[i].read(args[i], may_be_none)) return false;
            if (items[i].items && items[i].count != items[0].count) return false;
        }
        for (int i = 0; i < Rule::options; ++i) {
            options[i] = PyFloat_AsDouble(args[lists + i]);
            if (options[i] == -1 && PyErr_Occurred()) return false;
        }
        return true;
    }
    PyObject* state(int k, Py_ssize_t i) const { return items[2 + k].items[i]; }
    PyObject* number(int k, Py_ssize_t i) const { return items[2 + Rule::states + k].items[i]; }
};

template <template <class> class Rule, class T>
PyObject* update(const Arguments<Rule<T>>& arguments, Update<Rule, T> loop) {
    constexpr int counted = Rule<T>::numbers;
    struct Row : Tensor<T> {
        Rule<T> rule;
        Number numbers[std::max(counted, 1)];
        double moved[std::max(counted, 1)];
    };
    References references;
    std::vector<Row> rows(static_cast<size_t>(arguments.items[0].count));
    for (size_t i = 0; i < rows.size(); ++i) {
        Row& row = rows[i];
        ArrayView param;
        if (!read_pair<T>(arguments.items[0].items[i], arguments.items[1].items[i], param, row.grad,
                          references))
            return nullptr;
        row.size = param.size();
        row.param = param.as<T>();
        for (int k = 0; k < Rule<T>::states; ++k) {
            if (!arguments.items[2 + k].items) continue;
            row.states[k] = state_of<T>(arguments.state(k, i), param);
            if (!row.states[k]) return nullptr;
        }
        for (int k = 0; k < counted; ++k) {
            if (!row.numbers[k].read(arguments.number(k, i))) return nullptr;
            row.moved[k] = row.numbers[k].get();
        }
        prepare(row.rule, arguments.options, row.moved);
    }
    if (has_twice(rows)) return nullptr;  // one step after the other
    for (const Row& row : rows)
        for (int k = 0; k < counted; ++k) row.numbers[k].set(row.moved[k]);
    for_pieces(rows, [&](const Row& row, int64_t begin, int64_t count) {
        T* states[most_states];
        for (int k = 0; k < most_states; ++k)
            states[k] = row.states[k] ? row.states[k] + begin : nullptr;
        loop(count, row.rule, row.param + begin, row.grad + begin, states);
    });
    Py_RETURN_NONE;
}

template <template <class> class Rule, class T>
PyObject* read_and_update(PyObject* const* args, Py_ssize_t nargs, Update<Rule, T> loop) {
    Arguments<Rule<T>> arguments;
    return arguments.read(args, nargs) ? update<Rule, T>(arguments, loop) : nullptr;
}

// The type of a list's first array.
int first_type(PyObject* sequence) {
    Items params;
    ArrayView first;
    return params.read(sequence) && params.count && view(params.items[0], first) ? first.type
                                                                                : NPY_NOTYPE;
}

#define RULE(name, Rule)                                                              \
    PyObject* name(PyObject* const* args, Py_ssize_t nargs) {                         \
        const int type = nargs ? first_type(args[0]) : NPY_NOTYPE;                    \
        if (type == NPY_FLOAT)                                                        \
            return read_and_update<Rule, float>(args, nargs, loops<float>().update.name); \
        if (type == NPY_DOUBLE)                                                       \
            return read_and_update<Rule, double>(args, nargs, loops<double>().update.name); \
        return nullptr;                                                               \
    }
RUSHLIGHT_RULES(RULE)
#undef RULE

}  // namespace

PyMethodDef optim_methods[] = {
#define RULE(name, Rule)                                                              \
    method<#name, name>(#name                                                         \
                        "(params, grads, *states_numbers_and_options)\n--\n\nA step of " #Rule \
                        " on lists of arrays, in place."),
    RUSHLIGHT_RULES(RULE)
#undef RULE
    {}};

}  // namespace rushlight
