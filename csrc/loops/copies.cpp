#include "halves.h"
#include "loops.h"

#ifdef __AVX512F__
#include <immintrin.h>
#endif

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

// --- rows of one type into another

struct Bool {
    uint8_t value;
};

template <class T>
constexpr bool is_half = __is_same(T, Float16) || __is_same(T, BFloat16);

template <class To, class From>
inline To convert(From x) {
    if constexpr (__is_same(To, From))
        return x;
    else if constexpr (is_half<From>)
        return convert<To>(widen(x));
    else if constexpr (is_half<To>)
        return rounded<To>(convert<float>(x));  // float64 is rounded twice, as in PyTorch
    else if constexpr (__is_same(From, Bool))
        return static_cast<To>(x.value != 0);  // NumPy takes any byte but 0 for true
    else if constexpr (__is_same(To, Bool))
        return {x != 0};
    else if constexpr (__is_same(To, uint8_t) && From(0.5) != 0)
        return static_cast<To>(static_cast<int64_t>(x));  // PyTorch's way: -1.0 becomes 255
    else if constexpr (sizeof(To) < 4 && From(0.5) != 0)
        return static_cast<To>(static_cast<int32_t>(x));
    else
        return static_cast<To>(x);
}

// Converts the first elements of a row, whole vectors of them, and says how many: of float16, whose
// instructions the compiler uses for one number at a time.
template <class To, class From>
inline int64_t convert_vectors(int64_t, const From*, To*) {
    return 0;
}
#ifdef __AVX512F__
inline int64_t convert_vectors(int64_t n, const float* from, Float16* to) {
    const int64_t whole = n / 16 * 16;
    for (int64_t i = 0; i < whole; i += 16)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i),
                            _mm512_cvtps_ph(_mm512_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
    return whole;
}
inline int64_t convert_vectors(int64_t n, const Float16* from, float* to) {
    const int64_t whole = n / 16 * 16;
    for (int64_t i = 0; i < whole; i += 16)
        _mm512_storeu_ps(to + i, _mm512_cvtph_ps(_mm256_loadu_si256(
                                     reinterpret_cast<const __m256i*>(from + i))));
    return whole;
}
#endif

// The loops that matter run over adjacent elements. The compiler turns backward reading and
// repeated elements into vector code, too, when it sees the stride.
template <class To, class From>
void row(int64_t n, const char* from, int64_t from_stride, char* to, int64_t to_stride) {
    constexpr int64_t from_size = sizeof(From), to_size = sizeof(To);
    const From* __restrict source = reinterpret_cast<const From*>(from);
    To* __restrict target = reinterpret_cast<To*>(to);
    if (to_stride == to_size && from_stride == from_size) {
        for (int64_t i = convert_vectors(n, source, target); i < n; ++i)
            target[i] = convert<To, From>(source[i]);
    } else if (to_stride == to_size && from_stride == 0) {
        const To value = convert<To, From>(*source);
        for (int64_t i = 0; i < n; ++i) target[i] = value;
    } else if (to_stride == to_size && from_stride == -from_size) {
        for (int64_t i = 0; i < n; ++i) target[i] = convert<To, From>(source[-i]);
    } else if (to_stride == to_size && from_stride == 2 * from_size) {
        for (int64_t i = 0; i < n; ++i) target[i] = convert<To, From>(source[2 * i]);
    } else {
        for (int64_t i = 0; i < n; ++i)
            *reinterpret_cast<To*>(to + i * to_stride) =
                convert<To, From>(*reinterpret_cast<const From*>(from + i * from_stride));
    }
}

bool all_within(int64_t n, const int64_t* x, int64_t low, int64_t high) {
    int64_t least = low, most = low;
#pragma omp simd reduction(min : least) reduction(max : most)
    for (int64_t i = 0; i < n; ++i) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    return least >= low && (n == 0 || most < high);
}

struct Pair {
    uint64_t first, second;
};

template <class From>
void fill_casts(BitLoops::Row* casts) {
    casts[cast_bool] = row<Bool, From>;
    casts[cast_uint8] = row<uint8_t, From>;
    casts[cast_int8] = row<int8_t, From>;
    casts[cast_int16] = row<int16_t, From>;
    casts[cast_int32] = row<int32_t, From>;
    casts[cast_int64] = row<int64_t, From>;
    casts[cast_float] = row<float, From>;
    casts[cast_double] = row<double, From>;
    casts[cast_float16] = row<Float16, From>;
    casts[cast_bfloat16] = row<BFloat16, From>;
}

}  // namespace

void fill_copies(BitLoops& loops) {
    loops.transpose8 = transpose<uint8_t>;
    loops.transpose16 = transpose<uint16_t>;
    loops.transpose32 = transpose<uint32_t>;
    loops.transpose64 = transpose<uint64_t>;
    loops.all_within = all_within;
    loops.copy[0] = row<uint8_t, uint8_t>;
    loops.copy[1] = row<uint16_t, uint16_t>;
    loops.copy[2] = row<uint32_t, uint32_t>;
    loops.copy[3] = row<uint64_t, uint64_t>;
    loops.copy[4] = row<Pair, Pair>;
    fill_casts<Bool>(loops.cast[cast_bool]);
    fill_casts<uint8_t>(loops.cast[cast_uint8]);
    fill_casts<int8_t>(loops.cast[cast_int8]);
    fill_casts<int16_t>(loops.cast[cast_int16]);
    fill_casts<int32_t>(loops.cast[cast_int32]);
    fill_casts<int64_t>(loops.cast[cast_int64]);
    fill_casts<float>(loops.cast[cast_float]);
    fill_casts<double>(loops.cast[cast_double]);
    fill_casts<Float16>(loops.cast[cast_float16]);
    fill_casts<BFloat16>(loops.cast[cast_bfloat16]);
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
