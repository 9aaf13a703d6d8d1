// The gamma function's relatives, and Hurwitz' zeta function.
//
// `wide` has 64 bits of mantissa or more on x86 and most of ARM: exponents of several hundreds lose
// none of the 53 bits of their powers in it.
#include <cmath>
#include <limits>

#include "special.h"
#include "special_series.h"

namespace rushlight::special {

namespace {

using wide = long double;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double pi = 3.14159265358979323846;
constexpr wide euler = 0.57721566490153286060651209L;

// B(2k) / (2k), k = 1, 2, ...: the coefficients of digamma's asymptotic series.
constexpr double bernoulli[] = {1.0 / 12,  -1.0 / 120,     1.0 / 252,      -1.0 / 240,
                                1.0 / 132, -691.0 / 32760, 1.0 / 12,       -3617.0 / 8160,
                                43867.0 / 14364, -174611.0 / 6600};

// digamma on [1, 2] is (x - root) times a function that is 0.99558... and a bit. The quotient is
// that of the Boost library (Maddock), the root in three parts so that x - root is exact.
double digamma_between_1_and_2(double x) {
    constexpr double p[] = {-0.0020713321167745952, -0.045251321448739056, -0.28919126444774784,
                            -0.65031853770896507,   -0.32555031186804491,  0.25479851061131551};
    constexpr double q[] = {-0.55789841321675513e-6, 0.0021284987017821144, 0.054151797245674225,
                            0.43593529692665969,     1.4606242909763515,    2.0767117023730469,
                            1.0};
    const double offset =
        ((x - 1569415565.0 / 1073741824.0) - 381566830.0 / 1073741824.0 / 1073741824.0) -
        0.9016312093258695918615325266959189453125e-19;
    const double z = x - 1.0;
    double above = p[0], below = q[0];
    for (int k = 1; k < 6; ++k) above = above * z + p[k];
    for (int k = 1; k < 7; ++k) below = below * z + q[k];
    return offset * 0.99558162689208984 + offset * (above / below);
}

// Hurwitz' zeta function for s > 1, q > 0: terms until q is large enough for the formula of Euler
// and Maclaurin (DLMF 25.11.5).
double zeta_of_positive(double s, double q) {
    if (s == infinity) return q < 1.0 ? infinity : q == 1.0 ? 1.0 : 0.0;
    if (q > 1e8) return (1.0 / (s - 1.0) + 0.5 / q) * std::pow(q, 1.0 - s);
    double sum = 0.0, last = 0.0;
    for (int k = 0; k < 10 || q <= 10.0; ++k, q += 1.0) {
        last = std::pow(q, -s);
        sum += last;
        if (last < 0.25 * epsilon * sum) return sum;  // the rest is less than a few times this
    }
    const double power = std::pow(q, -s);
    sum += power * q / (s - 1.0) + 0.5 * power;
    // B(2k) / (2k)! s (s + 1) ... (s + 2k - 2) q^(1 - s - 2k)
    double factor = s * power / q, factorial = 1.0;  // (2k - 1)!
    for (int k = 0; k < 10; ++k) {
        const double term = bernoulli[k] * factor / factorial;
        sum += term;
        if (std::fabs(term) < 0.25 * epsilon * std::fabs(sum)) break;
        factor *= (s + 2 * k + 1) * (s + 2 * k + 2) / (q * q);
        factorial *= (2 * k + 2.0) * (2 * k + 3.0);
    }
    return sum;
}

// log(1 + a) where lgamma would lose what is small beside 1.
wide lgamma_of_1_plus(double a) {
    if (a > 1e-3) return lgammal(1.0L + a);
    constexpr wide zeta[] = {1.64493406684822643647L, 1.20205690315959428540L,
                             1.08232323371113819152L, 1.03692775514336992633L,
                             1.01734306198444913971L};
    wide sum = 0.0L, power = -a;
    for (int k = 2; k <= 6; ++k) {
        power *= -a;
        sum += zeta[k - 2] * power / k;
    }
    return sum - euler * a;
}

// mu - log(1 + mu), mu = (x - a) / a.
wide distance(double a, double x) {
    const wide mu = (static_cast<wide>(x) - a) / a;
    if (fabsl(mu) > 0.1L) return mu - log1pl(mu);
    wide sum = 0.0L, power = mu;
    for (int k = 2; k < 20; ++k) {
        power *= -mu;
        sum -= power / k;
    }
    return sum;
}

constexpr double large = 200.0;  // from here on Temme's expansion holds

// x^a exp(-x) / Gamma(a + 1)
double prefix(double a, double x) {
    if (a < large)
        return static_cast<double>(expl(a * logl(x) - x - lgamma_of_1_plus(a)));
    // Stirling's series: Gamma(a + 1) = sqrt(2 pi a) (a / e)^a (1 + 1 / (12 a) + ...)
    const double correction = 1.0 / (12.0 * a) - 1.0 / (360.0 * a * a * a);
    return static_cast<double>(expl(-a * distance(a, x) - correction)) / std::sqrt(2.0 * pi * a);
}

// The lower function's power series (DLMF 8.11.4). Few terms where x is not near a large a.
double lower_series(double a, double x) {
    double term = 1.0, sum = 1.0;
    for (double n = a + 1.0; term > 0.25 * epsilon * sum; n += 1.0) {
        term *= x / n;
        sum += term;
    }
    return sum * prefix(a, x);
}

// 1 - x^a / Gamma(a + 1) (1 + a sum of (-x)^n / (n! (a + n))), for x up to 1.1.
double upper_series(double a, double x) {
    double factor = 1.0, sum = 0.0;
    for (int n = 1; n < 60; ++n) {
        factor *= -x / n;
        const double term = factor / (a + n);
        sum += term;
        if (std::fabs(term) <= 0.25 * epsilon * std::fabs(sum)) break;
    }
    const wide exponent = a * logl(x) - lgamma_of_1_plus(a);
    return static_cast<double>(-expm1l(exponent) - expl(exponent) * a * sum);
}

// The upper function's continued fraction (DLMF 8.9.2) by Lentz' method.
double upper_fraction(double a, double x) {
    constexpr double tiny = 1e-300;
    double b = x + 1.0 - a, c = 1.0 / tiny, d = 1.0 / b, value = d;
    for (int n = 1; n < 10000; ++n) {
        const double numerator = -n * (n - a);
        b += 2.0;
        d = numerator * d + b;
        c = b + numerator / c;
        d = 1.0 / (std::fabs(d) < tiny ? tiny : d);
        c = std::fabs(c) < tiny ? tiny : c;
        value *= d * c;
        if (std::fabs(d * c - 1.0) < epsilon) break;
    }
    return value * prefix(a, x) * a;
}

// Temme (1979), DLMF 8.12.3: half of erfc and a rest, whose sign tells upper from lower.
double temme_expansion(double a, double x, double sign) {
    const wide half_square = distance(a, x);
    const double size = static_cast<double>(sqrtl(2.0L * half_square));
    const double eta = x < a ? -size : size;
    double sum = 0.0, power = 1.0;
    for (const Polynomial& d : temme) {
        double term = d.of[d.count - 1];
        for (int n = d.count - 2; n >= 0; --n) term = term * eta + d.of[n];
        sum += term * power;
        power /= a;
    }
    const double density = static_cast<double>(expl(-a * half_square));
    // erfc(z) = exp(-z^2) erfcx(z): the square is known better than its root.
    const double z = sign * static_cast<double>(sqrtl(a * half_square)) * (x < a ? -1.0 : 1.0);
    const double half = z > 0.0 ? 0.5 * density * erfcx(z) : 0.5 * std::erfc(z);
    return half + sign * density * sum / std::sqrt(2.0 * pi * a);
}

bool is_near(double a, double x) {
    return a >= large && std::fabs(x - a) <= 0.3 * a;
}

// What holds for both at the edges of their domain; not nan where it is decided.
double lower_at_edges(double a, double x) {
    if (!(a >= 0.0 && x >= 0.0) || (a == 0.0 && x == 0.0)) return not_a_number;
    if (std::isinf(a)) return std::isinf(x) ? not_a_number : 0.0;
    return a == 0.0 || std::isinf(x) ? 1.0 : 0.0;
}

bool is_edge(double a, double x) {
    return !(a > 0.0 && x > 0.0 && a < infinity && x < infinity);
}

}  // namespace

double lgamma(double x) {
    int sign;  // std::lgamma would write a global variable
    return lgamma_r(x, &sign);
}

double digamma(double x) {
    if (x == 0.0) return std::copysign(infinity, -x);
    if (x == infinity || x != x) return x;
    double sum = 0.0;
    if (x < 0.0) {
        const double offset = x - std::rint(x);  // tan(pi x) has its period; exact
        if (offset == 0.0 || x == -infinity) return not_a_number;
        sum = -pi / std::tan(pi * offset);
        x = 1.0 - x;
    }
    if (x >= 10.0) {
        const double z = 1.0 / (x * x);
        double series = 0.0;
        for (int k = 7; k >= 0; --k) series = (series + bernoulli[k]) * z;
        return sum + (std::log(x) - 0.5 / x - series);
    }
    for (; x > 2.0; x -= 1.0) sum += 1.0 / (x - 1.0);
    for (; x < 1.0; x += 1.0) sum -= 1.0 / x;
    return sum + digamma_between_1_and_2(x);
}

double zeta(double s, double q) {
    if (s == 1.0) return infinity;
    if (!(s > 1.0) || q != q) return not_a_number;
    if (q > 0.0) return zeta_of_positive(s, q);
    const double fraction = q - std::floor(q);
    if (fraction == 0.0) return infinity;
    if (s != std::floor(s) || q == -infinity) return not_a_number;  // powers of negative numbers
    // The sum over all whole numbers, which is that from the fraction on both ways, less the part
    // below q. For q near 0 the terms themselves, which cancel nothing.
    const double sign = std::fmod(s, 2.0) == 0.0 ? 1.0 : -1.0;
    if (q > -30.0) {
        double sum = 0.0;
        for (; q < 0.0; q += 1.0) sum += std::pow(q, -s);
        return sum + zeta_of_positive(s, q);
    }
    return zeta_of_positive(s, fraction) +
           sign * (zeta_of_positive(s, 1.0 - fraction) - zeta_of_positive(s, 1.0 - q));
}

// The derivative of digamma, x > 0: 1 / x + 1 / (2 x^2) + the sum of B(2k) / x^(2k + 1).
static double trigamma(double x) {
    double sum = 0.0, series = 0.0;
    for (; x < 10.0; x += 1.0) sum += 1.0 / (x * x);
    const double z = 1.0 / (x * x);
    for (int k = 7; k >= 0; --k) series = (series + (2 * k + 2) * bernoulli[k]) * z;
    return sum + 0.5 * z + (1.0 + series) / x;
}

double polygamma(double x, double n) {
    if (n == 0.0) return digamma(x);
    if (n == 1.0 && x > 0.0) return trigamma(x);
    const double sign = std::fmod(n, 2.0) == 0.0 ? -1.0 : 1.0;
    return sign * std::tgamma(n + 1.0) * zeta(n + 1.0, x);
}

double igamma(double a, double x) {
    if (is_edge(a, x)) return lower_at_edges(a, x);
    if (is_near(a, x)) return temme_expansion(a, x, -1.0);
    return x <= 1.0 || x <= a ? lower_series(a, x) : 1.0 - igammac(a, x);
}

double igammac(double a, double x) {
    if (is_edge(a, x)) return 1.0 - lower_at_edges(a, x);
    if (is_near(a, x)) return temme_expansion(a, x, 1.0);
    if (x > 1.1) return x < a ? 1.0 - lower_series(a, x) : upper_fraction(a, x);
    const bool is_near_1 = x <= 0.5 ? -0.4 / std::log(x) < a : x * 1.1 < a;
    return is_near_1 ? 1.0 - lower_series(a, x) : upper_series(a, x);
}

}  // namespace rushlight::special
