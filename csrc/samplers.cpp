// Variates by rejection, as kernels/base/samplers.py draws them: one after the other, for each
// takes as many uniforms as it needs, in the order and the arithmetic of PyTorch's kernels. T is
// the type of the parameters; some steps are of its precision.
#include <cmath>
#include <limits>

#include "array_view.h"
#include "copies.h"
#include "twister.h"

namespace rushlight {

namespace {

constexpr double pi = 3.14159265358979323846;

double log_gamma(double x) {
    int sign;  // std::lgamma would write a global variable
    return lgamma_r(x, &sign);
}

// Uniforms and normals of float64, one at a time. The state is up to date after each.
class Source {
public:
    explicit Source(uint32_t* state) : state_(state), twister_(state) {}

    double uniform() {
        const uint32_t first = twister_.next();
        return unit(first, twister_.next());
    }

    // Box and Muller's, in pairs of which the second waits.
    double normal() {
        if (state_[has_normal]) {
            double value;
            std::memcpy(&value, state_ + normal_bits, sizeof value);
            keep(false, 0.0);
            return value;
        }
        const double u1 = uniform(), u2 = uniform();
        const double radius = std::sqrt(-2.0 * std::log1p(-u2)), angle = 2.0 * pi * u1;
        keep(true, radius * std::sin(angle));
        return radius * std::cos(angle);
    }

private:
    void keep(bool waits, double value) {
        state_[has_normal] = waits;
        std::memcpy(state_ + normal_bits, &value, sizeof value);
    }

    uint32_t* state_;
    Twister twister_;
};

// Marsaglia and Tsang 2000.
template <class T>
T gamma(Source& source, T concentration) {
    double scale = 1.0;
    T alpha = concentration;
    if (alpha < 1) {
        if (alpha == 0) return 0;
        const double exponent = T(1) / alpha;
        scale = std::pow(1 - source.uniform(), exponent);
        alpha = static_cast<T>(double{alpha} + 1.0);
    }
    constexpr double third = 1.0f / 3.0f, squeeze = 0.0331f;
    const double d = static_cast<T>(alpha - third);
    const double c = 1.0 / std::sqrt(9.0 * d);
    for (;;) {
        double x, y;
        do {
            x = source.normal();
            y = 1.0 + c * x;
        } while (y <= 0);
        const double v = y * y * y, u = 1 - source.uniform(), square = x * x;
        if (u < 1.0 - squeeze * square * square ||
            std::log(u) < 0.5 * square + d * (1.0 - v + std::log(v)))
            return static_cast<T>(scale * d * v);
    }
}

// Hormann 1993 from a rate of 10 on, the product of uniforms (Knuth) below.
double poisson(Source& source, double rate) {
    if (rate < 10) {
        const double least = std::exp(-rate);
        double product = 1.0, count = 0;
        for (; rate > 0; ++count) {
            product *= source.uniform();
            if (product <= least) break;
        }
        return count;
    }
    const double logarithm = std::log(rate);
    const double b = 0.931 + 2.53 * std::sqrt(rate);
    const double a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    const double ratio = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        const double u = source.uniform() - 0.5, v = source.uniform();
        const double distance = 0.5 - std::fabs(u);
        const double k = std::floor((2 * a / distance + b) * u + rate + 0.43);
        if (distance >= 0.07 && v <= ratio) return k;
        if (k < 0 || (distance < 0.013 && v > distance)) continue;
        const double left =
            std::log(v) + std::log(inverse_alpha) - std::log(a / (distance * distance) + b);
        if (left <= -rate + k * logarithm - log_gamma(k + 1)) return k;
    }
}

// log k! less Stirling's (k + 1/2) log(k + 1) - (k + 1) + log(2 pi) / 2.
template <class T>
T stirling_rest(T k) {
    const double x = double{k} + 1;
    if (k <= 9)
        return static_cast<T>(log_gamma(x) - (x - 0.5) * std::log(x) + x -
                              0.5 * std::log(2 * pi));
    const T square = (k + 1) * (k + 1);
    return static_cast<T>((1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1));
}

// Hormann 1993 (BTRS), where 10 and more are expected.
template <class T>
T many_successes(Source& source, T n, T p) {
    const T deviation = std::sqrt(n * p * (1 - p));
    const auto b = static_cast<T>(1.15 + 2.53 * deviation);
    const auto a = static_cast<T>(-0.0873 + 0.0248 * b + 0.01 * p);
    const auto c = static_cast<T>(double{n * p} + 0.5);
    const auto ratio = static_cast<T>(0.92 - 4.2 / b);
    const auto alpha = static_cast<T>((2.83 + 5.1 / b) * deviation);
    const T odds = p / (1 - p), m = std::floor((n + 1) * p);
    for (;;) {
        const auto u = static_cast<T>(source.uniform() - 0.5);
        auto v = static_cast<T>(source.uniform());
        const auto distance = static_cast<T>(0.5 - std::fabs(double{u}));
        const T k = std::floor((2 * a / distance + b) * u + c);
        if (k < 0 || k > n) continue;
        if (distance >= static_cast<T>(0.07) && v <= ratio) return k;
        v = std::log(v * alpha / (a / (distance * distance) + b));
        const double bound =
            (m + 0.5) * double{std::log((m + 1) / (odds * (n - m + 1)))} +
            double{(n + 1) * std::log((n - m + 1) / (n - k + 1))} +
            (k + 0.5) * double{std::log(odds * (n - k + 1) / (k + 1))} + stirling_rest(m) +
            stirling_rest(n - m) - stirling_rest(k) - stirling_rest(n - k);
        if (v <= static_cast<T>(bound)) return k;
    }
}

template <class T>
T successes_below_half(Source& source, T n, T p) {
    if (n * p >= 10) return many_successes(source, n, p);
    const T log_failure = std::log1p(-p);
    T total = 0, found = 0;
    for (;; ++found) {
        total += std::ceil(std::log(static_cast<T>(source.uniform())) / log_failure);
        if (total > n) return found;
    }
}

template <class T>
T binomial(Source& source, T n, T p) {
    if (p != p || n != n) return std::numeric_limits<T>::quiet_NaN();
    if (n <= 0 || p <= 0) return 0;
    if (p >= 1) return n;
    if (p > T(0.5)) return n - successes_below_half(source, n, static_cast<T>(1.0 - double{p}));
    return successes_below_half(source, n, p);
}

// Contiguous parameters of one type and shape; the lock stays, as no other thread may draw from the
// state meanwhile.
template <class Draw>
PyObject* drawn(PyObject* const* args, int count, const Draw& draw) {
    uint32_t* state;
    ArrayView parameters[2];
    if (!read_state(args[0], state)) return nullptr;
    for (int k = 0; k < count; ++k)
        if (!view(args[1 + k], parameters[k]) || !parameters[k].is_contiguous ||
            parameters[k].type != parameters[0].type ||
            !same_shape(parameters[k], parameters[0]))
            return nullptr;
    const ArrayView& first = parameters[0];
    Source source(state);
    const auto fill = [&](auto zero) -> PyObject* {
        using T = decltype(zero);
        const T* of[2] = {first.as<T>(), parameters[count - 1].as<T>()};
        const int64_t size = first.size();
        if (!draw.takes(size, of[0])) return nullptr;
        PyObject* const result = new_array(first.type, first.ndim, first.shape);
        if (!result) return nullptr;
        for (int64_t i = 0; i < size; ++i)
            data_of<T>(result)[i] = draw(source, of[0][i], of[1][i]);
        return result;
    };
    if (first.type == NPY_FLOAT) return fill(float{});
    return first.type == NPY_DOUBLE ? fill(double{}) : nullptr;
}

struct DrawGamma {
    template <class T>
    bool takes(int64_t, const T*) const {
        return true;
    }
    template <class T>
    T operator()(Source& source, T concentration, T) const {
        const T variate = gamma(source, concentration), least = std::numeric_limits<T>::min();
        return variate < least ? least : variate;
    }
};

struct DrawPoisson {
    template <class T>
    bool takes(int64_t size, const T* rates) const {  // what is no rate, the base refuses
        for (int64_t i = 0; i < size; ++i)
            if (!(rates[i] >= 0) || std::isinf(rates[i])) return false;
        return true;
    }
    template <class T>
    T operator()(Source& source, T rate, T) const {
        return static_cast<T>(poisson(source, rate));
    }
};

struct DrawBinomial {
    template <class T>
    bool takes(int64_t, const T*) const {
        return true;
    }
    template <class T>
    T operator()(Source& source, T count, T probability) const {
        return binomial(source, count, probability);
    }
};

PyObject* random_gamma(PyObject* const* args, Py_ssize_t nargs) {
    return nargs == 2 ? drawn(args, 1, DrawGamma{}) : nullptr;
}
PyObject* random_poisson(PyObject* const* args, Py_ssize_t nargs) {
    return nargs == 2 ? drawn(args, 1, DrawPoisson{}) : nullptr;
}
PyObject* random_binomial(PyObject* const* args, Py_ssize_t nargs) {
    return nargs == 3 ? drawn(args, 2, DrawBinomial{}) : nullptr;
}

}  // namespace

PyMethodDef samplers_methods[] = {
    method<"random_gamma", random_gamma>(
        "random_gamma(state, concentration)\n--\n\nGamma variates of rate 1."),
    method<"random_poisson", random_poisson>(
        "random_poisson(state, rate)\n--\n\nNumbers of events."),
    method<"random_binomial", random_binomial>(
        "random_binomial(state, count, probability)\n--\n\nNumbers of successes."),
    {}};

}  // namespace rushlight
