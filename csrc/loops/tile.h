// The inner loop of every product here: a tile of the result, held in registers, that takes the
// products of a few rows of A with one or two vectors of columns of B.
//
// Matrix products, small convolutions and Winograd's convolutions differ in nothing but where these
// rows and columns lie. The sum runs over `segments` runs of `depth` terms, so that a convolution
// can step from one image row to the next inside it.
#pragma once

#include "matrix.h"
#include "vector.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

struct TileArguments {
    const float* a;
    int64_t a_step;     // between rows; between terms where A is transposed
    int64_t a_segment;  // between segments
    const float* b;
    int64_t b_step;     // between terms
    int64_t b_segment;
    int64_t segments, depth;
    float* c;
    int64_t c_step;      // between rows
    int64_t columns;     // how many columns exist, at most tile_columns
    const float* start;  // what the sums start from, a row for all; nullptr: they are added to c
};

// Rows of the largest tile: with two vectors of columns, the sums, the columns of B and one element
// of A just fit into 32 (AVX-512) or 16 registers.
#ifdef __AVX512F__
constexpr int tile_rows = 14;
#else
constexpr int tile_rows = 6;
#endif
constexpr int tile_columns = 2 * width;

// `count` tiles, one below the other.
// transposed: A's rows are contiguous from term to term, not its terms; B is then taken as it lies
// in memory, else it is packed and may be read beyond `columns`.
template <int rows, int vectors, bool transposed>
void tiles(const TileArguments& t, int64_t count) {
    const int64_t a_step = t.a_step, b_step = t.b_step;
    Mask mask[vectors];
    RUSHLIGHT_UNROLL for (int v = 0; v < vectors; ++v)
        mask[v] = first_lanes(t.columns - v * width);
    const float* first = t.a;
    float* c = t.c;
    for (; count > 0; --count) {
        Vector sums[rows][vectors];
        RUSHLIGHT_UNROLL for (int i = 0; i < rows; ++i) {
            RUSHLIGHT_UNROLL for (int v = 0; v < vectors; ++v)
                sums[i][v] = t.start ? load(t.start + v * width) : Vector{};
        }
        for (int64_t segment = 0; segment < t.segments; ++segment) {
            const float* a = first + segment * t.a_segment;
            const float* b = t.b + segment * t.b_segment;
            for (int64_t k = 0; k < t.depth; ++k) {
                Vector column[vectors];
                RUSHLIGHT_UNROLL for (int v = 0; v < vectors; ++v)
                    column[v] = transposed ? load(b + v * width, mask[v]) : load(b + v * width);
                RUSHLIGHT_UNROLL for (int i = 0; i < rows; ++i) {
                    const Vector element = broadcast(transposed ? a[i] : a[i * a_step]);
                    RUSHLIGHT_UNROLL for (int v = 0; v < vectors; ++v)
                        sums[i][v] += element * column[v];
                }
                a += transposed ? a_step : 1;
                b += b_step;
            }
        }
        first += transposed ? rows : rows * a_step;
        RUSHLIGHT_UNROLL for (int i = 0; i < rows; ++i) {
            RUSHLIGHT_UNROLL for (int v = 0; v < vectors; ++v) {
                float* to = c + v * width;
                // Added at the end, not from the start: short sums of long ones round less.
                if (!t.start) sums[i][v] += load(to, mask[v]);
                store(to, sums[i][v], mask[v]);
            }
            c += t.c_step;
        }
    }
}

using Tiles = void (*)(const TileArguments&, int64_t);

// Tiles of so many rows, 1 to tile_rows, and as many vectors as `columns` take.
template <bool transposed>
Tiles find_tiles(int64_t rows, int64_t columns);
extern template Tiles find_tiles<false>(int64_t, int64_t);
extern template Tiles find_tiles<true>(int64_t, int64_t);

// The terms [0, depth) of up to tile_columns columns of a matrix, as rows of tile_columns, the
// columns missing filled with zeros: what a tile may read as its B.
void pack_panel(const Matrix& b, int64_t depth, int64_t columns, float* panel);

// `rows` rows, in tiles of about the same height.
template <bool transposed>
RUSHLIGHT_INLINE void multiply_rows(TileArguments t, int64_t rows) {
    const int64_t count = (rows + tile_rows - 1) / tile_rows;
    if (count == 0) return;
    const int64_t height = (rows + count - 1) / count, whole = rows / height;
    find_tiles<transposed>(height, t.columns)(t, whole);
    const int64_t rest = rows - whole * height;
    if (rest == 0) return;
    t.a += transposed ? whole * height : whole * height * t.a_step;
    t.c += whole * height * t.c_step;
    find_tiles<transposed>(rest, t.columns)(t, 1);
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
