// Loops over matrices and images of float32, compiled once for each set of instructions as those of
// loops.h are. Nothing here knows Python, arrays or threads. Steps are in elements.
#pragma once

#include <stdint.h>

namespace rushlight {

template <class T>
struct MatrixOf {
    const T* data;
    int64_t row_step, column_step;
};
using Matrix = MatrixOf<float>;

// With so few rows a product reads B once, as it lies: packing it first would take longer.
constexpr int64_t few_rows = 8;

// C = A B + bias (a row; nullptr for none). One of A's steps is 1, and one of B's.
template <class T, class Result = T>
struct ProductOf {
    int64_t rows, columns, depth;
    MatrixOf<T> a, b;
    Result* c;
    int64_t c_step;
    const T* bias;
};
using Product = ProductOf<float>;

// Sizes of a convolution of one image, in the order N,H,W,C. out_width is a multiple of `fold`.
struct DirectConvolution {
    int64_t channels, height, width;
    int64_t out_channels, out_height, out_width;
    int64_t kernel_height, kernel_width;
    int64_t stride_height, stride_width;
    int64_t padding_height, padding_width;
    int64_t fold;  // see convolution.cpp
};

// The functions *_size say how many floats something takes; scratch memory is an image's.
struct DirectLoops {
    int64_t (*filter_size)(const DirectConvolution&);
    int64_t (*scratch_size)(const DirectConvolution&);
    int64_t (*start_size)(const DirectConvolution&);  // the packed bias

    void (*pack_filter)(const DirectConvolution&, const float* weight, const float* bias,
                        float* packed, float* start);
    void (*unpack_filter)(const DirectConvolution&, const float* packed, float* weight);
    void (*forward)(const DirectConvolution&, const float* x, const float* packed,
                    const float* start, float* y, float* scratch);
    // Adds to `sums`, which is laid out as the packed filter is, and the gradients themselves to
    // out_channels sums for the bias, unless that is nullptr.
    void (*backward_filter)(const DirectConvolution&, const float* grad, const float* x,
                            float* sums, double* bias_sums, float* scratch);

    int64_t (*transposed_filter_size)(const DirectConvolution&);
    int64_t (*backward_input_scratch_size)(const DirectConvolution&);
    void (*pack_transposed_filter)(const DirectConvolution&, const float* weight, float* packed);
    void (*backward_input)(const DirectConvolution&, const float* grad, const float* packed,
                           float* gx, float* scratch);
};

// Sizes of a 3x3 convolution with stride 1 of a batch of images in the order N,H,W,C.
struct WinogradConvolution {
    int64_t batch;
    int64_t channels, height, width;
    int64_t out_channels, out_height, out_width;
    int64_t padding_height, padding_width;
    bool transposed;  // see transform_weight in winograd.cpp
};
constexpr int64_t max_winograd_channels = 512;

struct WinogradLoops {
    // Floats that the transformed filters take, the sums for their gradient, and the scratch memory
    // for a block of tiles; the number of tiles, and of those in a block.
    int64_t (*filter_size)(const WinogradConvolution&);
    int64_t (*gradient_size)(const WinogradConvolution&);
    int64_t (*tile_count)(const WinogradConvolution&);
    int64_t (*block_size)(const WinogradConvolution&, bool backward);
    int64_t (*scratch_size)(const WinogradConvolution&, bool backward);

    // Input channels [begin, end).
    void (*transform_weight)(const WinogradConvolution&, const float* weight, int64_t begin,
                             int64_t end, float* packed);
    // Tiles [begin, end), at most a block. False where a result is not finite: the transformation
    // makes NaN of an infinity that only some of a tile's places should see.
    bool (*forward)(const WinogradConvolution&, const float* x, const float* packed,
                    const float* bias, float* y, int64_t begin, int64_t end, float* scratch);
    // The same tiles' part of the sums, added to them, and of the bias's unless that is nullptr;
    // and from the sums to the gradient, false where that is not finite.
    void (*backward_filter)(const WinogradConvolution&, const float* grad, const float* x,
                            float* sums, double* bias_sums, int64_t begin, int64_t end,
                            float* scratch);
    bool (*filter_gradient)(const WinogradConvolution&, const float* sums, int64_t begin,
                            int64_t end, float* weight);
};

// Sizes of a pool along one dimension.
struct PoolAxis {
    int64_t size, out_size, kernel, stride, padding, dilation;
};

// A pool over volumes in the order N,D,H,W,C; images are volumes of depth 1.
struct Pool {
    int64_t batch, channels;
    PoolAxis depth, height, width;
};

// Numbers for each place of a result along its dimensions, whose product a sum is divided by.
struct PoolDivisors {
    const float *depth, *height, *width;
};

struct PoolLoops {
    // Rows [begin, end) of all volumes' results; `where` is the place in the window.
    void (*max)(const Pool&, const float* x, float* y, uint8_t* where, int64_t begin, int64_t end);
    // Volumes [begin, end).
    void (*max_backward)(const Pool&, const float* grad, const uint8_t* where, float* gx,
                         int64_t begin, int64_t end);
    void (*average)(const Pool&, const PoolDivisors&, const float* x, float* y, int64_t begin,
                    int64_t end);
    void (*average_backward)(const Pool&, const PoolDivisors&, const float* grad, float* gx,
                             int64_t begin, int64_t end);
};

struct MatrixLoops {
    int64_t width;         // floats in a vector
    int64_t tile_columns;  // ranges of columns are best cut at multiples of it
    DirectLoops direct;
    WinogradLoops winograd;
    PoolLoops pool;

    // Rows and columns [begin, end) of a product.
    void (*product)(const Product& product, int64_t row_begin, int64_t row_end,
                    int64_t column_begin, int64_t column_end);
};

#ifdef RUSHLIGHT_INSTRUCTION_SET
namespace RUSHLIGHT_INSTRUCTION_SET {
void fill_product(MatrixLoops& loops);
void fill_convolution(MatrixLoops& loops);
void fill_winograd(MatrixLoops& loops);
void fill_pooling(MatrixLoops& loops);
}
#endif

}  // namespace rushlight
