// Discrete Fourier transforms of rows side by side.
#include "fft.h"

#include "register.h"
#include "vector.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

// A point of each row.
template <class T>
struct Complex {
    using Type = typename Register<T>::Type;
    Type re, im;
};

template <class T>
RUSHLIGHT_INLINE Complex<T> of_real(typename Complex<T>::Type re) {
    return {re, typename Complex<T>::Type{}};
}
template <class T>
RUSHLIGHT_INLINE Complex<T> operator+(const Complex<T>& a, const Complex<T>& b) {
    return {a.re + b.re, a.im + b.im};
}
template <class T>
RUSHLIGHT_INLINE Complex<T> operator-(const Complex<T>& a, const Complex<T>& b) {
    return {a.re - b.re, a.im - b.im};
}
template <class T>
RUSHLIGHT_INLINE Complex<T> operator*(T scale, const Complex<T>& a) {
    return {scale * a.re, scale * a.im};
}
// times re + i im
template <class T>
RUSHLIGHT_INLINE Complex<T> turned(const Complex<T>& a, T re, T im) {
    return {re * a.re - im * a.im, re * a.im + im * a.re};
}
template <class T>
RUSHLIGHT_INLINE Complex<T> times_i(const Complex<T>& a) {
    return {-a.im, a.re};
}
template <class T>
RUSHLIGHT_INLINE Complex<T> conjugate(const Complex<T>& a) {
    return {a.re, -a.im};
}
template <class T>
RUSHLIGHT_INLINE Complex<T> swapped(const Complex<T>& a) {
    return {a.im, a.re};
}

// --- transforms of a few points

template <class T>
RUSHLIGHT_INLINE void butterfly(Complex<T> (&x)[2]) {
    const Complex<T> difference = x[0] - x[1];
    x[0] = x[0] + x[1];
    x[1] = difference;
}

template <class T>
RUSHLIGHT_INLINE void butterfly(Complex<T> (&x)[3]) {
    constexpr T sine = T(0.86602540378443864676);  // of 2 pi / 3
    const Complex<T> sum = x[1] + x[2], across = times_i(sine * (x[1] - x[2]));
    const Complex<T> middle = x[0] - T(0.5) * sum;
    x[0] = x[0] + sum;
    x[1] = middle - across;
    x[2] = middle + across;
}

template <class T>
RUSHLIGHT_INLINE void butterfly(Complex<T> (&x)[4]) {
    const Complex<T> even = x[0] + x[2], odd = x[1] + x[3];
    const Complex<T> difference = x[0] - x[2], across = times_i(x[1] - x[3]);
    x[0] = even + odd;
    x[1] = difference - across;
    x[2] = even - odd;
    x[3] = difference + across;
}

template <class T>
RUSHLIGHT_INLINE void butterfly(Complex<T> (&x)[5]) {
    // Cosines and sines of 2 pi / 5 and 4 pi / 5.
    constexpr T cosine1 = T(0.30901699437494742410), cosine2 = T(-0.80901699437494742410);
    constexpr T sine1 = T(0.95105651629515357212), sine2 = T(0.58778525229247312917);
    const Complex<T> outer = x[1] + x[4], inner = x[2] + x[3];
    const Complex<T> outside = x[1] - x[4], inside = x[2] - x[3];
    const Complex<T> along1 = x[0] + cosine1 * outer + cosine2 * inner;
    const Complex<T> along2 = x[0] + cosine2 * outer + cosine1 * inner;
    const Complex<T> across1 = times_i(sine1 * outside + sine2 * inside);
    const Complex<T> across2 = times_i(sine2 * outside - sine1 * inside);
    x[0] = x[0] + outer + inner;
    x[1] = along1 - across1;
    x[2] = along2 - across2;
    x[3] = along2 + across2;
    x[4] = along1 + across1;
}

// --- stages: group p of `groups` takes the points p, p + groups, ... of a transform, of which
// `stride` lie interleaved

template <int radix, class T>
void stage(int64_t groups, int64_t stride, const T* factors, const Complex<T>* from,
           Complex<T>* to) {
    for (int64_t p = 0; p < groups; ++p, factors += 2 * (radix - 1)) {
        for (int64_t q = 0; q < stride; ++q) {
            Complex<T> x[radix];
            RUSHLIGHT_UNROLL for (int j = 0; j < radix; ++j)
                x[j] = from[q + stride * (p + groups * j)];
            butterfly(x);
            Complex<T>* results = to + q + stride * radix * p;
            results[0] = x[0];
            RUSHLIGHT_UNROLL for (int j = 1; j < radix; ++j)
                results[stride * j] = turned(x[j], factors[2 * j - 2], factors[2 * j - 1]);
        }
    }
}

// Of any radix: each result is a sum over all points.
template <class T>
void stage_of(int64_t radix, int64_t groups, int64_t stride, const T* factors, const T* roots,
              const Complex<T>* from, Complex<T>* to) {
    for (int64_t p = 0; p < groups; ++p, factors += 2 * (radix - 1)) {
        for (int64_t q = 0; q < stride; ++q) {
            const Complex<T>* x = from + q + stride * p;
            Complex<T>* results = to + q + stride * radix * p;
            for (int64_t j = 0; j < radix; ++j) {
                Complex<T> sum = x[0];
                for (int64_t k = 1, root = j; k < radix; ++k, root = (root + j) % radix)
                    sum = sum + turned(x[stride * groups * k], roots[2 * root], roots[2 * root + 1]);
                results[stride * j] =
                    j ? turned(sum, factors[2 * j - 2], factors[2 * j - 1]) : sum;
            }
        }
    }
}

// The forward transform of the points `from`; the result stands in one of the two places.
template <class T>
Complex<T>* transform(const FftPlan<T>& plan, Complex<T>* from, Complex<T>* to) {
    int64_t length = plan.size, stride = 1;
    const T* factors = plan.factors;
    for (int i = 0; i < plan.stages; ++i) {
        const int64_t radix = plan.radices[i], groups = length / radix;
        const T* roots = plan.roots + 2 * FftPlan<T>::largest_radix * i;
        switch (radix) {
            case 2: stage<2>(groups, stride, factors, from, to); break;
            case 3: stage<3>(groups, stride, factors, from, to); break;
            case 4: stage<4>(groups, stride, factors, from, to); break;
            case 5: stage<5>(groups, stride, factors, from, to); break;
            default: stage_of(radix, groups, stride, factors, roots, from, to);
        }
        Complex<T>* const results = to;
        to = from;
        from = results;
        factors += 2 * (radix - 1) * groups;
        length = groups;
        stride *= radix;
    }
    return from;
}

// --- rows of `count` elements, `columns` holding the lanes of one element after the other

template <class T>
void load_rows(int64_t rows, int64_t count, const T* x, T* columns) {
    constexpr int lanes = Register<T>::lanes;
    const T* starts[lanes];  // lanes that are left over repeat the last row
    for (int64_t r = 0; r < lanes; ++r) starts[r] = x + (r < rows ? r : rows - 1) * count;
    int64_t c = 0;
    for (; c + lanes <= count; c += lanes) {
        typename Register<T>::Type block[lanes];
        RUSHLIGHT_UNROLL for (int r = 0; r < lanes; ++r)
            block[r] = Register<T>::load(starts[r] + c);
        transpose(block);
        RUSHLIGHT_UNROLL for (int r = 0; r < lanes; ++r)
            Register<T>::store(columns + (c + r) * lanes, block[r]);
    }
    for (; c < count; ++c)
        for (int64_t r = 0; r < lanes; ++r) columns[c * lanes + r] = starts[r][c];
}

template <class T>
void store_rows(int64_t rows, int64_t count, const T* columns, T* out) {
    constexpr int lanes = Register<T>::lanes;
    int64_t c = 0;
    for (; c + lanes <= count; c += lanes) {
        typename Register<T>::Type block[lanes];
        RUSHLIGHT_UNROLL for (int r = 0; r < lanes; ++r)
            block[r] = Register<T>::load(columns + (c + r) * lanes);
        transpose(block);
        if (rows == lanes) {
            RUSHLIGHT_UNROLL for (int r = 0; r < lanes; ++r)
                Register<T>::store(out + r * count + c, block[r]);
        } else {
            for (int64_t r = 0; r < rows; ++r) Register<T>::store(out + r * count + c, block[r]);
        }
    }
    for (; c < count; ++c)
        for (int64_t r = 0; r < rows; ++r) out[r * count + c] = columns[c * lanes + r];
}

// The two places of `work`.
template <class T>
struct Places {
    Complex<T>*first, *second;
    Places(const FftPlan<T>& plan, T* work)
        : first(reinterpret_cast<Complex<T>*>(work)), second(first + plan.size + 1) {}
    Complex<T>* other_than(const Complex<T>* used) const { return used == first ? second : first; }
};

template <class T>
T* elements(Complex<T>* points) {
    return reinterpret_cast<T*>(points);
}

// --- the three kinds

template <class T>
void complex_rows(const FftPlan<T>& plan, int64_t rows, bool inverse, T scale, const T* x, T* out,
                  T* work) {
    const Places<T> places(plan, work);
    load_rows(rows, 2 * plan.size, x, elements(places.first));
    // The inverse is the transform of the numbers with real and imaginary parts changed over.
    if (inverse)
        for (int64_t k = 0; k < plan.size; ++k) places.first[k] = swapped(places.first[k]);
    Complex<T>* found = transform(plan, places.first, places.second);
    for (int64_t k = 0; k < plan.size; ++k)
        found[k] = scale * (inverse ? swapped(found[k]) : found[k]);
    store_rows(rows, 2 * plan.size, elements(found), out);
}

template <class T>
void real_to_half(const FftPlan<T>& plan, int64_t rows, int64_t points, T scale, T inner,
                  const T* x, T* out, T* work) {
    const Places<T> places(plan, work);
    const int64_t size = plan.size;
    const bool paired = points == 2 * size;
    load_rows(rows, points, x, elements(paired ? places.first : places.second));
    if (!paired)
        for (int64_t k = 0; k < size; ++k)
            places.first[k] = of_real<T>(
                Register<T>::load(elements(places.second) + k * Register<T>::lanes));
    const Complex<T>* z = transform(plan, places.first, places.second);
    Complex<T>* half = places.other_than(z);
    if (paired) {
        half[0] = of_real<T>(scale * (z[0].re + z[0].im));
        half[size] = of_real<T>(scale * (z[0].re - z[0].im));
        const T factor = scale * inner / 2;
        for (int64_t k = 1; k < size; ++k) {
            const Complex<T> mirror = conjugate(z[size - k]);
            const Complex<T> odd = turned(z[k] - mirror, plan.turns[2 * k], plan.turns[2 * k + 1]);
            half[k] = factor * (z[k] + mirror - times_i(odd));
        }
    } else {
        half[0] = of_real<T>(scale * z[0].re);
        for (int64_t k = 1; k <= size / 2; ++k) half[k] = (scale * inner) * z[k];
    }
    store_rows(rows, 2 * (points / 2 + 1), elements(half), out);
}

template <class T>
void half_to_real(const FftPlan<T>& plan, int64_t rows, int64_t points, T scale, T inner,
                  const T* x, T* out, T* work) {
    const Places<T> places(plan, work);
    const int64_t size = plan.size;
    const bool paired = points == 2 * size;
    Complex<T> *half = places.second, *z = places.first;
    load_rows(rows, 2 * (points / 2 + 1), x, elements(half));
    const T factor = scale * inner;
    if (paired) {  // and changed over, as for the inverse
        z[0] = scale * Complex<T>{half[0].re - half[size].re, half[0].re + half[size].re};
        for (int64_t k = 1; k < size; ++k) {
            const Complex<T> mirror = conjugate(half[size - k]);
            const Complex<T> odd = turned(half[k] - mirror, plan.turns[2 * k],
                                          -plan.turns[2 * k + 1]);
            z[k] = swapped(factor * (half[k] + mirror + times_i(odd)));
        }
    } else {
        z[0] = swapped(of_real<T>(scale * half[0].re));
        for (int64_t k = 1; k <= size / 2; ++k) {
            z[k] = swapped(factor * half[k]);
            z[size - k] = swapped(factor * conjugate(half[k]));
        }
    }
    Complex<T>* found = transform(plan, z, half);
    T* columns = elements(places.other_than(found));
    constexpr int lanes = Register<T>::lanes;
    for (int64_t k = 0; k < size; ++k) {
        T* to = columns + (paired ? 2 * k : k) * lanes;
        Register<T>::store(to, found[k].im);
        if (paired) Register<T>::store(to + lanes, found[k].re);
    }
    store_rows(rows, points, columns, out);
}

}  // namespace

template <class T>
void fill_fft(FftLoops<T>& loops) {
    loops = {Register<T>::lanes, complex_rows<T>, real_to_half<T>, half_to_real<T>};
}

template void fill_fft(FftLoops<float>&);
template void fill_fft(FftLoops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
