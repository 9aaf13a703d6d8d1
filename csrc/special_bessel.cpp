// Bessel functions, and Airy's.
#include <cmath>
#include <limits>

#include "special.h"
#include "special_chebyshev.h"
#include "special_series.h"

namespace rushlight::special {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double pi = 3.14159265358979323846, root_of_pi = 1.77245385090551602730;

}  // namespace

double i0e(double x) {
    const double size = std::fabs(x);
    if (size <= 8.0) return chebyshev(i0_small, size, 0.0, 8.0);
    return chebyshev(i0_large, 1.0 / size, 0.0, 0.125) / std::sqrt(size);
}

double i1e(double x) {
    const double size = std::fabs(x);
    if (size <= 8.0) return x * chebyshev(i1_small, size, 0.0, 8.0);
    return std::copysign(chebyshev(i1_large, 1.0 / size, 0.0, 0.125) / std::sqrt(size), x);
}

// In two steps, as exp(x) alone overflows where the function does not yet.
double i0(double x) {
    const double size = std::fabs(x), root = std::exp(0.5 * size);
    return size <= 700.0 ? std::exp(size) * i0e(x) : size < infinity ? i0e(x) * root * root : size;
}

double i1(double x) {
    const double size = std::fabs(x), root = std::exp(0.5 * size);
    return size <= 700.0 ? std::exp(size) * i1e(x) : size < infinity ? i1e(x) * root * root : x;
}

double bessel_j0(double x) {
    return ::j0(x);
}
double bessel_j1(double x) {
    return ::j1(x);
}
double bessel_y0(double x) {
    return x < 0.0 ? not_a_number : x == 0.0 ? -infinity : ::y0(x);
}
double bessel_y1(double x) {
    return x < 0.0 ? not_a_number : x == 0.0 ? -infinity : ::y1(x);
}

double modified_bessel_k0(double x) {
    if (x == 0.0) return infinity;
    if (x < 0.0) return not_a_number;
    if (!(x > 2.0)) return chebyshev(k0_small, x * x, 0.0, 4.0) - std::log(0.5 * x) * i0(x);
    return std::exp(-x) * scaled_modified_bessel_k0(x);
}

double modified_bessel_k1(double x) {
    if (x == 0.0) return infinity;
    if (x < 0.0) return not_a_number;
    if (!(x > 2.0)) return chebyshev(k1_small, x * x, 0.0, 4.0) / x + std::log(0.5 * x) * i1(x);
    return std::exp(-x) * scaled_modified_bessel_k1(x);
}

double scaled_modified_bessel_k0(double x) {
    if (!(x > 2.0)) return std::exp(x) * modified_bessel_k0(x);
    return chebyshev(k0_large, 1.0 / x, 0.0, 0.5) / std::sqrt(x);
}

double scaled_modified_bessel_k1(double x) {
    if (!(x > 2.0)) return std::exp(x) * modified_bessel_k1(x);
    return chebyshev(k1_large, 1.0 / x, 0.0, 0.5) / std::sqrt(x);
}

double spherical_bessel_j0(double x) {
    if (std::isinf(x)) return 0.0;
    return x == 0.0 ? 1.0 : std::sin(x) / x;
}

// Abramowitz and Stegun 10.4.59 and 10.4.60 with their asymptotic series summed by Chebyshev's.
double airy_ai(double x) {
    if (std::isinf(x)) return 0.0;
    if (x >= -4.0 && x <= 0.0) return chebyshev(airy_left, x, -4.0, 0.0);
    if (x > 0.0 && x <= 2.0) return chebyshev(airy_right, x, 0.0, 2.0);
    const long double size = std::fabs(x), z = 2.0L / 3.0L * size * std::sqrt(size);
    const double scale = root_of_pi * std::sqrt(std::sqrt(std::fabs(x)));
    const double u = static_cast<double>(1.0L / z);
    if (x > 0.0)  // the limit of the series is 1.8856..., z at 2
        return static_cast<double>(std::exp(-z)) * root_of_pi *
               chebyshev(airy_decaying, u, 0.0, 0.53033008588991064330) / scale;
    const long double angle = z - 0.25L * 3.14159265358979323846264338L;
    const double p = chebyshev(airy_cosine, u * u, 0.0, 0.03515625);
    const double q = chebyshev(airy_sine, u * u, 0.0, 0.03515625) * u;
    return static_cast<double>(std::cos(angle) * p + std::sin(angle) * q) / scale;
}

}  // namespace rushlight::special
