// Special functions of one or two doubles. The lines of loops/elementwise.def make kernels of them:
// a float is computed in double and rounded once.
//
// They come from the C library where it has them; the rest stands in special_<family>.cpp, with its
// reference. Outside of a domain the result is nan, at a pole infinity.
#pragma once

namespace rushlight::special {

// special_gamma.cpp
double lgamma(double x);
double digamma(double x);
double polygamma(double x, double n);
double zeta(double s, double q);
double igamma(double a, double x);
double igammac(double a, double x);

// special_normal.cpp
double erfcx(double x);
double erfinv(double x);
double ndtri(double p);
double log_ndtr(double x);

// special_bessel.cpp
double i0(double x);
double i0e(double x);
double i1(double x);
double i1e(double x);
double bessel_j0(double x);
double bessel_j1(double x);
double bessel_y0(double x);
double bessel_y1(double x);
double modified_bessel_k0(double x);
double modified_bessel_k1(double x);
double scaled_modified_bessel_k0(double x);
double scaled_modified_bessel_k1(double x);
double spherical_bessel_j0(double x);
double airy_ai(double x);

// special_polynomials.cpp: of degree n, cut off to a whole number; 0 where that is negative.
double chebyshev_polynomial_t(double x, double n);
double chebyshev_polynomial_u(double x, double n);
double chebyshev_polynomial_v(double x, double n);
double chebyshev_polynomial_w(double x, double n);
double hermite_polynomial_h(double x, double n);
double hermite_polynomial_he(double x, double n);
double laguerre_polynomial_l(double x, double n);
double legendre_polynomial_p(double x, double n);

}  // namespace rushlight::special
