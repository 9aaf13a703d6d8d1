// A register of elements from anywhere in an array.
#pragma once

#include "register.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

// from[places[i]] for as many places as a register has lanes, 0 where a place is negative. GCC
// takes no such instruction by itself: it is slow on some processors, and on none slower than the
// branches or the single loads that it makes instead (4 times as fast as those for floats).
#if defined(__AVX512F__)
inline Floats gathered(const float* from, const int32_t* places) {
    const __m512i index = _mm512_loadu_si512(places);
    const __mmask16 mask = _mm512_cmpge_epi32_mask(index, _mm512_setzero_si512());
    return reinterpret_cast<Floats>(
        _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, index, from, 4));
}
inline Doubles gathered(const double* from, const int32_t* places) {
    const __m256i index = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(places));
    const __mmask8 mask = _mm256_cmpge_epi32_mask(index, _mm256_setzero_si256());
    return reinterpret_cast<Doubles>(
        _mm512_mask_i32gather_pd(_mm512_setzero_pd(), mask, index, from, 8));
}
#elif defined(__AVX2__)
inline Floats gathered(const float* from, const int32_t* places) {
    const __m256i index = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(places));
    const __m256i mask = _mm256_xor_si256(index, _mm256_set1_epi32(-1));  // by the highest bit
    return reinterpret_cast<Floats>(_mm256_mask_i32gather_ps(
        _mm256_setzero_ps(), from, index, _mm256_castsi256_ps(mask), 4));
}
inline Doubles gathered(const double* from, const int32_t* places) {
    const __m128i index = _mm_loadu_si128(reinterpret_cast<const __m128i*>(places));
    const __m256i mask = _mm256_cvtepi32_epi64(_mm_xor_si128(index, _mm_set1_epi32(-1)));
    return reinterpret_cast<Doubles>(_mm256_mask_i32gather_pd(
        _mm256_setzero_pd(), from, index, _mm256_castsi256_pd(mask), 8));
}
#else
template <class T>
inline typename Register<T>::Type gathered(const T* from, const int32_t* places) {
    typename Register<T>::Type found;
    for (int64_t i = 0; i < Register<T>::lanes; ++i)
        found[i] = places[i] < 0 ? T(0) : from[places[i]];
    return found;
}
#endif

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
