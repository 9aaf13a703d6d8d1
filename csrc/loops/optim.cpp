// One pass over parameter, gradient and state instead of one per arithmetic operation.
#include "math.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

// The products that PyTorch fuses into its additions are fused here, and no others: the same bits.
template <class T, bool has_buffer>
inline void sgd_pass(int64_t n, const SgdStep<T>& step, T* param, const T* grad, T* buffer) {
    const bool maximize = step.maximize, first = step.first, nesterov = step.nesterov;
    const T lr = step.lr, weight_decay = step.weight_decay;
    const T momentum = step.momentum, undampened = step.undampened;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
        T direction = maximize ? -grad[i] : grad[i];
        direction =
            weight_decay != T(0) ? multiply_add(param[i], weight_decay, direction) : direction;
        if constexpr (has_buffer) {
            const T velocity =
                first ? direction : multiply_add(direction, undampened, momentum * buffer[i]);
            buffer[i] = velocity;
            direction = nesterov ? multiply_add(velocity, momentum, direction) : velocity;
        }
        param[i] = multiply_add(direction, -lr, param[i]);
    }
}

template <class T>
void sgd(int64_t n, const SgdStep<T>& step, T* param, const T* grad, T* buffer) {
    if (step.has_buffer) {
        sgd_pass<T, true>(n, step, param, grad, buffer);
    } else {
        sgd_pass<T, false>(n, step, param, grad, nullptr);
    }
}

template <class T, bool amsgrad>
inline void adam_pass(int64_t n, const AdamStep<T>& step, T* param, const T* grad, T* exp_avg,
                      T* exp_avg_sq, T* max_exp_avg_sq) {
    const bool maximize = step.maximize;
    const T in_grad = step.decoupled ? T(0) : step.weight_decay;
    const T rest1 = step.rest1, beta2 = step.beta2, rest2 = step.rest2, eps = step.eps;
    const T step_size = step.step_size, decay_factor = step.decay_factor;
    const T root_correction2 = step.root_correction2;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
        const T value = param[i] * decay_factor;
        T direction = maximize ? -grad[i] : grad[i];
        direction = in_grad != T(0) ? multiply_add(value, in_grad, direction) : direction;
        const T mean = multiply_add(rest1, direction - exp_avg[i], exp_avg[i]);
        const T square = multiply_add(rest2 * direction, direction, exp_avg_sq[i] * beta2);
        exp_avg[i] = mean;
        exp_avg_sq[i] = square;
        T under_root = square;
        if constexpr (amsgrad) {
            under_root = max_exp_avg_sq[i] > square ? max_exp_avg_sq[i] : square;
            max_exp_avg_sq[i] = under_root;
        }
        const T denominator = square_root(under_root) / root_correction2 + eps;
        param[i] = value - step_size * mean / denominator;
    }
}

template <class T>
void adam(int64_t n, const AdamStep<T>& step, T* param, const T* grad, T* exp_avg, T* exp_avg_sq,
          T* max_exp_avg_sq) {
    if (max_exp_avg_sq) {
        adam_pass<T, true>(n, step, param, grad, exp_avg, exp_avg_sq, max_exp_avg_sq);
    } else {
        adam_pass<T, false>(n, step, param, grad, exp_avg, exp_avg_sq, nullptr);
    }
}

}  // namespace

template <class T>
void fill_optim(Loops<T>& loops) {
    loops.sgd = sgd<T>;
    loops.adam = adam<T>;
}

template void fill_optim(Loops<float>&);
template void fill_optim(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
