// Pictures of bytes at another size, in Pillow's whole numbers: weights of 22 bits, each of the two
// passes rounded to a byte.
#include "loops.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

constexpr int precision = 22;
constexpr int32_t half = 1 << (precision - 1);

uint8_t rounded(int32_t sum) {
    sum >>= precision;
    return static_cast<uint8_t>(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

// Always four sums, which are one vector: those of channels that there are not are not stored.
template <int channels>
void resize_line_of(const ByteMap& map, const uint8_t* from, uint8_t* to) {
    for (int64_t j = 0; j < map.outputs; ++j, to += channels) {
        const uint8_t* pixel = from + map.first[j] * channels;
        const int32_t* weights = map.weights + j * map.width;
        int32_t sums[4] = {half, half, half, half};
        for (int64_t k = 0; k < map.counts[j]; ++k, pixel += channels) {
#pragma omp simd
            for (int c = 0; c < 4; ++c) sums[c] += weights[k] * pixel[c];
        }
        for (int c = 0; c < channels; ++c) to[c] = rounded(sums[c]);
    }
}

void resize_line(int channels, const ByteMap& map, const uint8_t* from, uint8_t* to) {
    if (channels == 1) return resize_line_of<1>(map, from, to);
    if (channels == 3) return resize_line_of<3>(map, from, to);
    resize_line_of<4>(map, from, to);
}

void resize_rows(const ByteMap& map, int64_t j, int64_t n, const uint8_t* from, uint8_t* to) {
    constexpr int64_t block = 128;
    const uint8_t* first = from + map.first[j] * n;
    const int32_t* weights = map.weights + j * map.width;
    for (int64_t begin = 0; begin < n; begin += block) {
        const int size = static_cast<int>(n - begin < block ? n - begin : block);
        int32_t sums[block];
#pragma omp simd
        for (int i = 0; i < size; ++i) sums[i] = half;
        for (int64_t k = 0; k < map.counts[j]; ++k) {
            const uint8_t* row = first + k * n + begin;
            const int32_t weight = weights[k];
#pragma omp simd
            for (int i = 0; i < size; ++i) sums[i] += weight * row[i];
        }
#pragma omp simd
        for (int i = 0; i < size; ++i) to[begin + i] = rounded(sums[i]);
    }
}

}  // namespace

void fill_pictures(BitLoops& loops) {
    loops.resize_line = resize_line;
    loops.resize_rows = resize_rows;
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
