// Functions around the error function and the normal distribution.
#include <cmath>
#include <limits>

#include "special.h"

namespace rushlight::special {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double root_of_half = 0.70710678118654752440, root_of_pi = 1.77245385090551602730;

template <int count>
double polynomial(const double (&c)[count], double x) {  // the highest power first
    double sum = c[0];
    for (int k = 1; k < count; ++k) sum = sum * x + c[k];
    return sum;
}

// exp(x * x), where the rounding of the square would be 700 times that of the result.
double exp_of_square(double x) {
    const double square = x * x;
    return std::exp(square) * (1.0 + std::fma(x, x, -square));
}

// The normal distribution's quantile at 0.5 + q, of which `tail` = 0.5 - |q| is what is left.
// Wichura (1988), algorithm AS 241, PPND16: 16 digits.
double normal_quantile(double q, double tail) {
    if (std::fabs(q) <= 0.425) {
        const double r = 0.180625 - q * q;
        return q *
               polynomial({2509.0809287301226727, 33430.575583588128105, 67265.770927008700853,
                           45921.953931549871457, 13731.693765509461125, 1971.5909503065514427,
                           133.14166789178437745, 3.3871328727963666080}, r) /
               polynomial({5226.4952788528545610, 28729.085735721942674, 39307.895800092710610,
                           21213.794301586595867, 5394.1960214247511077, 687.18700749205790830,
                           42.313330701600911252, 1.0}, r);
    }
    double r = std::sqrt(-std::log(tail));
    double size;
    if (r <= 5.0) {
        r -= 1.6;
        size = polynomial({7.74545014278341407640e-4, 2.27238449892691845833e-2,
                           2.41780725177450611770e-1, 1.27045825245236838258,
                           3.64784832476320460504,
                           5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734},
                          r) /
               polynomial({1.05075007164441684324e-9, 5.47593808499534494600e-4,
                           1.51986665636164571966e-2, 1.48103976427480074590e-1,
                           6.89767334985100004550e-1, 1.67638483018380384940,
                           2.05319162663775882187, 1.0}, r);
    } else {
        r -= 5.0;
        size = polynomial({2.01033439929228813265e-7, 2.71155556874348757815e-5,
                           1.24266094738807843860e-3, 2.65321895265761230930e-2,
                           2.96560571828504891230e-1, 1.78482653991729133580,
                           5.46378491116411436990,
                           6.65790464350110377720}, r) /
               polynomial({2.04426310338993978564e-15, 1.42151175831644588870e-7,
                           1.84631831751005468180e-5, 7.86869131145613259100e-4,
                           1.48753612908506148525e-2, 1.36929880922735805310e-1,
                           5.99832206555887937690e-1, 1.0}, r);
    }
    return std::copysign(size, q);
}

}  // namespace

double erfcx(double x) {
    if (x < -26.7) return infinity;
    if (x < 10.0) return exp_of_square(x) * std::erfc(x);
    const double square = x * x;
    double sum = 1.0, term = 1.0;
    for (int k = 1; k < 16; ++k) {
        term *= -(2 * k - 1) / (2.0 * square);
        sum += term;
    }
    return sum / (x * root_of_pi);
}

double erfinv(double x) {
    const double size = std::fabs(x);
    if (size == 1.0) return std::copysign(infinity, x);
    if (!(size < 1.0)) return not_a_number;
    return root_of_half * normal_quantile(0.5 * x, 0.5 * (1.0 - size));
}

double ndtri(double p) {
    if (p == 0.0) return -infinity;
    if (p == 1.0) return infinity;
    if (!(p > 0.0 && p < 1.0)) return not_a_number;
    return normal_quantile(p - 0.5, p < 0.5 ? p : 1.0 - p);
}

double log_ndtr(double x) {
    const double t = x * root_of_half;
    if (x < -1.0) return std::log(0.5 * erfcx(-t)) - 0.5 * x * x;
    return std::log1p(-0.5 * std::erfc(t));
}

}  // namespace rushlight::special
