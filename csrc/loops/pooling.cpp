// Pools over channels-last images and volumes, a vector of channels at a time.
#include "matrix.h"
#include "vector.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

// The part of a window, along one dimension, that lies inside the volume: offsets [begin, end) into
// the window, the first of them at place `place`.
struct Span {
    int64_t begin, end, place;
};
struct Window {
    Span depth, height, width;
    // A dilated window may step over a narrow volume.
    bool is_empty() const {
        return depth.begin >= depth.end || height.begin >= height.end || width.begin >= width.end;
    }
};

Span span_of(const PoolAxis& axis, int64_t output) {
    const int64_t start = output * axis.stride - axis.padding, dilation = axis.dilation;
    const int64_t begin = start < 0 ? (-start + dilation - 1) / dilation : 0;
    const int64_t fitting = (axis.size - start + dilation - 1) / dilation;
    return {begin, fitting < axis.kernel ? fitting : axis.kernel, start + begin * dilation};
}

// Rows of a volume's result.
int64_t rows_of(const Pool& p) { return p.depth.out_size * p.height.out_size; }

// visit(place of the result, place of the window's first element, window) for the windows of a row
// of a volume's result; places are offsets into the volume.
template <class Visit>
RUSHLIGHT_INLINE void for_windows(const Pool& p, int64_t row, const Visit& visit) {
    const Span depth = span_of(p.depth, row / p.height.out_size);
    const Span height = span_of(p.height, row % p.height.out_size);
    const int64_t first_row = (depth.place * p.height.size + height.place) * p.width.size;
    for (int64_t w = 0; w < p.width.out_size; ++w) {
        const Span width = span_of(p.width, w);
        visit((row * p.width.out_size + w) * p.channels, (first_row + width.place) * p.channels,
              Window{depth, height, width});
    }
}

int64_t input_size(const Pool& p) {
    return p.depth.size * p.height.size * p.width.size * p.channels;
}
int64_t output_size(const Pool& p) { return rows_of(p) * p.width.out_size * p.channels; }

int64_t number_in_window(const Pool& p, int64_t k, int64_t i, int64_t j) {
    return (k * p.height.kernel + i) * p.width.kernel + j;
}

// visit(number in the window, distance from its first element) for its places, in order.
template <class Visit>
RUSHLIGHT_INLINE void for_places(const Pool& p, const Window& at, const Visit& visit) {
    const int64_t column_step = p.width.dilation * p.channels;
    const int64_t row_step = p.height.dilation * p.width.size * p.channels;
    const int64_t slice_step = p.depth.dilation * p.height.size * p.width.size * p.channels;
    for (int64_t k = at.depth.begin; k < at.depth.end; ++k)
        for (int64_t i = at.height.begin; i < at.height.end; ++i)
            for (int64_t j = at.width.begin; j < at.width.end; ++j)
                visit(number_in_window(p, k, i, j),
                      (k - at.depth.begin) * slice_step + (i - at.height.begin) * row_step +
                          (j - at.width.begin) * column_step);
}

void max_pool(const Pool& p, const float* x, float* y, uint8_t* where, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
        const int64_t volume = row / rows_of(p);
        const float* from = x + volume * input_size(p);
        const int64_t to = volume * output_size(p);
        for_windows(p, row % rows_of(p), [&](int64_t result, int64_t first, const Window& at) {
            const bool is_empty = at.is_empty();  // nothing is larger than nothing
            const int64_t number =
                number_in_window(p, at.depth.begin, at.height.begin, at.width.begin);
            const int32_t start = is_empty ? 0 : static_cast<int32_t>(number);
            for (int64_t c = 0; c < p.channels; c += width) {
                const Mask mask = first_lanes(p.channels - c);
                Vector best =
                    is_empty ? broadcast(-__builtin_inff()) : load(from + first + c, mask);
                Lanes best_place = Lanes{} + start;
                for_places(p, at, [&](int64_t number, int64_t distance) {
                    const Vector value = load(from + first + distance + c, mask);
                    // Of several NaNs the last one counts, as in PyTorch.
                    const Lanes larger = (value > best) | (value != value);
                    best = larger ? value : best;
                    best_place = larger ? Lanes{} + static_cast<int32_t>(number) : best_place;
                });
                store(y + to + result + c, best, mask);
                store_bytes(where + to + result + c, best_place, mask);
            }
        });
    }
}

bool windows_overlap(const Pool& p) {
    const auto overlaps = [](const PoolAxis& axis) {
        return axis.stride <= (axis.kernel - 1) * axis.dilation;
    };
    return overlaps(p.depth) || overlaps(p.height) || overlaps(p.width);
}

// A place that one window alone can see is written, not added to: loading what neighbouring masked
// stores have just written stalls.
template <bool overlap>
RUSHLIGHT_INLINE void give(float* target, Vector value, Mask mask) {
    store(target, overlap ? load(target, mask) + value : value, mask);
}

template <bool overlap>
void max_pool_backward(const Pool& p, const float* grad, const uint8_t* where, float* gx,
                       int64_t begin, int64_t end) {
    for (int64_t volume = begin; volume < end; ++volume) {
        float* to = gx + volume * input_size(p);
        for (int64_t i = 0; i < input_size(p); ++i) to[i] = 0;
        const int64_t from = volume * output_size(p);
        for (int64_t row = 0; row < rows_of(p); ++row)
            for_windows(p, row, [&](int64_t result, int64_t first, const Window& at) {
                for (int64_t c = 0; c < p.channels; c += width) {
                    const Mask mask = first_lanes(p.channels - c);
                    const Vector value = load(grad + from + result + c, mask);
                    const Lanes place = load_bytes(where + from + result + c, mask);
                    for_places(p, at, [&](int64_t number, int64_t distance) {
                        const Lanes here = place == static_cast<int32_t>(number);
                        give<overlap>(to + first + distance + c, here ? value : Vector{}, mask);
                    });
                }
            });
    }
}

float row_divisor(const Pool& p, const PoolDivisors& divisors, int64_t row) {
    return divisors.depth[row / p.height.out_size] * divisors.height[row % p.height.out_size];
}

void average_pool(const Pool& p, const PoolDivisors& divisors, const float* x, float* y,
                  int64_t begin, int64_t end) {
    for (int64_t number = begin; number < end; ++number) {
        const int64_t volume = number / rows_of(p), row = number % rows_of(p);
        const float* from = x + volume * input_size(p);
        float* to = y + volume * output_size(p);
        const float *next = divisors.width, of_row = row_divisor(p, divisors, row);
        for_windows(p, row, [&](int64_t result, int64_t first, const Window& at) {
            const Vector divisor = broadcast(of_row * *next++);
            for (int64_t c = 0; c < p.channels; c += width) {
                const Mask mask = first_lanes(p.channels - c);
                Vector total{};
                for_places(p, at, [&](int64_t, int64_t distance) {
                    total += load(from + first + distance + c, mask);
                });
                store(to + result + c, total / divisor, mask);
            }
        });
    }
}

template <bool overlap>
void average_pool_backward(const Pool& p, const PoolDivisors& divisors, const float* grad,
                           float* gx, int64_t begin, int64_t end) {
    for (int64_t volume = begin; volume < end; ++volume) {
        const float* from = grad + volume * output_size(p);
        float* to = gx + volume * input_size(p);
        for (int64_t i = 0; i < input_size(p); ++i) to[i] = 0;
        for (int64_t row = 0; row < rows_of(p); ++row) {
            const float *next = divisors.width, of_row = row_divisor(p, divisors, row);
            for_windows(p, row, [&](int64_t result, int64_t first, const Window& at) {
                const Vector divisor = broadcast(of_row * *next++);
                for (int64_t c = 0; c < p.channels; c += width) {
                    const Mask mask = first_lanes(p.channels - c);
                    const Vector share = load(from + result + c, mask) / divisor;
                    for_places(p, at, [&](int64_t, int64_t distance) {
                        give<overlap>(to + first + distance + c, share, mask);
                    });
                }
            });
        }
    }
}

}  // namespace

void fill_pooling(MatrixLoops& loops) {
    loops.pool = {
        max_pool,
        [](const Pool& p, const float* grad, const uint8_t* where, float* gx, int64_t begin,
           int64_t end) {
            (windows_overlap(p) ? max_pool_backward<true> : max_pool_backward<false>)(
                p, grad, where, gx, begin, end);
        },
        average_pool,
        [](const Pool& p, const PoolDivisors& divisors, const float* grad, float* gx,
           int64_t begin, int64_t end) {
            (windows_overlap(p) ? average_pool_backward<true> : average_pool_backward<false>)(
                p, divisors, grad, gx, begin, end);
        }};
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
