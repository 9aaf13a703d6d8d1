// Optimizers' rules: what a pass over a parameter, its gradient and its state goes by.
//
// A rule is three things: its coefficients, here; how they are made of options and numbers such as
// the count of steps (prepare() in csrc/optim.cpp); and its formula for one element (update() in
// csrc/loops/optim.cpp). The rest derives from the list at the end.
#pragma once

#include <stdint.h>

namespace rushlight {

// What a rule takes besides parameter and gradient. Bit k of `optional`: state k may be missing.
template <int states_, int numbers_, int options_, unsigned optional_ = 0>
struct Takes {
    static constexpr int states = states_, numbers = numbers_, options = options_;
    static constexpr unsigned optional = optional_;
};
constexpr int most_states = 3;

// `rest` is 1 minus a factor, made before it is rounded to T.
template <class T>
struct Sgd : Takes<1, 0, 7, 0b1> {
    T lr, momentum, undampened, weight_decay;
    bool nesterov, maximize, first;  // first: the buffer is filled, not updated
};

template <class T>
struct Adam : Takes<3, 1, 7, 0b100> {
    T step_size, rest1, beta2, rest2, eps, weight_decay, decay_factor, root_correction2;
    bool maximize;
};

template <class T>
struct Adamax : Takes<2, 1, 6> {
    T step_size, rest1, beta2, eps, weight_decay;
    bool maximize;
};

template <class T>
struct NAdam : Takes<2, 2, 8> {
    T rest1, beta2, rest2, eps, weight_decay, decay_factor, correction2, in_grad, in_mean;
    bool maximize;
};

template <class T>
struct RAdam : Takes<2, 1, 7> {
    T lr, rest1, beta2, rest2, eps, weight_decay, decay_factor;
    T correction1, root_correction2, rectification;
    bool maximize, is_adaptive;
};

template <class T>
struct Adadelta : Takes<2, 1, 5> {
    T lr, rho, rest, eps, weight_decay;
    bool maximize;
};

template <class T>
struct Adagrad : Takes<1, 1, 5> {
    T lr, eps, weight_decay;
    bool maximize;
};

template <class T>
struct RMSprop : Takes<3, 1, 6, 0b110> {
    T lr, alpha, rest, eps, weight_decay, momentum;
    bool maximize;
};

template <class T>
struct Rprop : Takes<2, 1, 5> {
    T eta_minus, eta_plus, smallest, largest;
    bool maximize;
};

template <class T>
struct Asgd : Takes<1, 3, 6> {
    T eta, decay_factor, mu, weight_decay;
    bool maximize;
};

#define RUSHLIGHT_RULES(RULE)                                                                 \
    RULE(sgd, Sgd)                                                                            \
    RULE(adam, Adam)                                                                          \
    RULE(adamax, Adamax)                                                                      \
    RULE(nadam, NAdam)                                                                        \
    RULE(radam, RAdam)                                                                        \
    RULE(adadelta, Adadelta)                                                                  \
    RULE(adagrad, Adagrad)                                                                    \
    RULE(rmsprop, RMSprop)                                                                    \
    RULE(rprop, Rprop)                                                                        \
    RULE(asgd, Asgd)

// One step over n elements. A state that is missing is nullptr.
template <template <class> class Rule, class T>
using Update = void (*)(int64_t n, const Rule<T>& rule, T* param, const T* grad, T* const* states);

template <class T>
struct UpdateLoops {
#define RULE(name, Rule) Update<Rule, T> name;
    RUSHLIGHT_RULES(RULE)
#undef RULE
};

}  // namespace rushlight
