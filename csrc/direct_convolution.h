// Convolutions of few channels by the loops of loops/convolution.cpp, image by image.
#pragma once

#include <algorithm>
#include <vector>

#include "allocator.h"
#include "instruction_sets.h"
#include "parallel.h"

namespace rushlight {

// What came of a pass by loops of our own. One that is not finite is left to oneDNN.
enum class Outcome { done, no_memory, not_finite };

}  // namespace rushlight

namespace rushlight::direct {

enum Pass { forward_pass, backward_input_pass, backward_weight_pass };

// Neighbours that fill a vector together with their channels.
inline int64_t fold_of(const DirectConvolution& g) {
    for (int64_t fold = matrix_loops().width / g.out_channels; fold > 1; --fold)
        if (g.out_width % fold == 0) return fold;
    return 1;
}

// Whether these loops beat oneDNN (3.2), as measured on one thread of a Sapphire Rapids with
// batches of 1 to 64 images of 9 to 224 pixels a side. Where they do, they take 0.5 to 1.0 of its
// time for the forward pass, 0.3 to 0.9 for the input's gradient, 0.5 to 1.0 for the weight's.
inline bool is_faster(const DirectConvolution& g, Pass pass) {
    const int64_t row = g.channels * g.kernel_width, terms = row * g.kernel_height;
    switch (pass) {
        case forward_pass:
            return g.channels % 4 && g.out_channels < 32 && terms >= 25 &&
                   (g.channels > 1 || g.fold > 1);
        case backward_input_pass:
            return g.kernel_height * g.kernel_width >= 4 && g.channels <= 10;
        case backward_weight_pass:
            return g.channels <= 12 && row <= 64;
    }
    return false;
}

// Scratch memory for the whole team, and each thread's part of it.
class TeamScratch {
public:
    TeamScratch(int64_t shared, int64_t own, int threads)
        : shared_(rounded(shared)), own_(rounded(own)),
          memory_((shared_ + own_ * threads) * sizeof(float)) {}
    bool exists() const { return memory_.data(); }
    float* shared() const { return static_cast<float*>(memory_.data()); }
    float* own(int thread) const { return shared() + shared_ + own_ * thread; }

private:
    static int64_t rounded(int64_t floats) { return (floats + 15) / 16 * 16 + 16; }

    int64_t shared_, own_;
    allocator::Scratch memory_;
};

// Each thread's sums for the gradient of the bias, 0 at first.
class BiasSums {
public:
    BiasSums(int64_t channels, int threads)
        : channels_(channels), threads_(threads), memory_(sizeof(double) * channels * threads) {
        if (channels_ && memory_.data()) std::fill_n(first(), channels * threads, 0.0);
    }
    bool exist() const { return channels_ == 0 || memory_.data(); }
    double* own(int thread) const { return channels_ ? first() + channels_ * thread : nullptr; }
    void total(float* gb) const {
        for (int64_t i = 0; i < channels_; ++i) {
            double sum = 0;
            for (int thread = 0; thread < threads_; ++thread) sum += own(thread)[i];
            gb[i] = static_cast<float>(sum);
        }
    }

private:
    double* first() const { return static_cast<double*>(memory_.data()); }

    int64_t channels_;
    int threads_;
    allocator::Scratch memory_;
};

// body(image, thread) for each image, in fixed shares.
template <class Body>
void for_images(int64_t batch, int threads, const Body& body) {
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
        const int64_t team = omp_get_num_threads(), me = omp_get_thread_num();
        for (int64_t i = batch * me / team; i < batch * (me + 1) / team; ++i)
            body(i, static_cast<int>(me));
    }
}

inline int64_t input_size(const DirectConvolution& g) { return g.height * g.width * g.channels; }
inline int64_t output_size(const DirectConvolution& g) {
    return g.out_height * g.out_width * g.out_channels;
}

inline Outcome forward(const DirectConvolution& g, int64_t batch, int threads, const float* x,
                    const float* weight, const float* bias, float* y) {
    const DirectLoops& loops = matrix_loops().direct;
    const int64_t filter = loops.filter_size(g);
    TeamScratch scratch(filter + loops.start_size(g), loops.scratch_size(g), threads);
    if (!scratch.exists()) return Outcome::no_memory;
    float *const packed = scratch.shared(), *const start = packed + filter;
    loops.pack_filter(g, weight, bias, packed, start);
    for_images(batch, threads, [&](int64_t image, int thread) {
        loops.forward(g, x + image * input_size(g), packed, start, y + image * output_size(g),
                      scratch.own(thread));
    });
    return Outcome::done;
}

inline Outcome backward_input(const DirectConvolution& g, int64_t batch, int threads,
                           const float* grad, const float* weight, float* gx) {
    const DirectLoops& loops = matrix_loops().direct;
    TeamScratch scratch(loops.transposed_filter_size(g), loops.backward_input_scratch_size(g),
                        threads);
    if (!scratch.exists()) return Outcome::no_memory;
    loops.pack_transposed_filter(g, weight, scratch.shared());
    for_images(batch, threads, [&](int64_t image, int thread) {
        loops.backward_input(g, grad + image * output_size(g), scratch.shared(),
                             gx + image * input_size(g), scratch.own(thread));
    });
    return Outcome::done;
}

// gb: nullptr if it is not wanted.
inline Outcome backward_weight(const DirectConvolution& g, int64_t batch, int threads,
                            const float* grad, const float* x, float* gw, float* gb) {
    const DirectLoops& loops = matrix_loops().direct;
    const int64_t filter = loops.filter_size(g);
    TeamScratch scratch(0, filter + loops.scratch_size(g), threads);
    BiasSums bias_sums(gb ? g.out_channels : 0, threads);
    if (!scratch.exists() || !bias_sums.exist()) return Outcome::no_memory;
    for (int thread = 0; thread < threads; ++thread)
        std::fill_n(scratch.own(thread), filter, 0.0f);
    for_images(batch, threads, [&](int64_t image, int thread) {
        float* const sums = scratch.own(thread);
        loops.backward_filter(g, grad + image * output_size(g), x + image * input_size(g), sums,
                              bias_sums.own(thread), sums + filter);
    });
    bias_sums.total(gb);
    float* const total = scratch.own(0);
    for (int thread = 1; thread < threads; ++thread)
        for (int64_t i = 0; i < filter; ++i) total[i] += scratch.own(thread)[i];
    loops.unpack_filter(g, total, gw);
    return Outcome::done;
}

}  // namespace rushlight::direct
