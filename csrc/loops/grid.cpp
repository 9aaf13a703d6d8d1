// Images and volumes sampled at points between their elements.
#include "gather.h"
#include "loops.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

inline float floor(float x) {
    return __builtin_floorf(x);
}
inline double floor(double x) {
    return __builtin_floor(x);
}
inline float nearest(float x) {
    return __builtin_rintf(x);
}
inline double nearest(double x) {
    return __builtin_rint(x);
}

// Places along one axis and what their weights are made of.
template <class T>
struct Axis {
    int count;
    int32_t places[4][grid_block];
    T weights[4][grid_block], slopes[4][grid_block];
};

// An axis of `size` elements; the reflections of a place are counted from `low`, `span` apart.
template <class T>
struct Line {
    T scale, shift, last, low, span;

    Line(int64_t size, bool align_corners)
        : scale(T(align_corners ? size - 1 : size) / 2), shift(align_corners ? T(0) : T(0.5)),
          last(T(size - 1)), low(align_corners ? T(0) : T(-0.5)),
          span(T(align_corners ? size - 1 : size)) {}

    template <int padding>
    inline T padded(T place, T& direction) const {
        direction = 1;
        if (padding == grid_zeros) return place;
        if (padding == grid_reflection) {
            const T away = place - low, distance = away < 0 ? -away : away;
            const T turns = floor(distance / span), extra = distance - turns * span;
            const bool is_back = turns - 2 * floor(turns / 2) == 1;
            const T turned = (is_back ? span - extra : extra) + low;
            place = span == 0 ? T(0) : turned;
            direction = is_back != (away < 0) ? T(-1) : T(1);
        }
        direction = place > 0 && place < last ? direction : T(0);
        place = place > 0 ? place : T(0);  // what is no number, too
        return place < last ? place : last;
    }

    inline int32_t element(T place) const {
        const bool inside = place >= 0 && place <= last;
        const auto number = static_cast<int32_t>(inside ? place : T(0));
        return inside ? number : -1;
    }
};

// Keys' cubic convolution, whose slope at 1 is -0.75, at distances up to 1, and from 1 to 2.
constexpr double cubic = -0.75;
template <class T>
inline T near_weight(T d) {
    return ((T(cubic + 2) * d - T(cubic + 3)) * d) * d + 1;
}
template <class T>
inline T near_slope(T d) {
    return (T(3 * (cubic + 2)) * d - T(2 * (cubic + 3))) * d;
}
template <class T>
inline T far_weight(T d) {
    return ((T(cubic) * d - T(5 * cubic)) * d + T(8 * cubic)) * d - T(4 * cubic);
}
template <class T>
inline T far_slope(T d) {
    return (T(3 * cubic) * d - T(10 * cubic)) * d + T(8 * cubic);
}

template <int mode, int padding, class T>
void fill_axis(const Line<T>& line, int64_t n, const T* points, int step, Axis<T>& axis) {
    axis.count = mode == grid_nearest ? 1 : mode == grid_linear ? 2 : 4;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
        T place = (points[i * step] + 1) * line.scale - line.shift, direction = 1;
        if (mode != grid_cubic) place = line.template padded<padding>(place, direction);
        if (mode == grid_nearest) {
            axis.places[0][i] = line.element(nearest(place));
            axis.weights[0][i] = 1;
            continue;
        }
        const T low = floor(place), rest = place - low;
        if (mode == grid_linear) {
            const T slope = direction * line.scale;
            axis.places[0][i] = line.element(low);
            axis.places[1][i] = line.element(low + 1);
            axis.weights[0][i] = 1 - rest;
            axis.weights[1][i] = rest;
            axis.slopes[0][i] = -slope;
            axis.slopes[1][i] = slope;
            continue;
        }
        for (int k = 0; k < 4; ++k)
            axis.places[k][i] =
                line.element(line.template padded<padding>(low + T(k - 1), direction));
        axis.weights[0][i] = far_weight(rest + 1);
        axis.weights[1][i] = near_weight(rest);
        axis.weights[2][i] = near_weight(1 - rest);
        axis.weights[3][i] = far_weight(2 - rest);
        axis.slopes[0][i] = line.scale * far_slope(rest + 1);
        axis.slopes[1][i] = line.scale * near_slope(rest);
        axis.slopes[2][i] = -line.scale * near_slope(1 - rest);
        axis.slopes[3][i] = -line.scale * far_slope(2 - rest);
    }
}

template <int mode, class T>
void fill_axis(const GridMap& map, const Line<T>& line, int64_t n, const T* points, int step,
               Axis<T>& axis) {
    if (map.padding == grid_zeros) return fill_axis<mode, grid_zeros>(line, n, points, step, axis);
    if (map.padding == grid_border)
        return fill_axis<mode, grid_border>(line, n, points, step, axis);
    return fill_axis<mode, grid_reflection>(line, n, points, step, axis);
}

// The tap that is made of these of each axis.
template <int rank, class T>
void join_axes(const GridMap& map, int64_t n, const Axis<T>* axes, const int* chosen, int tap,
               bool with_slopes, GridTaps<T>& taps) {
    const int32_t *xs = axes[0].places[chosen[0]], *ys = axes[1].places[chosen[1]];
    const int32_t* zs = rank == 3 ? axes[2].places[chosen[2]] : ys;
    const T *x = axes[0].weights[chosen[0]], *y = axes[1].weights[chosen[1]];
    const T* z = rank == 3 ? axes[2].weights[chosen[2]] : y;
    const auto width = static_cast<int32_t>(map.sizes[0]),
               height = static_cast<int32_t>(map.sizes[1]);
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
        const int32_t signs = xs[i] | ys[i] | zs[i];  // negative where one of them is
        const int32_t row = rank == 3 ? zs[i] * height + ys[i] : ys[i];
        taps.places[tap][i] = signs < 0 ? -1 : row * width + xs[i];
        taps.weights[tap][i] = rank == 3 ? x[i] * y[i] * z[i] : x[i] * y[i];
    }
    if (!with_slopes) return;
    const T *dx = axes[0].slopes[chosen[0]], *dy = axes[1].slopes[chosen[1]];
    const T* dz = rank == 3 ? axes[2].slopes[chosen[2]] : dy;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
        const T depth = rank == 3 ? z[i] : T(1);
        taps.slopes[0][tap][i] = dx[i] * y[i] * depth;
        taps.slopes[1][tap][i] = x[i] * dy[i] * depth;
        if (rank == 3) taps.slopes[2][tap][i] = x[i] * y[i] * dz[i];
    }
}

template <class T>
void fill_taps(const GridMap& map, int64_t n, const T* points, bool with_slopes,
               GridTaps<T>& taps) {
    Axis<T> axes[3];
    for (int d = 0; d < map.rank; ++d) {
        const Line<T> line(map.sizes[d], map.align_corners);
        const auto fill = map.mode == grid_nearest  ? fill_axis<grid_nearest, T>
                          : map.mode == grid_linear ? fill_axis<grid_linear, T>
                                                    : fill_axis<grid_cubic, T>;
        fill(map, line, n, points + d, map.rank, axes[d]);
    }
    const int each = axes[0].count, depth = map.rank == 3 ? each : 1;
    taps.count = 0;
    for (int z = 0; z < depth; ++z)
        for (int y = 0; y < each; ++y)
            for (int x = 0; x < each; ++x) {
                const int chosen[] = {x, y, z};
                const auto join = map.rank == 3 ? join_axes<3, T> : join_axes<2, T>;
                join(map, n, axes, chosen, taps.count++, with_slopes, taps);
            }
}

// What a tap finds: zero outside, whatever stands in the first element.
template <class T>
inline T found(const T* plane, int32_t place) {
    return place < 0 ? T(0) : plane[place];
}

template <int count, class T>
void sample_plane(const GridTaps<T>& taps, int64_t n, const T* plane, T* out) {
    using R = Register<T>;
    int64_t i = 0;
    for (; i + R::lanes <= n; i += R::lanes) {
        auto sum = R::load(taps.weights[0] + i) * gathered(plane, taps.places[0] + i);
#pragma GCC unroll 16
        for (int k = 1; k < count; ++k)
            sum += R::load(taps.weights[k] + i) * gathered(plane, taps.places[k] + i);
        R::store(out + i, sum);
    }
    for (; i < n; ++i) {
        T sum = taps.weights[0][i] * found(plane, taps.places[0][i]);
        for (int k = 1; k < count; ++k)
            sum += taps.weights[k][i] * found(plane, taps.places[k][i]);
        out[i] = sum;
    }
}

template <class T>
void sample(const GridTaps<T>& taps, int64_t n, const T* plane, T* out) {
    if (taps.count == 1) return sample_plane<1>(taps, n, plane, out);
    if (taps.count == 4) return sample_plane<4>(taps, n, plane, out);
    if (taps.count == 8) return sample_plane<8>(taps, n, plane, out);
    sample_plane<16>(taps, n, plane, out);
}

template <class T>
void scatter(const GridTaps<T>& taps, int64_t n, const T* grad, T* plane) {
    for (int k = 0; k < taps.count; ++k)
        for (int64_t i = 0; i < n; ++i) {
            const int32_t place = taps.places[k][i];
            if (place >= 0) plane[place] += taps.weights[k][i] * grad[i];
        }
}

template <class T>
void share(const GridTaps<T>& taps, int64_t n, const T* grad, const T* plane,
           T (*shares)[grid_block]) {
    using R = Register<T>;
    for (int k = 0; k < taps.count; ++k) {
        const int32_t* places = taps.places[k];
        T* to = shares[k];
        int64_t i = 0;
        for (; i + R::lanes <= n; i += R::lanes)
            R::store(to + i, R::load(to + i) + R::load(grad + i) * gathered(plane, places + i));
        for (; i < n; ++i) to[i] += grad[i] * found(plane, places[i]);
    }
}

template <class T>
void sample_rows(const GridTaps<T>& taps, int64_t n, int64_t channels, const T* rows, T* out) {
    for (int64_t i = 0; i < n; ++i, out += channels) {
        T outside = 0;  // the products of zeros with weights that may be no numbers
        bool is_first = true;
        for (int k = 0; k < taps.count; ++k) {
            const T weight = taps.weights[k][i];
            if (taps.places[k][i] < 0) {
                outside += weight * 0;
                continue;
            }
            const T* row = rows + taps.places[k][i] * channels;
            if (is_first) {
#pragma omp simd
                for (int64_t c = 0; c < channels; ++c) out[c] = weight * row[c];
            } else {
#pragma omp simd
                for (int64_t c = 0; c < channels; ++c) out[c] += weight * row[c];
            }
            is_first = false;
        }
        if (is_first || outside != 0)
            for (int64_t c = 0; c < channels; ++c) out[c] = outside;
    }
}

template <class T>
void scatter_rows(const GridTaps<T>& taps, int64_t n, int64_t channels, int64_t width,
                  const T* grad, T* rows) {
    for (int64_t i = 0; i < n; ++i, grad += channels)
        for (int k = 0; k < taps.count; ++k) {
            if (taps.places[k][i] < 0) continue;
            T* row = rows + taps.places[k][i] * channels;
            const T weight = taps.weights[k][i];
#pragma omp simd
            for (int64_t c = 0; c < width; ++c) row[c] += weight * grad[c];
        }
}

template <class T>
void share_rows(const GridTaps<T>& taps, int64_t n, int64_t channels, const T* grad, const T* rows,
                T (*shares)[grid_block]) {
    for (int64_t i = 0; i < n; ++i, grad += channels)
        for (int k = 0; k < taps.count; ++k) {
            if (taps.places[k][i] < 0) continue;
            const T* row = rows + taps.places[k][i] * channels;
            T sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int64_t c = 0; c < channels; ++c) sum += grad[c] * row[c];
            shares[k][i] += sum;
        }
}

template <class T>
void combine(const GridTaps<T>& taps, int rank, int64_t n, const T (*shares)[grid_block],
             T* grad) {
    for (int d = 0; d < rank; ++d) {
        T sums[grid_block] = {};
        for (int k = 0; k < taps.count; ++k) {
#pragma omp simd
            for (int64_t i = 0; i < n; ++i) sums[i] += taps.slopes[d][k][i] * shares[k][i];
        }
        for (int64_t i = 0; i < n; ++i) grad[i * rank + d] = sums[i];
    }
}

}  // namespace

template <class T>
void fill_grid(Loops<T>& loops) {
    loops.grid = {fill_taps<T>,    sample<T>,     scatter<T>, share<T>, sample_rows<T>,
                  scatter_rows<T>, share_rows<T>, combine<T>};
}

template void fill_grid(Loops<float>&);
template void fill_grid(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
