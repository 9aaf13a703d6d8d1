// Points of a grid, and the elements of an image or volume that the values there are made of.
#pragma once

#include <stdint.h>

namespace rushlight {

constexpr int grid_block = 64;  // points that are taken together
constexpr int most_grid_taps = 16;

enum GridMode { grid_linear, grid_nearest, grid_cubic };
enum GridPadding { grid_zeros, grid_border, grid_reflection };

struct GridMap {
    int rank;          // 2 or 3
    int64_t sizes[3];  // of the input by x, y (and z), the fastest first
    int mode, padding;
    bool align_corners;
};

// The taps of up to grid_block points: where in an image each is, -1 outside of it, its weight, and
// by what that changes with the point's x, y (and z).
template <class T>
struct GridTaps {
    int count;
    int32_t places[most_grid_taps][grid_block];
    T weights[most_grid_taps][grid_block];
    T slopes[3][most_grid_taps][grid_block];
};

// Of planes, one for each channel, or of rows, which hold all channels of a place.
template <class T>
struct GridLoops {
    void (*taps)(const GridMap& map, int64_t n, const T* points, bool with_slopes,
                 GridTaps<T>& taps);
    // out[p] = the sum of weights * plane[places]
    void (*sample)(const GridTaps<T>& taps, int64_t n, const T* plane, T* out);
    // plane[places] += weights * grad[p]
    void (*scatter)(const GridTaps<T>& taps, int64_t n, const T* grad, T* plane);
    // shares[tap][p] += grad[p] * plane[places]
    void (*share)(const GridTaps<T>& taps, int64_t n, const T* grad, const T* plane,
                  T (*shares)[grid_block]);
    void (*sample_rows)(const GridTaps<T>& taps, int64_t n, int64_t channels, const T* rows,
                        T* out);
    // Only `width` of the channels, which all pointers begin at.
    void (*scatter_rows)(const GridTaps<T>& taps, int64_t n, int64_t channels, int64_t width,
                         const T* grad, T* rows);
    void (*share_rows)(const GridTaps<T>& taps, int64_t n, int64_t channels, const T* grad,
                       const T* rows, T (*shares)[grid_block]);
    // grad[p * rank + axis] = the sum of slopes[axis] * shares
    void (*combine)(const GridTaps<T>& taps, int rank, int64_t n, const T (*shares)[grid_block],
                    T* grad);
};

}  // namespace rushlight
