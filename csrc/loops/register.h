// A vector register of floats or doubles, as wide as the set of instructions has them.
#pragma once

#include <stdint.h>

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

#if defined(__AVX512F__)
constexpr int bytes = 64;
#elif defined(__AVX__)
constexpr int bytes = 32;
#else
constexpr int bytes = 16;
#endif

using Floats = float __attribute__((vector_size(bytes)));
using Doubles = double __attribute__((vector_size(bytes)));
template <class T>
struct TypeOf {
    using Type = Floats;
};
template <>
struct TypeOf<double> {
    using Type = Doubles;
};

// A vector register of elements, loaded from any place.
template <class T>
struct Register {
    using Type = typename TypeOf<T>::Type;
    static constexpr int64_t lanes = bytes / sizeof(T);

    static inline Type load(const T* p) {
        Type v;
        __builtin_memcpy(&v, p, sizeof v);
        return v;
    }
    static inline void store(T* p, Type v) { __builtin_memcpy(p, &v, sizeof v); }
};

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
