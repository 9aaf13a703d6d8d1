#include "loops.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

// Square tiles of a few cache lines: each line that is read is used up, and each that is written is
// filled, before either leaves the first-level cache.
template <class U>
void transpose(int64_t rows, int64_t columns, const U* from, int64_t from_stride, U* to,
               int64_t to_stride) {
    constexpr int64_t tile = 16;
    for (int64_t r = 0; r < rows; r += tile) {
        const int64_t height = rows - r < tile ? rows - r : tile;
        for (int64_t c = 0; c < columns; c += tile) {
            const int64_t width = columns - c < tile ? columns - c : tile;
            const U* source = from + r * from_stride + c;
            U* target = to + c * to_stride + r;
            if (height == tile && width == tile) {
                for (int64_t j = 0; j < tile; ++j)
                    for (int64_t i = 0; i < tile; ++i)
                        target[j * to_stride + i] = source[i * from_stride + j];
            } else {
                for (int64_t j = 0; j < width; ++j)
                    for (int64_t i = 0; i < height; ++i)
                        target[j * to_stride + i] = source[i * from_stride + j];
            }
        }
    }
}

}  // namespace

void fill_copies(BitLoops& loops) {
    loops.transpose8 = transpose<uint8_t>;
    loops.transpose16 = transpose<uint16_t>;
    loops.transpose32 = transpose<uint32_t>;
    loops.transpose64 = transpose<uint64_t>;
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
