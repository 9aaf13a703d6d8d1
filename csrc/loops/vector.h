// A vector register of floats, as wide as the set of instructions that this file is compiled for
// has. GCC's and Clang's vector extensions give arithmetic, and the compiler fuses multiplications
// with additions; only loads and stores of part of a register need instructions of their own.
#pragma once

#include <stdint.h>
#ifdef __AVX__
#include <immintrin.h>
#endif

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

#if defined(__AVX512F__)
constexpr int width = 16;
#elif defined(__AVX__)
constexpr int width = 8;
#else
constexpr int width = 4;
#endif

using Vector = float __attribute__((vector_size(width * sizeof(float))));
using Lanes = int32_t __attribute__((vector_size(width * sizeof(float))));
using UnalignedVector = float
    __attribute__((vector_size(width * sizeof(float)), aligned(sizeof(float)), may_alias));

#define RUSHLIGHT_INLINE __attribute__((always_inline)) inline
// Loops over registers: unrolled whole, or their arrays would live in memory.
#define RUSHLIGHT_UNROLL _Pragma("GCC unroll 64")

RUSHLIGHT_INLINE Vector load(const float* p) {
    return *reinterpret_cast<const UnalignedVector*>(p);
}
RUSHLIGHT_INLINE void store(float* p, Vector v) { *reinterpret_cast<UnalignedVector*>(p) = v; }
RUSHLIGHT_INLINE Vector broadcast(float x) { return x - Vector{}; }  // x - 0 is x, -0 included

// Part of a register: its first `count` lanes, from none to all. Memory beyond them is not touched.
#if defined(__AVX512F__)
using Mask = __mmask16;
RUSHLIGHT_INLINE Mask first_lanes(int64_t count) {
    const int64_t lanes = count < 0 ? 0 : count > width ? width : count;
    return static_cast<Mask>((1u << lanes) - 1);
}
RUSHLIGHT_INLINE Vector load(const float* p, Mask mask) {
    return reinterpret_cast<Vector>(_mm512_maskz_loadu_ps(mask, p));
}
RUSHLIGHT_INLINE void store(float* p, Vector v, Mask mask) {
    _mm512_mask_storeu_ps(p, mask, reinterpret_cast<__m512>(v));
}
RUSHLIGHT_INLINE Lanes load_bytes(const uint8_t* p, Mask mask) {
    const __m128i bytes = _mm_maskz_loadu_epi8(mask, p);
    return reinterpret_cast<Lanes>(_mm512_maskz_cvtepu8_epi32(mask, bytes));
}
RUSHLIGHT_INLINE void store_bytes(uint8_t* p, Lanes lanes, Mask mask) {
    _mm512_mask_cvtepi32_storeu_epi8(p, mask, reinterpret_cast<__m512i>(lanes));
}
#elif defined(__AVX__)
using Mask = __m256i;
RUSHLIGHT_INLINE Mask first_lanes(int64_t count) {
    const Lanes lanes{0, 1, 2, 3, 4, 5, 6, 7};
    return reinterpret_cast<Mask>(lanes < static_cast<int32_t>(count > width ? width : count));
}
RUSHLIGHT_INLINE Vector load(const float* p, Mask mask) {
    return reinterpret_cast<Vector>(_mm256_maskload_ps(p, mask));
}
RUSHLIGHT_INLINE void store(float* p, Vector v, Mask mask) {
    _mm256_maskstore_ps(p, mask, reinterpret_cast<__m256>(v));
}
RUSHLIGHT_INLINE int64_t count_of(Mask mask) {
    return __builtin_popcount(_mm256_movemask_ps(reinterpret_cast<__m256>(mask)));
}
#else
using Mask = int64_t;
RUSHLIGHT_INLINE Mask first_lanes(int64_t count) {
    return count < 0 ? 0 : count > width ? width : count;
}
RUSHLIGHT_INLINE Vector load(const float* p, Mask mask) {
    if (mask == width) return load(p);
    Vector v{};
    RUSHLIGHT_UNROLL for (int i = 0; i < width; ++i) {
        if (i < mask) v[i] = p[i];
    }
    return v;
}
RUSHLIGHT_INLINE void store(float* p, Vector v, Mask mask) {
    if (mask == width) return store(p, v);
    RUSHLIGHT_UNROLL for (int i = 0; i < width; ++i) {
        if (i < mask) p[i] = v[i];
    }
}
RUSHLIGHT_INLINE int64_t count_of(Mask mask) { return mask; }
#endif

#if !defined(__AVX512F__)
RUSHLIGHT_INLINE Lanes load_bytes(const uint8_t* p, Mask mask) {
    const int64_t count = count_of(mask);
    Lanes lanes{};
    RUSHLIGHT_UNROLL for (int i = 0; i < width; ++i) lanes[i] = i < count ? p[i] : 0;
    return lanes;
}
RUSHLIGHT_INLINE void store_bytes(uint8_t* p, Lanes lanes, Mask mask) {
    const int64_t count = count_of(mask);
    RUSHLIGHT_UNROLL for (int i = 0; i < width; ++i)
        if (i < count) p[i] = static_cast<uint8_t>(lanes[i]);
}
#endif

RUSHLIGHT_INLINE float sum(Vector v) {
    RUSHLIGHT_UNROLL for (int distance = width / 2; distance > 0; distance /= 2) {
        Lanes partner;
        RUSHLIGHT_UNROLL for (int i = 0; i < width; ++i) partner[i] = i ^ distance;
        v += __builtin_shuffle(v, partner);
    }
    return v[0];
}

// Adds the sums of the columns of a dense matrix, multiplied by `factor`, to `sums`. Blocks of rows
// are summed in float, and these in double.
inline void add_columns(const float* matrix, int64_t rows, int64_t columns, double factor,
                        double* sums) {
    constexpr int64_t block = 64;
    for (int64_t row = 0; row < rows; row += block) {
        const int64_t end = row + block < rows ? row + block : rows;
        for (int64_t c = 0; c < columns; c += width) {
            const Mask mask = first_lanes(columns - c);
            Vector total[4] = {};  // independent sums, for the latency of an addition
            int64_t i = row;
            for (; i + 4 <= end; i += 4) {
                RUSHLIGHT_UNROLL for (int k = 0; k < 4; ++k)
                    total[k] += load(matrix + (i + k) * columns + c, mask);
            }
            for (; i < end; ++i) total[0] += load(matrix + i * columns + c, mask);
            const Vector all = (total[0] + total[1]) + (total[2] + total[3]);
            for (int64_t lane = 0; lane < width && c + lane < columns; ++lane)
                sums[c + lane] += factor * all[lane];
        }
    }
}

// Rows become columns. Each of the log2(n) steps interleaves the first half of the rows with
// the second, lane by lane, as a perfect shuffle of cards does.
template <class Register, int n>
RUSHLIGHT_INLINE void transpose(Register (&rows)[n]) {
    decltype(rows[0] < rows[0]) low, high;  // whole numbers as wide as the elements
    RUSHLIGHT_UNROLL for (int i = 0; i < n; ++i) {
        low[i] = i / 2 + i % 2 * n;
        high[i] = low[i] + n / 2;
    }
    RUSHLIGHT_UNROLL for (int step = 1; step < n; step *= 2) {
        Register shuffled[n];
        RUSHLIGHT_UNROLL for (int i = 0; i < n / 2; ++i) {
            shuffled[2 * i] = __builtin_shuffle(rows[i], rows[i + n / 2], low);
            shuffled[2 * i + 1] = __builtin_shuffle(rows[i], rows[i + n / 2], high);
        }
        RUSHLIGHT_UNROLL for (int i = 0; i < n; ++i) rows[i] = shuffled[i];
    }
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
