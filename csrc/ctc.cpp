// Connectionist temporal classification (Graves et al. 2006): sums over alignments, forwards and
// backwards in time, of logarithms of probabilities.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "array_view.h"
#include "parallel.h"

namespace rushlight {

namespace {

template <class T>
constexpr T nothing = -std::numeric_limits<T>::infinity();

// The logarithm of the sum of three exponentials.
template <class T>
T log_sum(T a, T b, T c) {
    T largest = std::max(std::max(a, b), c);
    if (largest == nothing<T>) largest = 0;  // their sum is 0, or nan, which std::max passes over
    return largest +
           std::log(std::exp(a - largest) + std::exp(b - largest) + std::exp(c - largest));
}

// What both directions read: the logarithms (times, batch, classes), and of each alignment the
// labels and which of them may follow the one before the last (batch, places).
struct Alignments {
    ArrayView values, labels, may_skip;
    int64_t times, batch, classes, places;

    bool read(PyObject* of_values, PyObject* of_labels, PyObject* of_skips) {
        if (!view(of_values, values) || !view(of_labels, labels) || !view(of_skips, may_skip) ||
            values.ndim != 3 || labels.ndim != 2 || !same_shape(labels, may_skip) ||
            labels.type != NPY_INT64 || may_skip.type != NPY_BOOL || !values.is_contiguous ||
            !labels.is_contiguous || !may_skip.is_contiguous ||
            (values.type != NPY_FLOAT && values.type != NPY_DOUBLE))
            return false;
        times = values.shape[0];
        batch = values.shape[1];
        classes = values.shape[2];
        places = labels.shape[1];
        const int64_t* numbers = labels.as<int64_t>();
        return labels.shape[0] == batch && values.size() > 0 && places > 0 &&
               std::all_of(numbers, numbers + labels.size(),
                           [this](int64_t i) { return i >= 0 && i < classes; });
    }

    // body(n) for all alignments, which the team shares: a step takes some 50 ns.
    template <class Body>
    void for_each(const Body& body) const {
        const int64_t steps = times * places;
        AllowThreads allow(batch * steps >= release_lock_from / 64);
        parallel_for(batch, std::max<int64_t>(1, parallel_grain / 64 / steps),
                     [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) body(n);
        });
    }
};

template <class T>
void run_forwards(const Alignments& of, int64_t n, T* alpha) {
    const int64_t* labels = of.labels.as<int64_t>() + n * of.places;
    const auto* may_skip = of.may_skip.as<uint8_t>() + n * of.places;
    for (int64_t t = 0; t < of.times; ++t) {
        const T* steps = of.values.as<T>() + (t * of.batch + n) * of.classes;
        T* now = alpha + (t * of.batch + n) * of.places;
        const T* before = now - of.batch * of.places;
        for (int64_t s = 0; s < of.places; ++s) {
            T arrived = s < 2 ? T(0) : nothing<T>;
            if (t > 0)
                arrived = log_sum(before[s], s > 0 ? before[s - 1] : nothing<T>,
                                  s > 1 && may_skip[s] ? before[s - 2] : nothing<T>);
            now[s] = steps[labels[s]] + arrived;
        }
    }
}

PyObject* ctc_alpha(PyObject* const* args, Py_ssize_t nargs) {
    Alignments of;
    if (nargs != 3 || !of.read(args[0], args[1], args[2])) return nullptr;
    const npy_intp shape[] = {of.times, of.batch, of.places};
    Owned alpha(new_array(of.values.type, 3, shape));
    if (!alpha) return nullptr;
    const auto run = [&](auto zero) {
        using T = decltype(zero);
        of.for_each([&](int64_t n) { run_forwards(of, n, data_of<T>(alpha.get())); });
    };
    of.values.type == NPY_FLOAT ? run(float{}) : run(double{});
    return alpha.hand_on();
}

// The gradient of the loss number n, times grad: from the last step to the first, beta being what
// alpha is in the other direction.
template <class T>
void run_backwards(const Alignments& of, int64_t n, int64_t input_length, int64_t target_length,
                   T grad, T loss, const T* alpha, T* result) {
    const int64_t* labels = of.labels.as<int64_t>() + n * of.places;
    const auto* may_skip = of.may_skip.as<uint8_t>() + n * of.places;
    std::vector<T> beta(of.places + 2, nothing<T>), taken(of.classes);
    for (int64_t t = of.times - 1; t >= 0; --t) {
        const int64_t row = t * of.batch + n;
        const T* steps = of.values.as<T>() + row * of.classes;
        const T* now = alpha + row * of.places;
        T* to = result + row * of.classes;
        if (t >= input_length) {
            std::fill_n(to, of.classes, T(0));
            continue;
        }
        std::fill(taken.begin(), taken.end(), T(0));
        for (int64_t s = 0; s < of.places; ++s) {
            const bool is_end = s == 2 * target_length || s == 2 * target_length - 1;
            const bool skips = s + 2 < of.places && may_skip[s + 2];
            const T later = t == input_length - 1
                                ? (is_end ? T(0) : nothing<T>)
                                : log_sum(beta[s], beta[s + 1], skips ? beta[s + 2] : nothing<T>);
            const T step = steps[labels[s]];
            beta[s] = step + later;
            if (now[s] != nothing<T> && beta[s] != nothing<T>)
                taken[labels[s]] += std::exp(now[s] + beta[s] + loss - step);
        }
        for (int64_t c = 0; c < of.classes; ++c) to[c] = (std::exp(steps[c]) - taken[c]) * grad;
    }
}

PyObject* ctc_gradient(PyObject* const* args, Py_ssize_t nargs) {
    Alignments of;
    ArrayView grad, inputs, targets, losses, alpha;
    if (nargs != 8 || !view(args[0], grad) || !of.read(args[1], args[2], args[3]) ||
        !view(args[4], inputs) || !view(args[5], targets) || !view(args[6], losses) ||
        !view(args[7], alpha))
        return nullptr;
    const int type = of.values.type;
    for (const ArrayView* v : {&grad, &inputs, &targets, &losses}) {
        const int wanted = v == &grad || v == &losses ? type : int{NPY_INT64};
        if (v->type != wanted || v->ndim != 1 || v->shape[0] != of.batch || !v->is_contiguous)
            return nullptr;
    }
    if (alpha.type != type || alpha.ndim != 3 || alpha.shape[0] != of.times ||
        alpha.shape[1] != of.batch || alpha.shape[2] != of.places || !alpha.is_contiguous)
        return nullptr;
    Owned result(new_array(type, 3, of.values.shape));
    if (!result) return nullptr;
    const auto run = [&](auto zero) {
        using T = decltype(zero);
        of.for_each([&](int64_t n) {
            run_backwards(of, n, inputs.as<int64_t>()[n], targets.as<int64_t>()[n],
                          grad.as<T>()[n], losses.as<T>()[n], alpha.as<T>(),
                          data_of<T>(result.get()));
        });
    };
    type == NPY_FLOAT ? run(float{}) : run(double{});
    return result.hand_on();
}

}  // namespace

PyMethodDef ctc_methods[] = {
    method<"ctc_alpha", ctc_alpha>(
        "ctc_alpha(log_probabilities, labels, may_skip)\n--\n\n"
        "The logarithm of the probability of having come to each label at each time."),
    method<"ctc_gradient", ctc_gradient>(
        "ctc_gradient(grad, log_probabilities, labels, may_skip, input_lengths, target_lengths, "
        "losses, alpha)\n--\n\nThe gradient of the losses, times grad."),
    {}};

}  // namespace rushlight
