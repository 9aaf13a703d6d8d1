// Convolutions of few channels, straight from the definition: a row of the result is the product of
// the input's rows, read with overlap, and the filters, spread out as a matrix. Libraries that take
// channels in whole vectors waste most of each on the 1, 3 or 6 channels of a network's first
// layers.
//
// `fold` neighbouring places of the result are taken as one place with fold times the channels,
// which lie one after another in memory; the filters are repeated with a shift. So 6 channels fill
// 12 of 16 lanes, for one more column of the kernel.
#include "matrix.h"
#include "tile.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

struct Range {
    int64_t begin, end;
};

// The k of [0, count) for which step * k + offset lies inside [0, size).
Range inside(int64_t step, int64_t offset, int64_t size, int64_t count) {
    const int64_t first = offset < 0 ? (-offset + step - 1) / step : 0;
    const int64_t last = offset < size ? (size - 1 - offset) / step : -1;
    return {smaller(first, count), larger(smaller(last + 1, count), smaller(first, count))};
}

// Columns of the unfolded matrix, as many as the panels hold; terms of one kernel row.
int64_t folded_channels(const DirectConvolution& g) { return g.fold * g.out_channels; }
int64_t panels_width(const DirectConvolution& g) {
    return round_up(folded_channels(g), tile_columns);
}
int64_t row_terms(const DirectConvolution& g) {
    return (g.kernel_width + (g.fold - 1) * g.stride_width) * g.channels;
}
int64_t padded_row(const DirectConvolution& g) {
    return (g.width + 2 * g.padding_width) * g.channels;
}

int64_t filter_size(const DirectConvolution& g) {
    return panels_width(g) * g.kernel_height * row_terms(g);
}
int64_t image_size(const DirectConvolution& g) {
    return g.padding_width ? g.height * padded_row(g) : 0;
}

// Calls visit(place in the panels, place in OIHW order) for each weight and each repetition of it.
// The panels are of tile_columns columns, in each the kernel's rows, in these the terms.
template <class Visit>
void for_each_weight(const DirectConvolution& g, const Visit& visit) {
    const int64_t terms = row_terms(g), area = g.kernel_height * g.kernel_width;
    for (int64_t part = 0; part < g.fold; ++part)
        for (int64_t o = 0; o < g.out_channels; ++o) {
            const int64_t column = part * g.out_channels + o;
            const int64_t panel = column / tile_columns * g.kernel_height * terms;
            for (int64_t row = 0; row < g.kernel_height; ++row)
                for (int64_t k = 0; k < g.kernel_width; ++k)
                    for (int64_t c = 0; c < g.channels; ++c) {
                        const int64_t term = (k + part * g.stride_width) * g.channels + c;
                        visit((panel + row * terms + term) * tile_columns + column % tile_columns,
                              (o * g.channels + c) * area + row * g.kernel_width + k);
                    }
        }
}

void pack_filter(const DirectConvolution& g, const float* weight, const float* bias, float* packed,
                 float* start) {
    for (int64_t i = 0; i < filter_size(g); ++i) packed[i] = 0;
    for_each_weight(g, [=](int64_t place, int64_t from) { packed[place] = weight[from]; });
    for (int64_t i = 0; i < panels_width(g); ++i)
        start[i] = bias && i < folded_channels(g) ? bias[i % g.out_channels] : 0;
}

void unpack_filter(const DirectConvolution& g, const float* sums, float* weight) {
    for (int64_t i = 0; i < g.out_channels * g.channels * g.kernel_height * g.kernel_width; ++i)
        weight[i] = 0;
    for_each_weight(g, [=](int64_t place, int64_t to) { weight[to] += sums[place]; });
}

// The image with its padding to the left and the right; above and below the loops leave it out.
const float* with_padding(const DirectConvolution& g, const float* x, float* padded) {
    if (!g.padding_width) return x;
    const int64_t side = g.padding_width * g.channels, row = g.width * g.channels;
    for (int64_t h = 0; h < g.height; ++h, x += row) {
        for (int64_t i = 0; i < side; ++i) *padded++ = 0;
        for (int64_t i = 0; i < row; ++i) *padded++ = x[i];
        for (int64_t i = 0; i < side; ++i) *padded++ = 0;
    }
    return padded - g.height * padded_row(g);
}

// One image, N,H,W,C.
void forward(const DirectConvolution& g, const float* x, const float* packed, const float* start,
             float* y, float* scratch) {
    const float* image = with_padding(g, x, scratch);
    const int64_t terms = row_terms(g), row = padded_row(g), channels = folded_channels(g);
    const int64_t places = g.out_width / g.fold;
    for (int64_t h = 0; h < g.out_height; ++h) {
        const int64_t top = h * g.stride_height - g.padding_height;
        const Range kernel = inside(1, top, g.height, g.kernel_height);
        for (int64_t n = 0; n < channels; n += tile_columns) {
            TileArguments t{};
            t.a_step = g.fold * g.stride_width * g.channels;
            t.a_segment = row;
            t.b = packed + (n * g.kernel_height + kernel.begin * tile_columns) * terms;
            t.b_step = tile_columns;
            t.b_segment = terms * tile_columns;
            t.segments = kernel.end - kernel.begin;
            t.depth = terms;
            t.c_step = channels;
            t.columns = smaller(tile_columns, channels - n);
            t.start = start + n;
            t.a = image + (top + kernel.begin) * row;
            t.c = y + h * places * channels + n;
            multiply_rows<false>(t, places);
        }
    }
}

// Adds one image's part to the sums, which have the packed filter's layout.
void backward_filter(const DirectConvolution& g, const float* grad, const float* x, float* sums,
                     double* bias_sums, float* scratch) {
    if (bias_sums) add_columns(grad, g.out_height * g.out_width, g.out_channels, 1, bias_sums);
    const float* image = with_padding(g, x, scratch);
    const int64_t terms = row_terms(g), row = padded_row(g), channels = folded_channels(g);
    const int64_t places = g.out_width / g.fold, grad_row = places * channels;
    TileArguments t{};
    t.a_step = g.fold * g.stride_width * g.channels;
    t.a_segment = g.stride_height * row;
    t.b_step = channels;
    t.b_segment = grad_row;
    t.depth = places;
    t.c_step = tile_columns;
    // Each of the kernel's rows takes a pass over the gradient: so many of its rows at once as stay
    // in the level-1 cache meanwhile.
    const int64_t band = larger(1, (1 << 14) / (grad_row * static_cast<int64_t>(sizeof(float))));
    for (int64_t h = 0; h < g.out_height; h += band)
        for (int64_t n = 0; n < channels; n += tile_columns)
            for (int64_t k = 0; k < g.kernel_height; ++k) {
                const int64_t top = k - g.padding_height;
                const Range seen = inside(g.stride_height, top, g.height, g.out_height);
                const int64_t begin = larger(h, seen.begin), end = smaller(h + band, seen.end);
                if (begin >= end) continue;
                t.a = image + (begin * g.stride_height + top) * row;
                t.b = grad + begin * grad_row + n;
                t.segments = end - begin;
                t.columns = smaller(tile_columns, channels - n);
                t.c = sums + (n * g.kernel_height + k * tile_columns) * terms;
                multiply_rows<true>(t, terms);
            }
}

// The filter for the gradient of the input: for each of the kernel's rows a matrix of out_channels
// rows, whose columns are the kernel row's terms, kernel_width times channels, in panels.
int64_t transposed_terms(const DirectConvolution& g) { return g.kernel_width * g.channels; }
int64_t transposed_filter_size(const DirectConvolution& g) {
    return g.kernel_height * g.out_channels * round_up(transposed_terms(g), tile_columns);
}

void pack_transposed_filter(const DirectConvolution& g, const float* weight, float* packed) {
    const int64_t panel_size = g.out_channels * tile_columns;
    const int64_t row_size = g.out_channels * round_up(transposed_terms(g), tile_columns);
    for (int64_t i = 0; i < transposed_filter_size(g); ++i) packed[i] = 0;
    for (int64_t o = 0; o < g.out_channels; ++o)
        for (int64_t c = 0; c < g.channels; ++c)
            for (int64_t row = 0; row < g.kernel_height; ++row)
                for (int64_t k = 0; k < g.kernel_width; ++k) {
                    const int64_t term = k * g.channels + c;
                    packed[row * row_size + term / tile_columns * panel_size + o * tile_columns +
                           term % tile_columns] = *weight++;
                }
}

// Rows of the input's gradient that are worked on side by side.
constexpr int64_t rows_at_once = 4;

int64_t windows_row(const DirectConvolution& g) {
    return round_up(transposed_terms(g), tile_columns);
}
int64_t backward_input_scratch_size(const DirectConvolution& g) {
    return g.height * padded_row(g) + rows_at_once * g.out_width * windows_row(g);
}

// What the gradient means for row h of the input: for each place of a row of the result the terms
// of its window, summed over the kernel's rows through which row h is seen.
void compute_windows(const DirectConvolution& g, const float* grad, const float* packed, int64_t h,
                     float* windows) {
    const int64_t terms = transposed_terms(g), row = windows_row(g);
    // Seen from row `last` of the result through row `first` of the kernel, from the row above
    // through the kernel's row stride_height further down, and so on.
    const int64_t last = (h + g.padding_height) / g.stride_height;
    const int64_t first = (h + g.padding_height) % g.stride_height;
    const int64_t kernel_rows = (g.kernel_height - first + g.stride_height - 1) / g.stride_height;
    const int64_t begin = larger(0, last - g.out_height + 1);
    const int64_t end = smaller(last + 1, kernel_rows);
    const float zeros[tile_columns] = {};
    TileArguments t{};
    t.a = grad + (last - begin) * g.out_width * g.out_channels;
    t.a_step = g.out_channels;
    t.a_segment = -g.out_width * g.out_channels;
    t.b_step = tile_columns;
    t.b_segment = g.stride_height * g.out_channels * row;
    t.segments = larger(0, end - begin);
    t.depth = g.out_channels;
    t.c_step = row;
    t.start = zeros;
    for (int64_t n = 0; n < terms; n += tile_columns) {
        t.b = packed + ((first + begin * g.stride_height) * row + n) * g.out_channels;
        t.columns = smaller(tile_columns, terms - n);
        t.c = windows + n;
        multiply_rows<false>(t, g.out_width);
    }
}

void backward_input(const DirectConvolution& g, const float* grad, const float* packed, float* gx,
                    float* scratch) {
    const int64_t terms = transposed_terms(g), row = padded_row(g), step = windows_row(g);
    float* const windows = scratch;
    float* const image = g.padding_width ? scratch + rows_at_once * g.out_width * step : gx;
    const int64_t to_step = g.stride_width * g.channels;
    const int64_t apart = (g.kernel_width + g.stride_width - 1) / g.stride_width;
    for (int64_t i = 0; i < g.height * row; ++i) image[i] = 0;
    for (int64_t h = 0; h < g.height; h += rows_at_once) {
        const int64_t rows = smaller(rows_at_once, g.height - h);
        for (int64_t r = 0; r < rows; ++r)
            compute_windows(g, grad, packed, h + r, windows + r * g.out_width * step);
        // Neighbours overlap, and what was just stored cannot be loaded at another place before it
        // has reached the cache: windows that do not overlap, and other rows, come in between.
        for (int64_t first = 0; first < apart; ++first)
            for (int64_t w = first; w < g.out_width; w += apart)
                for (int64_t i = 0; i < terms; i += width) {
                    const Mask mask = first_lanes(terms - i);
                    for (int64_t r = 0; r < rows; ++r) {
                        float* to = image + (h + r) * row + w * to_step + i;
                        const float* from = windows + (r * g.out_width + w) * step + i;
                        store(to, load(to, mask) + load(from, mask), mask);
                    }
                }
    }
    if (!g.padding_width) return;
    for (int64_t h = 0; h < g.height; ++h)
        for (int64_t i = 0; i < g.width * g.channels; ++i)
            gx[h * g.width * g.channels + i] = image[h * row + g.padding_width * g.channels + i];
}

}  // namespace

void fill_convolution(MatrixLoops& loops) {
    loops.direct = {filter_size,
                    image_size,
                    panels_width,
                    pack_filter,
                    unpack_filter,
                    forward,
                    backward_filter,
                    transposed_filter_size,
                    backward_input_scratch_size,
                    pack_transposed_filter,
                    backward_input};
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
