// Distances of vectors, and their slopes.
#include "loops.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

constexpr int64_t block = 128;  // vectors whose sums are made side by side
constexpr int64_t chunk = 64;   // terms that are added up in the type itself

enum Norm { zero, one, two, largest, other };

inline Norm norm_of(double p) {
    return p == 0 ? zero : p == 1 ? one : p == 2 ? two : p == __builtin_inf() ? largest : other;
}

inline float power(float x, float p) {
    return __builtin_powf(x, p);
}
inline double power(double x, double p) {
    return __builtin_pow(x, p);
}

template <Norm norm, class T>
inline T term(T difference, T p) {
    const T size = difference < 0 ? -difference : difference;
    if (norm == zero) return difference != 0 ? T(1) : T(0);
    if (norm == two) return difference * difference;
    return norm == other ? power(size, p) : size;
}

template <Norm norm, class T>
void largest_of_block(int64_t count, int64_t width, const T* a, const T* others, int64_t step,
                      T* out) {
    for (int64_t j = 0; j < count; ++j) out[j] = 0;
    for (int64_t i = 0; i < width; ++i, others += step) {
        const T from = a[i];
#pragma omp simd
        for (int64_t j = 0; j < count; ++j) {
            const T size = term<norm>(from - others[j], T(0));
            out[j] = size > out[j] || size != size ? size : out[j];  // which no number is beyond
        }
    }
}

template <Norm norm, class T>
void distances_of_block(int64_t count, int64_t width, const T* a, const T* others, int64_t step,
                        T p, T* out) {
    double totals[block] = {};
    for (int64_t start = 0; start < width; start += chunk) {
        const int64_t end = start + chunk < width ? start + chunk : width;
        T sums[block] = {};
        for (int64_t i = start; i < end; ++i) {
            const T *row = others + i * step, from = a[i];
#pragma omp simd
            for (int64_t j = 0; j < count; ++j) sums[j] += term<norm>(from - row[j], p);
        }
#pragma omp simd
        for (int64_t j = 0; j < count; ++j) totals[j] += sums[j];
    }
    for (int64_t j = 0; j < count; ++j)
        out[j] = static_cast<T>(norm == two     ? __builtin_sqrt(totals[j])
                                : norm == other ? __builtin_pow(totals[j], 1 / double(p))
                                                : totals[j]);
}

template <class T>
void distances(int64_t count, int64_t width, const T* a, const T* others, int64_t step, double p,
               T* out) {
    const Norm norm = norm_of(p);
    for (int64_t j = 0; j < count; j += block) {
        const int64_t taken = count - j < block ? count - j : block;
        if (norm == largest) {
            largest_of_block<largest>(taken, width, a, others + j, step, out + j);
            continue;
        }
        const auto run = norm == zero  ? distances_of_block<zero, T>
                         : norm == one ? distances_of_block<one, T>
                         : norm == two ? distances_of_block<two, T>
                                       : distances_of_block<other, T>;
        run(taken, width, a, others + j, step, static_cast<T>(p), out + j);
    }
}

template <class T>
inline T sign_of(T x) {
    const T sign = x < 0 ? T(-1) : T(1);
    return x > 0 || x < 0 ? sign : x;  // 0 and nan as they are
}

// The slope of one term of a norm of this length, but for what is the same for all terms.
template <Norm norm, class T>
inline T slope_of(T difference, T length, T exponent) {
    if (norm == one) return sign_of(difference);
    if (norm == two) return difference;
    const T size = term<one>(difference, T(1));
    if (norm == largest) return size == length ? sign_of(difference) : T(0);
    return size == 0 ? T(0) : sign_of(difference) * power(size, exponent);
}

// What that is, times grad.
template <Norm norm, class T>
void factors_of_block(int64_t count, int64_t width, const T* a, const T* others, int64_t step,
                      const T* grads, const T* lengths, T exponent, T* factors) {
    for (int64_t j = 0; j < count; ++j) factors[j] = norm == largest ? T(0) : T(1);
    // Of the largest, as many as there are share it.
    for (int64_t i = 0; norm == largest && i < width; ++i)
        for (int64_t j = 0; j < count; ++j) {
            const T size = term<one>(a[i] - others[i * step + j], T(1));
            factors[j] += size == lengths[j] ? T(1) : T(0);
        }
    for (int64_t j = 0; j < count; ++j) {
        if (norm == two) factors[j] = lengths[j];
        if (norm == other && lengths[j] != 0) factors[j] = power(lengths[j], exponent);
        factors[j] = grads[j] / (factors[j] == 0 ? T(1) : factors[j]);
    }
}

template <Norm norm, class T>
void slopes_of_block(int64_t count, int64_t width, const T* a, const T* others, int64_t step,
                     const T* grads, const T* lengths, T exponent, T* out) {
    T factors[block];
    factors_of_block<norm>(count, width, a, others, step, grads, lengths, exponent, factors);
    for (int64_t i = 0; i < width; ++i) {
        const T *row = others + i * step, from = a[i];
        T sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t j = 0; j < count; ++j)
            sum += factors[j] * slope_of<norm>(from - row[j], lengths[j], exponent);
        out[i] += sum;
    }
}

template <class T>
void slopes(int64_t count, int64_t width, const T* a, const T* others, int64_t step,
            const T* grads, const T* lengths, double p, T* out) {
    const Norm norm = norm_of(p);
    if (norm == zero) return;
    const auto run = norm == one       ? slopes_of_block<one, T>
                     : norm == two     ? slopes_of_block<two, T>
                     : norm == largest ? slopes_of_block<largest, T>
                                       : slopes_of_block<other, T>;
    for (int64_t j = 0; j < count; j += block)
        run(count - j < block ? count - j : block, width, a, others + j, step, grads + j,
            lengths + j, static_cast<T>(p - 1), out);
}

}  // namespace

template <class T>
void fill_distance(Loops<T>& loops) {
    loops.distances = distances<T>;
    loops.distance_slopes = slopes<T>;
}

template void fill_distance(Loops<float>&);
template void fill_distance(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
