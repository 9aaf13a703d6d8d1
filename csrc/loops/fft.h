// The inner loops of discrete Fourier transforms of rows that are transformed side by side, a lane
// of the vector registers for each.
#pragma once

#include <stdint.h>

namespace rushlight {

// How a complex transform of `size` points is made in stages, each of which transforms `radix`
// points at a time and multiplies the results by factors (Stockham's algorithm, which needs no
// permutation at the end).
template <class T>
struct FftPlan {
    static constexpr int most_stages = 16, largest_radix = 13;
    int64_t size;
    int stages;
    int64_t radices[most_stages];
    const T* factors;  // radix - 1 complex numbers for each group of points of each stage
    const T* roots;    // exp(-2 pi i k / radix), largest_radix complex numbers for each stage
    const T* turns;    // exp(-pi i k / size): between a transform of pairs and one of real numbers
};

template <class T>
struct FftLoops {
    int64_t lanes;
    // Up to `lanes` dense rows of complex numbers, of half spectra or of `points` real numbers.
    // Real rows of an even length take a plan of half their points, their pairs being complex
    // numbers. Results are multiplied by `scale`, the lines of a half spectrum that stand for two
    // by `inner` besides. `work` holds work_size(size) elements.
    void (*complex_rows)(const FftPlan<T>& plan, int64_t rows, bool inverse, T scale, const T* x,
                         T* out, T* work);
    void (*real_to_half)(const FftPlan<T>& plan, int64_t rows, int64_t points, T scale, T inner,
                         const T* x, T* out, T* work);
    void (*half_to_real)(const FftPlan<T>& plan, int64_t rows, int64_t points, T scale, T inner,
                         const T* x, T* out, T* work);

    int64_t work_size(int64_t size) const { return 4 * (size + 1) * lanes; }
};

#ifdef RUSHLIGHT_INSTRUCTION_SET
namespace RUSHLIGHT_INSTRUCTION_SET {
template <class T>
void fill_fft(FftLoops<T>& loops);
}
#endif

}  // namespace rushlight
