// Convolutions of few places and many filters as one matrix product. The images are unfolded, a row
// of terms for each place of the result, and the filters are read once, as they lie: other ways
// bring them into a layout of their own first, which here takes longer than all else.
#pragma once

#include <algorithm>

#include "direct_convolution.h"
#include "instruction_sets.h"
#include "parallel.h"

namespace rushlight::unfolded {

inline int64_t places(const DirectConvolution& g, int64_t batch) {
    return batch * g.out_height * g.out_width;
}
inline int64_t terms(const DirectConvolution& g) {
    return g.channels * g.kernel_height * g.kernel_width;
}
// Whether the images are such a matrix as they lie.
inline bool is_unfolded(const DirectConvolution& g) {
    return g.kernel_height * g.kernel_width * g.stride_height * g.stride_width == 1 &&
           g.padding_height + g.padding_width == 0;
}

// Measured on one thread with AVX-512 (oneDNN 3.2): 0.1 to 0.6 of its time for up to 16 places, 0.6 to
// 0.95 for 64 (for 128 where nothing is to be unfolded), where the filters are many; of fewer only
// up to 8 places are worth it.
inline bool is_faster(const DirectConvolution& g, int64_t batch) {
    const int64_t weights = terms(g) * g.out_channels;
    const int64_t most = weights >= 1 << 17 ? (is_unfolded(g) ? 128 : 64) : 8;
    return places(g, batch) <= most && weights >= 1 << 14;
}

// The rows of the places [begin, end): in each the channels, in these the kernel's places.
inline void unfold(const DirectConvolution& g, const float* x, int64_t begin, int64_t end,
                   float* row) {
    const int64_t area = g.kernel_height * g.kernel_width;
    for (int64_t place = begin; place < end; ++place, row += terms(g)) {
        const int64_t image = place / (g.out_height * g.out_width);
        const int64_t top = place / g.out_width % g.out_height * g.stride_height - g.padding_height;
        const int64_t left = place % g.out_width * g.stride_width - g.padding_width;
        for (int64_t k = 0; k < area; ++k) {
            const int64_t h = top + k / g.kernel_width, w = left + k % g.kernel_width;
            if (h < 0 || h >= g.height || w < 0 || w >= g.width) {
                for (int64_t c = 0; c < g.channels; ++c) row[c * area + k] = 0;
                continue;
            }
            const float* from = x + ((image * g.height + h) * g.width + w) * g.channels;
            for (int64_t c = 0; c < g.channels; ++c) row[c * area + k] = from[c];
        }
    }
}

inline bool are_finite(const float* values, int64_t count) {
    float zeros = 0;
    for (int64_t i = 0; i < count; ++i) zeros += values[i] * 0.0f;
    return zeros == 0;
}

inline Outcome forward(const DirectConvolution& g, int64_t batch, int threads, const float* x,
                       const float* weight, const float* bias, float* y) {
    const MatrixLoops& loops = matrix_loops();
    const int64_t rows = places(g, batch), depth = terms(g), columns = g.out_channels;
    direct::TeamScratch scratch(is_unfolded(g) ? 0 : rows * depth, 0, threads);
    if (!scratch.exists()) return Outcome::no_memory;
    const float* const images = is_unfolded(g) ? x : scratch.shared();
    const Product product{rows, columns, depth, {images, depth, 1}, {weight, 1, depth},
                          y,    columns, bias};
    const int64_t unit = loops.tile_columns, panels = (columns + unit - 1) / unit;
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        const int64_t team = omp_get_num_threads(), me = omp_get_thread_num();
        if (!is_unfolded(g)) {
            const int64_t begin = rows * me / team;
            unfold(g, x, begin, rows * (me + 1) / team, scratch.shared() + begin * depth);
        }
#pragma omp barrier
        loops.product(product, 0, rows, panels * me / team * unit,
                      std::min(columns, panels * (me + 1) / team * unit));
    }
    // A border of zeros times an infinite weight, which is no product of the definition's.
    const bool has_border = g.padding_height + g.padding_width > 0;
    return has_border && !are_finite(y, rows * columns) ? Outcome::not_finite : Outcome::done;
}

}  // namespace rushlight::unfolded
