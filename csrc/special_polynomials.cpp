// Orthogonal polynomials, by the recurrences of their degrees.
#include <cmath>
#include <limits>

#include "special.h"

namespace rushlight::special {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// From degree 0 and 1 to degree n by next(k, q, p): of degree k + 1, from those of k and k - 1.
template <class Next>
double recur(double n, double first, double second, Next next) {
    if (!std::isfinite(n)) return not_a_number;
    if (n < 1.0) return n > -1.0 ? first : 0.0;
    double p = first, q = second;
    for (double k = 1.0; k + 1.0 <= n; ++k) {
        const double r = next(k, q, p);
        if (!(std::fabs(r) < infinity)) return r;
        p = q;
        q = r;
    }
    return q;
}

// The same for those of Chebyshev's four kinds, in whose place stands a formula from degree 64 on,
// which takes no longer for a degree of a million.
template <class Within, class Beyond>
double chebyshev_kind(double x, double n, double second, Within within, Beyond beyond) {
    if (n < 64.0 || !std::isfinite(n) || x != x)
        return recur(n, 1.0, second, [x](double, double q, double p) { return 2.0 * x * q - p; });
    const double degree = std::trunc(n);
    if (std::fabs(x) < 1.0) return within(degree, std::acos(x));
    const double sign = x < 0.0 && std::fmod(degree, 2.0) != 0.0 ? -1.0 : 1.0;
    return sign * beyond(degree, std::acosh(std::fabs(x)));
}

// sinh(a) / sinh(b), and its limit.
double ratio_of_sines(double a, double b, double limit) {
    return b == 0.0 ? limit : std::sinh(a) / std::sinh(b);
}

// Beyond 1 the third kind is the fourth's mirror image: what is a quotient of cosines on the right
// is one of sines on the left.
double cosines(double n, double t) {
    return std::cosh((n + 0.5) * t) / std::cosh(0.5 * t);
}
double sines(double n, double t) {
    return ratio_of_sines((n + 0.5) * t, 0.5 * t, 2.0 * n + 1.0);
}

}  // namespace

double chebyshev_polynomial_t(double x, double n) {
    return chebyshev_kind(
        x, n, x, [](double n, double t) { return std::cos(n * t); },
        [](double n, double t) { return std::cosh(n * t); });
}

double chebyshev_polynomial_u(double x, double n) {
    return chebyshev_kind(
        x, n, 2.0 * x, [](double n, double t) { return std::sin((n + 1.0) * t) / std::sin(t); },
        [](double n, double t) { return ratio_of_sines((n + 1.0) * t, t, n + 1.0); });
}

double chebyshev_polynomial_v(double x, double n) {
    return chebyshev_kind(
        x, n, 2.0 * x - 1.0,
        [](double n, double t) { return std::cos((n + 0.5) * t) / std::cos(0.5 * t); },
        x > 0.0 ? cosines : sines);
}

double chebyshev_polynomial_w(double x, double n) {
    return chebyshev_kind(
        x, n, 2.0 * x + 1.0,
        [](double n, double t) { return std::sin((n + 0.5) * t) / std::sin(0.5 * t); },
        x > 0.0 ? sines : cosines);
}

constexpr double highest_hermite = 512.0;  // from where on no double holds them

double hermite_polynomial_h(double x, double n) {
    if (n > highest_hermite) return not_a_number;
    return recur(n, 1.0, 2.0 * x,
                 [x](double k, double q, double p) { return 2.0 * (x * q - k * p); });
}

double hermite_polynomial_he(double x, double n) {
    if (n > highest_hermite) return not_a_number;
    return recur(n, 1.0, x, [x](double k, double q, double p) { return x * q - k * p; });
}

double laguerre_polynomial_l(double x, double n) {
    if (x == 0.0 && n >= 0.0) return 1.0;
    return recur(n, 1.0, 1.0 - x, [x](double k, double q, double p) {
        return ((2.0 * k + 1.0 - x) * q - k * p) / (k + 1.0);
    });
}

double legendre_polynomial_p(double x, double n) {
    return recur(n, 1.0, x, [x](double k, double q, double p) {
        return ((2.0 * k + 1.0) * x * q - k * p) / (k + 1.0);
    });
}

}  // namespace rushlight::special
