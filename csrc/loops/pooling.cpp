// Pools over channels-last images, a vector of channels at a time.
#include "matrix.h"
#include "vector.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

// The part of a window, along one dimension, that lies inside the image: offsets [begin, end) into
// the window, the first of them at place `place`.
struct Span {
    int64_t begin, end, place;
};

Span span_of(int64_t output, int64_t stride, int64_t padding, int64_t dilation, int64_t kernel,
             int64_t size) {
    const int64_t start = output * stride - padding;
    const int64_t begin = start < 0 ? (-start + dilation - 1) / dilation : 0;
    const int64_t fitting = (size - start + dilation - 1) / dilation;
    return {begin, fitting < kernel ? fitting : kernel, start + begin * dilation};
}
Span rows_of(const Pool& p, int64_t h) {
    return span_of(h, p.stride_height, p.padding_height, p.dilation_height, p.kernel_height,
                   p.height);
}
Span columns_of(const Pool& p, int64_t w) {
    return span_of(w, p.stride_width, p.padding_width, p.dilation_width, p.kernel_width, p.width);
}

// visit(place of the result, place of the window's first element, rows, columns) for the windows of
// row h of an image's result; places are offsets into the image.
template <class Visit>
RUSHLIGHT_INLINE void for_windows(const Pool& p, int64_t h, const Visit& visit) {
    const Span rows = rows_of(p, h);
    for (int64_t w = 0; w < p.out_width; ++w) {
        const Span columns = columns_of(p, w);
        visit((h * p.out_width + w) * p.channels,
              (rows.place * p.width + columns.place) * p.channels, rows, columns);
    }
}

int64_t input_size(const Pool& p) { return p.height * p.width * p.channels; }
int64_t output_size(const Pool& p) { return p.out_height * p.out_width * p.channels; }

// visit(offset into the window, distance from its first element) for its places, row by row.
template <class Visit>
RUSHLIGHT_INLINE void for_places(const Pool& p, Span rows, Span columns, const Visit& visit) {
    const int64_t row_step = p.dilation_height * p.width * p.channels;
    const int64_t column_step = p.dilation_width * p.channels;
    for (int64_t i = rows.begin; i < rows.end; ++i)
        for (int64_t j = columns.begin; j < columns.end; ++j)
            visit(i * p.kernel_width + j,
                  (i - rows.begin) * row_step + (j - columns.begin) * column_step);
}

void max_pool(const Pool& p, const float* x, float* y, uint8_t* where, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
        const int64_t image = row / p.out_height;
        const float* from = x + image * input_size(p);
        const int64_t to = image * output_size(p);
        for_windows(p, row % p.out_height, [&](int64_t result, int64_t first, Span rows,
                                               Span columns) {
            // A dilated window may step over a narrow image: nothing is larger than nothing.
            const bool is_empty = rows.begin >= rows.end || columns.begin >= columns.end;
            const int32_t start =
                is_empty ? 0 : static_cast<int32_t>(rows.begin * p.kernel_width + columns.begin);
            for (int64_t c = 0; c < p.channels; c += width) {
                const Mask mask = first_lanes(p.channels - c);
                Vector best = is_empty ? broadcast(-__builtin_inff()) : load(from + first + c, mask);
                Lanes best_place = Lanes{} + start;
                for_places(p, rows, columns, [&](int64_t number, int64_t distance) {
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
    return p.stride_height <= (p.kernel_height - 1) * p.dilation_height ||
           p.stride_width <= (p.kernel_width - 1) * p.dilation_width;
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
    for (int64_t image = begin; image < end; ++image) {
        float* to = gx + image * input_size(p);
        for (int64_t i = 0; i < input_size(p); ++i) to[i] = 0;
        const int64_t from = image * output_size(p);
        for (int64_t h = 0; h < p.out_height; ++h)
            for_windows(p, h, [&](int64_t result, int64_t first, Span rows, Span columns) {
                for (int64_t c = 0; c < p.channels; c += width) {
                    const Mask mask = first_lanes(p.channels - c);
                    const Vector value = load(grad + from + result + c, mask);
                    const Lanes place = load_bytes(where + from + result + c, mask);
                    for_places(p, rows, columns, [&](int64_t number, int64_t distance) {
                        const Lanes here = place == static_cast<int32_t>(number);
                        give<overlap>(to + first + distance + c, here ? value : Vector{}, mask);
                    });
                }
            });
    }
}

void average_pool(const Pool& p, const float* row_divisors, const float* column_divisors,
                  const float* x, float* y, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
        const int64_t image = row / p.out_height, h = row % p.out_height;
        const float* from = x + image * input_size(p);
        float* to = y + image * output_size(p);
        const float* column_divisor = column_divisors;
        for_windows(p, h, [&](int64_t result, int64_t first, Span rows, Span columns) {
            const Vector divisor = broadcast(row_divisors[h] * *column_divisor++);
            for (int64_t c = 0; c < p.channels; c += width) {
                const Mask mask = first_lanes(p.channels - c);
                Vector total{};
                for_places(p, rows, columns, [&](int64_t, int64_t distance) {
                    total += load(from + first + distance + c, mask);
                });
                store(to + result + c, total / divisor, mask);
            }
        });
    }
}

template <bool overlap>
void average_pool_backward(const Pool& p, const float* row_divisors, const float* column_divisors,
                           const float* grad, float* gx, int64_t begin, int64_t end) {
    for (int64_t image = begin; image < end; ++image) {
        const float* from = grad + image * output_size(p);
        float* to = gx + image * input_size(p);
        for (int64_t i = 0; i < input_size(p); ++i) to[i] = 0;
        for (int64_t h = 0; h < p.out_height; ++h) {
            const float* column_divisor = column_divisors;
            for_windows(p, h, [&](int64_t result, int64_t first, Span rows, Span columns) {
                const Vector divisor = broadcast(row_divisors[h] * *column_divisor++);
                for (int64_t c = 0; c < p.channels; c += width) {
                    const Mask mask = first_lanes(p.channels - c);
                    const Vector share = load(from + result + c, mask) / divisor;
                    for_places(p, rows, columns, [&](int64_t, int64_t distance) {
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
        [](const Pool& p, const float* rows, const float* columns, const float* grad, float* gx,
           int64_t begin, int64_t end) {
            (windows_overlap(p) ? average_pool_backward<true> : average_pool_backward<false>)(
                p, rows, columns, grad, gx, begin, end);
        }};
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
