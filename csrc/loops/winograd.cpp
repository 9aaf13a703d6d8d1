// 3x3 convolutions by Winograd's minimal filtering, F(2x2, 3x3): a tile of 2x2 places of the result
// takes 16 products instead of 36. With d a 4x4 tile of the input and g a filter,
//     y = A' [(G g G') * (B' d B)] A                      (' transposes, * multiplies elementwise)
// and the elementwise products over all channels, tiles and filters are 16 matrix products.
// The filter's gradient is F(3x3, 2x2) over the same input tiles, with the gradient's 2x2 tiles as
// the filters. A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks,
// https://arxiv.org/abs/1509.09308
//
// All channel counts are multiples of `width`.
#include "matrix.h"
#include "tile.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

constexpr int64_t points = 16;  // of the transformed 4x4 tile

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t panel_columns(int64_t channels) {
    return (channels + tile_columns - 1) / tile_columns * tile_columns;
}

// B' d, G g, A' m for one column; the same again for the rows gives the transformed tile.
RUSHLIGHT_INLINE void transform_input(const Vector (&d)[4], Vector (&t)[4]) {
    t[0] = d[0] - d[2];
    t[1] = d[1] + d[2];
    t[2] = d[2] - d[1];
    t[3] = d[1] - d[3];
}
RUSHLIGHT_INLINE void transform_filter(const Vector (&g)[3], Vector (&t)[4]) {
    const Vector ends = (g[0] + g[2]) * 0.5f, middle = g[1] * 0.5f;
    t[0] = g[0];
    t[1] = ends + middle;
    t[2] = ends - middle;
    t[3] = g[2];
}
RUSHLIGHT_INLINE void transform_gradient(const Vector (&g)[2], Vector (&t)[4]) {
    const Vector first = g[0] * 0.5f, second = g[1] * 0.5f;
    t[0] = g[0];
    t[1] = first + second;
    t[2] = first - second;
    t[3] = g[1];
}
RUSHLIGHT_INLINE void transform_output(const Vector (&m)[4], Vector (&y)[2]) {
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] - m[3];
}
RUSHLIGHT_INLINE void transform_filter_gradient(const Vector (&m)[4], Vector (&g)[3]) {
    g[0] = m[0] + m[1] + m[2];
    g[1] = m[1] - m[2];
    g[2] = m[1] + m[2] - m[3];
}

// to = F from F' for any of these, from an n x n tile to an m x m one.
template <int n, int m, void (*transform)(const Vector (&)[n], Vector (&)[m])>
RUSHLIGHT_INLINE void transform_both(const Vector (&from)[n][n], Vector (&to)[m][m]) {
    Vector half[m][n];
    RUSHLIGHT_UNROLL for (int j = 0; j < n; ++j) {
        Vector column[n], transformed[m];
        RUSHLIGHT_UNROLL for (int i = 0; i < n; ++i) column[i] = from[i][j];
        transform(column, transformed);
        RUSHLIGHT_UNROLL for (int i = 0; i < m; ++i) half[i][j] = transformed[i];
    }
    RUSHLIGHT_UNROLL for (int i = 0; i < m; ++i) transform(half[i], to[i]);
}

alignas(64) constexpr float outside[max_winograd_channels] = {};

// The tiles of a batch of results, row by row, image by image.
class TilePosition {
public:
    TilePosition(const WinogradConvolution& g, int64_t number)
        : down_((g.out_height + 1) / 2), across_((g.out_width + 1) / 2) {
        image = number / (down_ * across_);
        row = number / across_ % down_;
        column = number % across_;
    }
    void next() {
        if (++column < across_) return;
        column = 0;
        if (++row < down_) return;
        row = 0;
        ++image;
    }
    int64_t image, row, column;

private:
    int64_t down_, across_;
};

// Where the size x size places from (top, left) of an image lie; outside of it there are zeros.
template <int size>
RUSHLIGHT_INLINE void find_places(const float* image, int64_t height, int64_t across,
                                  int64_t channels, int64_t top, int64_t left,
                                  const float* (&places)[size][size]) {
    for (int i = 0; i < size; ++i) {
        const bool row_exists = top + i >= 0 && top + i < height;
        const float* row = image + ((top + i) * across + left) * channels;
        for (int j = 0; j < size; ++j) {
            const bool exists = row_exists && left + j >= 0 && left + j < across;
            places[i][j] = exists ? row + j * channels : outside;
        }
    }
}

// The transformed tiles [begin, end) of a batch of images, as `points` matrices of a row per tile:
// of size x size places each, two places apart, the first at (-padding, -padding).
template <int size, void (*transform)(const Vector (&)[size], Vector (&)[4])>
void transform_tiles(const WinogradConvolution& g, const float* images, int64_t height,
                     int64_t across, int64_t channels, int64_t padding_height,
                     int64_t padding_width, int64_t begin, int64_t end, float* to) {
    const int64_t matrix = (end - begin) * channels;
    TilePosition at(g, begin);
    for (int64_t tile = begin; tile < end; ++tile, at.next(), to += channels) {
        const float* places[size][size];
        find_places(images + at.image * height * across * channels, height, across, channels,
                    at.row * 2 - padding_height, at.column * 2 - padding_width, places);
        for (int64_t c = 0; c < channels; c += width) {
            Vector from[size][size], transformed[4][4];
            RUSHLIGHT_UNROLL for (int i = 0; i < size; ++i) {
                RUSHLIGHT_UNROLL for (int j = 0; j < size; ++j)
                    from[i][j] = load(places[i][j] + c);
            }
            transform_both<size, 4, transform>(from, transformed);
            RUSHLIGHT_UNROLL for (int i = 0; i < 4; ++i) {
                RUSHLIGHT_UNROLL for (int j = 0; j < 4; ++j)
                    store(to + (4 * i + j) * matrix + c, transformed[i][j]);
            }
        }
    }
}

int64_t filter_size(const WinogradConvolution& g) {
    return points * g.channels * panel_columns(g.out_channels);
}
int64_t gradient_size(const WinogradConvolution& g) {
    return points * g.channels * g.out_channels;
}
int64_t tile_count(const WinogradConvolution& g) {
    return g.batch * ((g.out_height + 1) / 2) * ((g.out_width + 1) / 2);
}
// Tiles that are taken at once: as many as fit into the level-2 cache, forward beside the filters;
// backward each block costs a pass over all sums.
int64_t block_size(const WinogradConvolution& g, bool backward) {
    const int64_t bytes = points * sizeof(float) * (g.channels + g.out_channels);
    const int64_t fitting = (backward ? int64_t{1} << 19 : int64_t{1} << 18) / bytes;
    return fitting < tile_rows ? tile_rows : fitting / tile_rows * tile_rows;
}
int64_t scratch_size(const WinogradConvolution& g, bool backward) {
    const int64_t results = backward ? g.out_channels : tile_columns;
    return points * block_size(g, backward) * (g.channels + results);
}

// Filters of the channels [begin, end) of the input: for each panel of tile_columns filters one
// packed matrix for each point.
// g.transposed: `weight` is that of a convolution from out_channels to channels, whose gradient for
// the input this convolution is.
void transform_weight(const WinogradConvolution& g, const float* weight, int64_t begin, int64_t end,
                      float* packed) {
    const int64_t matrix = g.channels * tile_columns;
    const int64_t o_step = g.transposed ? 9 : 9 * g.channels;
    const int64_t c_step = g.transposed ? 9 * g.out_channels : 9;
    for (int64_t o = 0; o < g.out_channels; o += width)
        for (int64_t c = begin; c < end; ++c) {
            alignas(64) float lanes[9][width];
            for (int lane = 0; lane < width; ++lane) {
                const float* filter = weight + (o + lane) * o_step + c * c_step;
                for (int k = 0; k < 9; ++k) lanes[g.transposed ? 8 - k : k][lane] = filter[k];
            }
            Vector from[3][3], transformed[4][4];
            for (int i = 0; i < 3; ++i)
                for (int j = 0; j < 3; ++j) from[i][j] = load(lanes[3 * i + j]);
            transform_both<3, 4, transform_filter>(from, transformed);
            float* to = packed + o / tile_columns * points * matrix + c * tile_columns;
            to += o % tile_columns;
            for (int i = 0; i < 4; ++i)
                for (int j = 0; j < 4; ++j) store(to + (4 * i + j) * matrix, transformed[i][j]);
        }
}

// Of the sum of 0 times each number: NaN where one of them was not finite.
bool are_zeros(Vector v) {
    bool all = true;
    for (int lane = 0; lane < width; ++lane) all &= v[lane] == 0;
    return all;
}

// From the products for one panel of filters, `points` matrices of a row per tile, to their places.
// False where one is not finite.
bool transform_results(const WinogradConvolution& g, const float* results, const float* bias,
                       int64_t begin, int64_t end, int64_t columns, float* y) {
    const int64_t matrix = (end - begin) * tile_columns, row = g.out_width * g.out_channels;
    TilePosition at(g, begin);
    Vector zeros{};
    for (int64_t tile = begin; tile < end; ++tile, at.next(), results += tile_columns) {
        const int64_t h = at.row * 2, w = at.column * 2;
        float* to = y + (at.image * g.out_height + h) * row + w * g.out_channels;
        const bool below = h + 1 < g.out_height, right = w + 1 < g.out_width;
        for (int64_t o = 0; o < columns; o += width) {
            Vector from[4][4], result[2][2];
            RUSHLIGHT_UNROLL for (int i = 0; i < 4; ++i) {
                RUSHLIGHT_UNROLL for (int j = 0; j < 4; ++j)
                    from[i][j] = load(results + (4 * i + j) * matrix + o);
            }
            transform_both<4, 2, transform_output>(from, result);
            zeros += ((result[0][0] + result[0][1]) + (result[1][0] + result[1][1])) * 0.0f;
            const Vector start = bias ? load(bias + o) : Vector{};
            store(to + o, result[0][0] + start);
            if (right) store(to + g.out_channels + o, result[0][1] + start);
            if (below) store(to + row + o, result[1][0] + start);
            if (below && right) store(to + row + g.out_channels + o, result[1][1] + start);
        }
    }
    return are_zeros(zeros);
}

bool forward(const WinogradConvolution& g, const float* x, const float* packed, const float* bias,
             float* y, int64_t begin, int64_t end, float* scratch) {
    const int64_t tiles = end - begin;
    float* const results = scratch + points * tiles * g.channels;
    transform_tiles<4, transform_input>(g, x, g.height, g.width, g.channels, g.padding_height,
                                        g.padding_width, begin, end, scratch);
    alignas(64) const float zeros[tile_columns] = {};
    bool finite = true;
    TileArguments t{};
    t.a_step = g.channels;
    t.b = packed;
    t.b_step = tile_columns;
    t.segments = 1;
    t.depth = g.channels;
    t.c_step = tile_columns;
    t.start = zeros;
    for (int64_t o = 0; o < g.out_channels; o += tile_columns) {
        t.columns = smaller(tile_columns, g.out_channels - o);
        for (int64_t point = 0; point < points; ++point, t.b += g.channels * tile_columns) {
            t.a = scratch + point * tiles * g.channels;
            t.c = results + point * tiles * tile_columns;
            multiply_rows<false>(t, tiles);
        }
        finite &= transform_results(g, results, bias ? bias + o : nullptr, begin, end, t.columns,
                                    y + o);
    }
    return finite;
}

void backward_filter(const WinogradConvolution& g, const float* grad, const float* x, float* sums,
                     double* bias_sums, int64_t begin, int64_t end, float* scratch) {
    const int64_t tiles = end - begin;
    float* gradients = scratch + points * tiles * g.channels;
    transform_tiles<4, transform_input>(g, x, g.height, g.width, g.channels, g.padding_height,
                                        g.padding_width, begin, end, scratch);
    transform_tiles<2, transform_gradient>(g, grad, g.out_height, g.out_width, g.out_channels, 0, 0,
                                           begin, end, gradients);
    // Point 5, the tile's middle, is a quarter of the sum of the gradient's four places.
    if (bias_sums)
        add_columns(gradients + 5 * tiles * g.out_channels, tiles, g.out_channels, 4, bias_sums);
    TileArguments t{};
    t.a_step = g.channels;
    t.b_step = g.out_channels;
    t.segments = 1;
    t.depth = tiles;
    t.c_step = g.out_channels;
    for (int64_t point = 0; point < points; ++point)
        for (int64_t o = 0; o < g.out_channels; o += tile_columns) {
            t.b = gradients + point * tiles * g.out_channels + o;
            t.columns = smaller(tile_columns, g.out_channels - o);
            t.a = scratch + point * tiles * g.channels;
            t.c = sums + point * g.channels * g.out_channels + o;
            multiply_rows<true>(t, g.channels);
        }
}

// The sums for the channels [begin, end), back to filters.
bool filter_gradient(const WinogradConvolution& g, const float* sums, int64_t begin, int64_t end,
                     float* weight) {
    const int64_t matrix = g.channels * g.out_channels;
    Vector zeros{};
    for (int64_t c = begin; c < end; ++c)
        for (int64_t o = 0; o < g.out_channels; o += width) {
            Vector from[4][4], result[3][3];
            for (int i = 0; i < 4; ++i)
                for (int j = 0; j < 4; ++j)
                    from[i][j] = load(sums + (4 * i + j) * matrix + c * g.out_channels + o);
            transform_both<4, 3, transform_filter_gradient>(from, result);
            for (int k = 0; k < 9; ++k) zeros += result[k / 3][k % 3] * 0.0f;
            for (int lane = 0; lane < width; ++lane)
                for (int k = 0; k < 9; ++k)
                    weight[((o + lane) * g.channels + c) * 9 + k] = result[k / 3][k % 3][lane];
        }
    return are_zeros(zeros);
}

}  // namespace

void fill_winograd(MatrixLoops& loops) {
    loops.winograd = {filter_size,  gradient_size,    tile_count, block_size,
                      scratch_size, transform_weight, forward,    backward_filter,
                      filter_gradient};
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
