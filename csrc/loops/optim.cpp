// One pass over parameter, gradient and state instead of one per arithmetic operation.
#include "math.h"
#include "vector.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

// The products that PyTorch fuses into its additions are fused here, and no others: the same bits.

// The gradient of what is to be made small.
template <class T, class Rule>
inline T descent(const Rule& rule, T value, T grad) {
    const T direction = rule.maximize ? -grad : grad;
    return rule.weight_decay != T(0) ? multiply_add(value, rule.weight_decay, direction) : direction;
}

// Between two values, from the end that is nearer; `rest` is 1 - factor.
template <class T>
inline T lerp(T start, T end, T rest) {
    const bool is_near = rest < T(0.5);
    return multiply_add(is_near ? rest : rest - T(1), end - start, is_near ? start : end);
}

template <class T>
inline T mean_square(T square, T direction, T factor, T rest) {
    return multiply_add(rest * direction, direction, square * factor);
}

// NaN if there is one.
template <class T>
inline T larger(T a, T b) {
    return a > b || a != a ? a : b;
}

// The formulas, one element each. Bit k of `present`: there is a state k. A formula that were called
// and not inlined would keep its loop from being vectorised.

template <unsigned present, class T>
RUSHLIGHT_INLINE void update(const Sgd<T>& rule, T& param, T grad, T& buffer, T&, T&) {
    T direction = descent(rule, param, grad);
    if constexpr (present != 0) {
        buffer = rule.first ? direction
                            : multiply_add(direction, rule.undampened, rule.momentum * buffer);
        direction = rule.nesterov ? multiply_add(buffer, rule.momentum, direction) : buffer;
    }
    param = multiply_add(direction, -rule.lr, param);
}

template <unsigned present, class T>
RUSHLIGHT_INLINE void update(const Adam<T>& rule, T& param, T grad, T& mean, T& square, T& largest) {
    const T value = param * rule.decay_factor;
    const T direction = descent(rule, value, grad);
    mean = lerp(mean, direction, rule.rest1);
    square = mean_square(square, direction, rule.beta2, rule.rest2);
    T under_root = square;
    if constexpr ((present & 0b100) != 0) under_root = largest = larger(largest, square);
    const T denominator = square_root(under_root) / rule.root_correction2 + rule.eps;
    param = value - rule.step_size * mean / denominator;
}

template <unsigned present, class T>
RUSHLIGHT_INLINE void update(const Adamax<T>& rule, T& param, T grad, T& mean, T& largest, T&) {
    const T direction = descent(rule, param, grad);
    mean = lerp(mean, direction, rule.rest1);
    largest = larger(largest * rule.beta2, (direction < T(0) ? -direction : direction) + rule.eps);
    param -= rule.step_size * mean / largest;
}

template <unsigned present, class T>
RUSHLIGHT_INLINE void update(const NAdam<T>& rule, T& param, T grad, T& mean, T& square, T&) {
    const T value = param * rule.decay_factor;
    const T direction = descent(rule, value, grad);
    mean = lerp(mean, direction, rule.rest1);
    square = mean_square(square, direction, rule.beta2, rule.rest2);
    const T denominator = square_root(square / rule.correction2) + rule.eps;
    param = value - rule.in_grad * direction / denominator - rule.in_mean * mean / denominator;
}

template <unsigned present, class T>
RUSHLIGHT_INLINE void update(const RAdam<T>& rule, T& param, T grad, T& mean, T& square, T&) {
    const T value = param * rule.decay_factor;
    const T direction = descent(rule, value, grad);
    mean = lerp(mean, direction, rule.rest1);
    square = mean_square(square, direction, rule.beta2, rule.rest2);
    const T plain = mean / rule.correction1 * rule.lr;
    const T adaptive = rule.root_correction2 / (square_root(square) + rule.eps);
    param = value - (rule.is_adaptive ? plain * adaptive * rule.rectification : plain);
}

template <unsigned present, class T>
RUSHLIGHT_INLINE void update(const Adadelta<T>& rule, T& param, T grad, T& square, T& accumulated, T&) {
    const T direction = descent(rule, param, grad);
    square = mean_square(square, direction, rule.rho, rule.rest);
    const T delta =
        square_root(accumulated + rule.eps) / square_root(square + rule.eps) * direction;
    accumulated = mean_square(accumulated, delta, rule.rho, rule.rest);
    param = multiply_add(delta, -rule.lr, param);
}

template <unsigned present, class T>
RUSHLIGHT_INLINE void update(const Adagrad<T>& rule, T& param, T grad, T& sum, T&, T&) {
    const T direction = descent(rule, param, grad);
    sum = multiply_add(direction, direction, sum);
    param -= rule.lr * direction / (square_root(sum) + rule.eps);
}

template <unsigned present, class T>
RUSHLIGHT_INLINE void update(const RMSprop<T>& rule, T& param, T grad, T& square, T& buffer, T& mean) {
    const T direction = descent(rule, param, grad);
    square = mean_square(square, direction, rule.alpha, rule.rest);
    T variance = square;
    if constexpr ((present & 0b100) != 0) {
        mean = lerp(mean, direction, rule.rest);
        variance = multiply_add(-mean, mean, square);
    }
    const T root = square_root(variance) + rule.eps;
    if constexpr ((present & 0b010) != 0) {
        buffer = buffer * rule.momentum + direction / root;
        param = multiply_add(buffer, -rule.lr, param);
    } else {
        param -= rule.lr * direction / root;
    }
}

template <unsigned present, class T>
RUSHLIGHT_INLINE void update(const Rprop<T>& rule, T& param, T grad, T& before, T& step_size, T&) {
    const T direction = rule.maximize ? -grad : grad;
    const T turn = direction * before;
    const T scaled =
        step_size * (turn > T(0) ? rule.eta_plus : turn < T(0) ? rule.eta_minus : T(1));
    const T above = scaled < rule.smallest ? rule.smallest : scaled;
    step_size = above > rule.largest ? rule.largest : above;
    before = turn < T(0) ? T(0) : direction;
    param -= before > T(0) ? step_size : before < T(0) ? -step_size : T(0);
}

template <unsigned present, class T>
RUSHLIGHT_INLINE void update(const Asgd<T>& rule, T& param, T grad, T& average, T&, T&) {
    const T direction = descent(rule, param, grad);
    param = multiply_add(direction, -rule.eta, param * rule.decay_factor);
    average = rule.mu == T(1) ? param : average + (param - average) * rule.mu;
}

template <unsigned present, class Rule, class T>
void pass(int64_t n, const Rule& given, T* param, const T* grad, T* const* states) {
    const Rule rule = given;  // a copy that no store of the loop can reach
    T* const first = states[0];
    T* const second = states[1];
    T* const third = states[2];
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) {
        // All loads before all stores: otherwise loops over several states are not vectorised.
        T value = param[i], a = T(0), b = T(0), c = T(0);
        if constexpr ((present & 0b001) != 0) a = first[i];
        if constexpr ((present & 0b010) != 0) b = second[i];
        if constexpr ((present & 0b100) != 0) c = third[i];
        update<present>(rule, value, grad[i], a, b, c);
        param[i] = value;
        if constexpr ((present & 0b001) != 0) first[i] = a;
        if constexpr ((present & 0b010) != 0) second[i] = b;
        if constexpr ((present & 0b100) != 0) third[i] = c;
    }
}

// Picks the pass by the states that are there.
template <class Rule, class T>
void run(int64_t n, const Rule& rule, T* param, const T* grad, T* const* states) {
    constexpr unsigned all = (1u << Rule::states) - 1;
    constexpr unsigned second = Rule::optional & (Rule::optional - 1);  // of two
    constexpr unsigned first = Rule::optional & ~second;
    unsigned missing = 0;
    for (int k = 0; k < Rule::states; ++k) missing |= states[k] ? 0 : 1u << k;
    if (missing == 0) return pass<all>(n, rule, param, grad, states);
    if constexpr (first != 0 && second == 0) pass<all & ~first>(n, rule, param, grad, states);
    if constexpr (second != 0) {
        if (missing == first) pass<all & ~first>(n, rule, param, grad, states);
        if (missing == second) pass<all & ~second>(n, rule, param, grad, states);
        if (missing == (first | second))
            pass<all & ~first & ~second>(n, rule, param, grad, states);
    }
}

}  // namespace

template <class T>
void fill_optim(Loops<T>& loops) {
#define RULE(name, Rule) loops.update.name = run<Rule<T>, T>;
    RUSHLIGHT_RULES(RULE)
#undef RULE
}

template void fill_optim(Loops<float>&);
template void fill_optim(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
