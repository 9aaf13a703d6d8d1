// Matrix products on one thread, and the tiles that everything else here is made of.
#include "matrix.h"
#include "tile.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

// Terms of the sum that are taken at once: a panel of B then takes 64 KiB, and stays in the level-2
// cache while all rows of A pass by.
constexpr int64_t depth_block = 512;

// Vectors of columns that a single row takes at once.
constexpr int wide_vectors = 8;

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// Terms [0, depth) of `columns` columns of B, as rows of tile_columns, the columns missing filled
// with zeros.
void pack(const float* b, int64_t row_step, int64_t depth, int64_t columns, float* panel) {
    for (int64_t k = 0; k < depth; ++k, b += row_step, panel += tile_columns)
        for (int v = 0; v < tile_columns; v += width)
            store(panel + v, load(b + v, first_lanes(columns - v)));
}

// The same of a B whose columns are contiguous.
void pack_transposed(const float* b, int64_t column_step, int64_t depth, int64_t columns,
                     float* panel) {
    for (int64_t first = 0; first < tile_columns; first += width) {
        const int64_t present = smaller(width, columns - first);
        for (int64_t k = 0; k < depth; k += width) {
            const int64_t terms = smaller(width, depth - k);
            const float* from = b + first * column_step + k;
            Vector square[width];
            if (present == width && terms == width) {
                RUSHLIGHT_UNROLL for (int i = 0; i < width; ++i)
                    square[i] = load(from + i * column_step);
            } else {
                const Mask mask = first_lanes(terms);
                RUSHLIGHT_UNROLL for (int i = 0; i < width; ++i)
                    square[i] = i < present ? load(from + i * column_step, mask) : Vector{};
            }
            transpose(square);
            float* to = panel + k * tile_columns + first;
            RUSHLIGHT_UNROLL for (int i = 0; i < width; ++i)
                if (i < terms) store(to + i * tile_columns, square[i]);
        }
    }
}

template <int rows, int columns>
void dot_tile(const Product& p, int64_t row, int64_t column) {
    const float* a = p.a.data + row * p.a.row_step;
    const float* b = p.b.data + column * p.b.column_step;
    Vector sums[rows][columns] = {};
    for (int64_t k = 0; k < p.depth; k += width) {
        const Mask terms = first_lanes(p.depth - k);
        Vector x[rows];
        RUSHLIGHT_UNROLL for (int i = 0; i < rows; ++i)
            x[i] = load(a + i * p.a.row_step + k, terms);
        RUSHLIGHT_UNROLL for (int j = 0; j < columns; ++j) {
            const Vector y = load(b + j * p.b.column_step + k, terms);
            RUSHLIGHT_UNROLL for (int i = 0; i < rows; ++i) sums[i][j] += x[i] * y;
        }
    }
    RUSHLIGHT_UNROLL for (int i = 0; i < rows; ++i) {
        RUSHLIGHT_UNROLL for (int j = 0; j < columns; ++j) {
            const float start = p.bias ? p.bias[column + j] : 0.0f;
            p.c[(row + i) * p.c_step + column + j] = start + sum(sums[i][j]);
        }
    }
}

// Dot products of rows and columns [begin, end).
void dot_products(const Product& p, int64_t row_begin, int64_t row_end, int64_t begin,
                  int64_t end) {
    using DotTile = void (*)(const Product&, int64_t, int64_t);
    static constexpr DotTile wide[] = {dot_tile<1, 8>, dot_tile<2, 4>, dot_tile<3, 4>,
                                       dot_tile<4, 4>};
    static constexpr DotTile narrow[] = {dot_tile<1, 1>, dot_tile<2, 1>, dot_tile<3, 1>,
                                         dot_tile<4, 1>};
    const int64_t group = row_end - row_begin == 1 ? 8 : 4;
    for (int64_t column = begin; column < end;) {
        const bool whole = column + group <= end;
        for (int64_t row = row_begin; row < row_end;) {
            // A last row alone is a tile of 8 columns: but then there are 4.
            const int64_t rows = smaller(row_end - row == 5 ? 3 : 4, row_end - row);
            (whole ? wide : narrow)[rows - 1](p, row, column);
            row += rows;
        }
        column += whole ? group : 1;
    }
}

// Terms that are taken at once. A matrix beyond the level-2 cache that is read as it lies is read a
// few rows at a time, from end to end: the processor fetches ahead along rows, not across them.
int64_t terms_at_once(const Product& p, int64_t rows, int64_t columns) {
    if (p.b.column_step == 1 && rows <= few_rows && p.depth * columns > 1 << 18) return 16;
    const int64_t blocks = p.depth / depth_block + 1;
    return (p.depth + blocks - 1) / blocks;
}

// One row of the result, from B as it lies.
void wide_row(const Product& p, int64_t row, int64_t begin, int64_t end) {
    constexpr int64_t columns = wide_vectors * width;
    alignas(64) float start[columns];
    const int64_t block = terms_at_once(p, 1, end - begin);
    TileArguments t{};
    t.a_step = p.a.column_step;
    t.b_step = p.b.row_step;
    t.segments = 1;
    for (int64_t k = 0; k < p.depth; k += block) {
        t.a = p.a.data + row * p.a.row_step + k * p.a.column_step;
        t.depth = smaller(block, p.depth - k);
        t.start = k == 0 ? start : nullptr;
        for (int64_t n = begin; n < end; n += columns) {
            t.b = p.b.data + k * p.b.row_step + n;
            t.c = p.c + row * p.c_step + n;
            t.columns = smaller(columns, end - n);
            for (int64_t i = 0; i < columns && k == 0; i += width) {
                const Mask mask = first_lanes(t.columns - i);
                store(start + i, p.bias ? load(p.bias + n + i, mask) : Vector{});
            }
            if (t.columns > columns / 2) {
                tiles<1, wide_vectors, true>(t, 1);
            } else {
                tiles<1, wide_vectors / 2, true>(t, 1);
            }
        }
    }
}

void product(const Product& p, int64_t row_begin, int64_t row_end, int64_t column_begin,
             int64_t column_end) {
    const bool transposed = p.a.column_step != 1;
    const int64_t rows = row_end - row_begin;
    if (p.b.column_step != 1 && rows <= few_rows && !transposed)
        return dot_products(p, row_begin, row_end, column_begin, column_end);
    if (p.b.column_step == 1 && rows == 1) return wide_row(p, row_begin, column_begin, column_end);
    alignas(64) float panel[depth_block * tile_columns];
    alignas(64) float start[tile_columns];
    const int64_t block = terms_at_once(p, rows, column_end - column_begin);
    TileArguments t{};
    t.segments = 1;
    t.a_step = transposed ? p.a.column_step : p.a.row_step;
    t.c_step = p.c_step;
    for (int64_t k = 0; k < p.depth; k += block) {
        t.a = p.a.data + row_begin * p.a.row_step + k * p.a.column_step;
        t.depth = smaller(block, p.depth - k);
        t.start = k == 0 ? start : nullptr;
        for (int64_t n = column_begin; n < column_end; n += tile_columns) {
            t.c = p.c + row_begin * p.c_step + n;
            t.columns = smaller(tile_columns, column_end - n);
            for (int64_t i = 0; i < tile_columns && k == 0; i += width) {
                const Mask mask = first_lanes(t.columns - i);
                store(start + i, p.bias ? load(p.bias + n + i, mask) : Vector{});
            }
            // Columns that one tile alone reads need no packing, if it may read whole vectors.
            if (p.b.column_step == 1 && rows <= tile_rows && t.columns == tile_columns) {
                t.b = p.b.data + k * p.b.row_step + n;
                t.b_step = p.b.row_step;
            } else {
                const float* b = p.b.data + k * p.b.row_step + n * p.b.column_step;
                pack_panel({b, p.b.row_step, p.b.column_step}, t.depth, t.columns, panel);
                t.b = panel;
                t.b_step = tile_columns;
            }
            (transposed ? multiply_rows<true> : multiply_rows<false>)(t, rows);
        }
    }
}

}  // namespace

void pack_panel(const Matrix& b, int64_t depth, int64_t columns, float* panel) {
    if (b.column_step == 1) {
        pack(b.data, b.row_step, depth, columns, panel);
    } else {
        pack_transposed(b.data, b.column_step, depth, columns, panel);
    }
}

template <bool transposed>
struct AllTiles {
    Tiles tiles_of[2][tile_rows];

    constexpr AllTiles() { add<tile_rows>(); }

private:
    template <int rows>
    constexpr void add() {
        tiles_of[0][rows - 1] = tiles<rows, 1, transposed>;
        tiles_of[1][rows - 1] = tiles<rows, 2, transposed>;
        if constexpr (rows > 1) add<rows - 1>();
    }
};

template <bool transposed>
Tiles find_tiles(int64_t rows, int64_t columns) {
    static constexpr AllTiles<transposed> all;
    return all.tiles_of[columns > width][rows - 1];
}
template Tiles find_tiles<false>(int64_t, int64_t);
template Tiles find_tiles<true>(int64_t, int64_t);

void fill_product(MatrixLoops& loops) {
    loops.tile_columns = tile_columns;
    loops.width = width;
    loops.product = product;
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
