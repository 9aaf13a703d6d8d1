// The sum of a Chebyshev series by Clenshaw's recurrence.
#pragma once

namespace rushlight::special {

template <int count>
double chebyshev(const double (&c)[count], double x, double low, double high) {
    const double t = (2.0 * x - (low + high)) / (high - low);
    double first = 0.0, second = 0.0;
    for (int k = count - 1; k > 0; --k) {
        const double next = c[k] + 2.0 * t * first - second;
        second = first;
        first = next;
    }
    return c[0] + t * first - second;
}

}  // namespace rushlight::special
