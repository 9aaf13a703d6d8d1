// Products of float32 and float64 with panels: matrices whose rows are two registers wide, so that
// nothing has to be masked. The other factor is read an element at a time, as it lies.
#pragma once

#include "vector.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

template <class T>
constexpr int lanes = width * sizeof(float) / sizeof(T);
template <class T>
constexpr int panel = 2 * lanes<T>;

template <class T>
struct Registers {
    typedef T Type __attribute__((vector_size(lanes<T> * sizeof(T))));
    typedef T Unaligned
        __attribute__((vector_size(lanes<T> * sizeof(T)), aligned(sizeof(T)), may_alias));
    typedef uint8_t Bytes __attribute__((vector_size(lanes<T>), aligned(1), may_alias));
};

template <class T>
RUSHLIGHT_INLINE typename Registers<T>::Type load_whole(const T* p) {
    return *reinterpret_cast<const typename Registers<T>::Unaligned*>(p);
}
template <class T>
RUSHLIGHT_INLINE void store_whole(T* p, typename Registers<T>::Type v) {
    *reinterpret_cast<typename Registers<T>::Unaligned*>(p) = v;
}
// Bytes become numbers.
template <class T>
RUSHLIGHT_INLINE typename Registers<T>::Type load_as(const T* p) {
    return load_whole(p);
}
template <class T>
RUSHLIGHT_INLINE typename Registers<T>::Type load_as(const uint8_t* p) {
    const auto bytes = *reinterpret_cast<const typename Registers<T>::Bytes*>(p);
    return __builtin_convertvector(bytes, typename Registers<T>::Type);
}

// Rows of the largest tile: more would save nothing, as these already take fewer loads than
// multiplications.
#ifdef __AVX512F__
constexpr int panel_tile_rows = 8;
#else
constexpr int panel_tile_rows = 6;
#endif

// C = A B, or what is added to C.
template <class T>
struct PanelProduct {
    int64_t rows, depth;
    const T* a;
    int64_t a_step;  // between rows, terms being contiguous; between terms where A is transposed
    const T* b;
    int64_t b_step;
    T* c;
    int64_t c_step;
    bool adds;
};

// `count` tiles, one below the other.
template <class T, int rows, int vectors, bool transposed>
void panel_tiles(const PanelProduct<T>& p, int64_t count) {
    using Register = typename Registers<T>::Type;
    const int64_t a_step = p.a_step, b_step = p.b_step, c_step = p.c_step;
    const T* first = p.a;
    T* c = p.c;
    for (; count > 0; --count) {
        Register sums[rows][vectors] = {};
        const T *a = first, *b = p.b;
        for (int64_t k = 0; k < p.depth; ++k) {
            Register column[vectors];
            RUSHLIGHT_UNROLL for (int v = 0; v < vectors; ++v)
                column[v] = load_whole(b + v * lanes<T>);
            RUSHLIGHT_UNROLL for (int i = 0; i < rows; ++i) {
                const Register element = (transposed ? a[i] : a[i * a_step]) - Register{};
                RUSHLIGHT_UNROLL for (int v = 0; v < vectors; ++v)
                    sums[i][v] += element * column[v];
            }
            a += transposed ? a_step : 1;
            b += b_step;
        }
        first += transposed ? rows : rows * a_step;
        RUSHLIGHT_UNROLL for (int i = 0; i < rows; ++i) {
            RUSHLIGHT_UNROLL for (int v = 0; v < vectors; ++v) {
                T* to = c + v * lanes<T>;
                if (p.adds) sums[i][v] += load_whole(to);
                store_whole(to, sums[i][v]);
            }
            c += c_step;
        }
    }
}

// The functions for 1 to panel_tile_rows rows.
template <class T, int vectors, bool transposed>
struct PanelTiles {
    using Function = void (*)(const PanelProduct<T>&, int64_t);
    Function of_rows[panel_tile_rows];

    constexpr PanelTiles() { add<panel_tile_rows>(); }

private:
    template <int rows>
    constexpr void add() {
        of_rows[rows - 1] = panel_tiles<T, rows, vectors, transposed>;
        if constexpr (rows > 1) add<rows - 1>();
    }
};

// A panel of one or two registers; its rows in tiles of about the same height.
template <class T, int vectors, bool transposed>
RUSHLIGHT_INLINE void multiply_panel(PanelProduct<T> p) {
    static constexpr PanelTiles<T, vectors, transposed> tiles;
    const int64_t count = (p.rows + panel_tile_rows - 1) / panel_tile_rows;
    if (count == 0) return;
    const int64_t height = (p.rows + count - 1) / count, whole = p.rows / height;
    tiles.of_rows[height - 1](p, whole);
    const int64_t rest = p.rows - whole * height;
    if (rest == 0) return;
    p.a += transposed ? whole * height : whole * height * p.a_step;
    p.c += whole * height * p.c_step;
    tiles.of_rows[rest - 1](p, 1);
}

// `columns`, a multiple of a register's, in panels.
template <class T, bool transposed>
RUSHLIGHT_INLINE void multiply_panels(PanelProduct<T> p, int64_t columns) {
    for (; columns >= panel<T>; columns -= panel<T>) {
        multiply_panel<T, 2, transposed>(p);
        p.b += panel<T>;
        p.c += panel<T>;
    }
    if (columns > 0) multiply_panel<T, 1, transposed>(p);
}

// to[c * to_step + r] = from[r * row_step + c * column_step]
template <class T, class From>
inline void turn(int64_t rows, int64_t columns, const From* from, int64_t row_step,
                 int64_t column_step, T* to, int64_t to_step) {
    constexpr int n = lanes<T>;
    for (int64_t r = 0; r < rows; r += n) {
        for (int64_t c = 0; c < columns; c += n) {
            const From* source = from + r * row_step + c * column_step;
            T* target = to + c * to_step + r;
            const int64_t height = rows - r < n ? rows - r : n;
            const int64_t length = columns - c < n ? columns - c : n;
            if (column_step == 1 && height == n && length == n) {
                typename Registers<T>::Type square[n];
                RUSHLIGHT_UNROLL for (int i = 0; i < n; ++i)
                    square[i] = load_as<T>(source + i * row_step);
                transpose(square);
                RUSHLIGHT_UNROLL for (int i = 0; i < n; ++i)
                    store_whole(target + i * to_step, square[i]);
            } else {
                for (int64_t j = 0; j < length; ++j)
                    for (int64_t i = 0; i < height; ++i)
                        target[j * to_step + i] =
                            static_cast<T>(source[i * row_step + j * column_step]);
            }
        }
    }
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
