// 3x3 convolutions of many channels by the loops of loops/winograd.cpp, block by block of tiles.
#pragma once

#include <algorithm>
#include <atomic>

#include "direct_convolution.h"
#include "instruction_sets.h"
#include "parallel.h"

namespace rushlight::winograd {

// Whether the loops cover the sizes.
inline bool covers(const WinogradConvolution& g) {
    const int64_t width = matrix_loops().width;
    return g.channels % width == 0 && g.out_channels % width == 0 && g.channels >= 16 &&
           g.out_channels >= 16 && g.channels + g.out_channels >= 48 &&
           g.channels <= max_winograd_channels && g.out_channels <= max_winograd_channels;
}

// Whether the loops beat oneDNN's direct convolutions, which they do where the transformation of the
// filters, whose cost grows with the product of the channels, is spread over tiles enough. Measured
// (oneDNN 3.2, AVX-512): 0.55 to 0.85 of its time.
inline bool is_faster(const WinogradConvolution& g) {
    const int64_t channels = g.channels * g.out_channels;
    return covers(g) && channels <= 1 << 18 &&
           matrix_loops().winograd.tile_count(g) >= std::max<int64_t>(32, channels / 2048);
}

// The same of the filters' gradient, whose sums are passed over again and again: they must fit into
// the level-2 cache.
inline bool weight_gradient_is_faster(const WinogradConvolution& g) {
    const int64_t channels = g.channels * g.out_channels;
    return covers(g) && channels <= 1 << 16 &&
           matrix_loops().winograd.tile_count(g) >= channels / 256;
}

// body(thread, threads) on the whole team, or on this thread alone.
template <class Body>
void on_team(int threads, const Body& body) {
#pragma omp parallel num_threads(threads) if (threads > 1)
    body(omp_get_thread_num(), omp_get_num_threads());
}

// visit(begin, end) for this thread's share of the tiles, block by block.
template <class Visit>
void for_blocks(const WinogradConvolution& g, bool backward, int64_t me, int64_t team,
                const Visit& visit) {
    const WinogradLoops& loops = matrix_loops().winograd;
    const int64_t tiles = loops.tile_count(g), block = loops.block_size(g, backward);
    const int64_t blocks = (tiles + block - 1) / block;
    for (int64_t i = blocks * me / team; i < blocks * (me + 1) / team; ++i)
        visit(i * block, std::min(tiles, (i + 1) * block));
}

inline Outcome forward(const WinogradConvolution& g, int threads, const float* x,
                    const float* weight, const float* bias, float* y) {
    const WinogradLoops& loops = matrix_loops().winograd;
    direct::TeamScratch scratch(loops.filter_size(g), loops.scratch_size(g, false), threads);
    if (!scratch.exists()) return Outcome::no_memory;
    std::atomic<bool> finite{true};
    on_team(threads, [&](int64_t me, int64_t team) {
        loops.transform_weight(g, weight, g.channels * me / team, g.channels * (me + 1) / team,
                               scratch.shared());
#pragma omp barrier
        for_blocks(g, false, me, team, [&](int64_t begin, int64_t end) {
            if (!loops.forward(g, x, scratch.shared(), bias, y, begin, end, scratch.own(me)))
                finite = false;
        });
    });
    return finite ? Outcome::done : Outcome::not_finite;
}

// gb: nullptr if it is not wanted.
inline Outcome backward_weight(const WinogradConvolution& g, int threads, const float* grad,
                            const float* x, float* gw, float* gb) {
    const WinogradLoops& loops = matrix_loops().winograd;
    const int64_t size = loops.gradient_size(g);
    direct::TeamScratch scratch(0, size + loops.scratch_size(g, true), threads);
    direct::BiasSums bias_sums(gb ? g.out_channels : 0, threads);
    if (!scratch.exists() || !bias_sums.exist()) return Outcome::no_memory;
    std::atomic<bool> finite{true};
    on_team(threads, [&](int64_t me, int64_t team) {
        float* const sums = scratch.own(me);
        std::fill_n(sums, size, 0.0f);
        for_blocks(g, true, me, team, [&](int64_t begin, int64_t end) {
            loops.backward_filter(g, grad, x, sums, bias_sums.own(me), begin, end, sums + size);
        });
#pragma omp barrier
        for (int64_t thread = 1; thread < team; ++thread) {
            const float* others = scratch.own(thread);
            float* const total = scratch.own(0);
            for (int64_t i = size * me / team; i < size * (me + 1) / team; ++i)
                total[i] += others[i];
        }
#pragma omp barrier
        if (!loops.filter_gradient(g, scratch.own(0), g.channels * me / team,
                                   g.channels * (me + 1) / team, gw))
            finite = false;
    });
    bias_sums.total(gb);
    return finite ? Outcome::done : Outcome::not_finite;
}

}  // namespace rushlight::winograd
