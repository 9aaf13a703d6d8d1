// The loops of the list in elementwise.def. Whole numbers wrap around: CMakeLists.txt compiles this
// file so that their overflow is defined.
#include "elementwise.h"

#include "functions.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

// A truth value of NumPy's, which may be any byte: of an array of bytes that is looked at as one.
struct Truth {
    uint8_t byte;

    Truth(bool value) : byte(value) {}
    operator bool() const { return byte != 0; }
};

// A formula as functions of always the same arguments: three operands and two parameters.
#define OPERATION(types, First, Result, name, arrays, parameters, text, arguments, formula, \
                  condition, otherwise_)                                                   \
    template <class T>                                                                      \
    struct name##_formula {                                                                 \
        using FirstOperand = First;                                                         \
        using ResultType = Result;                                                          \
        static constexpr int operands = arrays;                                             \
        static constexpr bool may_not_be_vectorised = sizeof(#condition) != sizeof("true");   \
        static ResultType of arguments { return formula; }                                  \
        static bool is_vectorised arguments { return condition; }                           \
        static ResultType otherwise arguments { return otherwise_; }                        \
    };
#include "elementwise.def"

// Elements for which a loop asks at once whether it can be vectorised.
constexpr int64_t tile = 256;

template <class Formula, class T, bool first_is_number, bool second_is_number>
void dense(int64_t n, const void* first, const void* second, const void* third,
           const void* parameters, void* result) {
    using First = typename Formula::FirstOperand;
    using Result = typename Formula::ResultType;
    const auto* a = static_cast<const First*>(first);
    const auto *b = static_cast<const T*>(second), *c = static_cast<const T*>(third);
    const auto* numbers = static_cast<const T*>(parameters);
    auto* out = static_cast<Result*>(result);
    const T p = numbers[0], q = numbers[1];
    const First a0 = *a;
    const T b0 = *b;
    n &= -(elementwise_block / int64_t{sizeof(T)});  // tells the compiler that there is no rest
#define RUSHLIGHT_OPERANDS first_is_number ? a0 : a[i], second_is_number ? b0 : b[i], c[i], p, q
    for (int64_t begin = 0; begin < n;) {
        int64_t end = n;
        if constexpr (Formula::may_not_be_vectorised) {
            end = n - begin < tile ? n : begin + tile;
            int32_t covered = 1;
#pragma omp simd reduction(& : covered)
            for (int64_t i = begin; i < end; ++i)
                covered &= Formula::is_vectorised(RUSHLIGHT_OPERANDS);
            if (!covered) {
#pragma omp simd
                for (int64_t i = begin; i < end; ++i)
                    out[i] = Formula::otherwise(RUSHLIGHT_OPERANDS);
                begin = end;
                continue;
            }
        }
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) out[i] = Formula::of(RUSHLIGHT_OPERANDS);
        begin = end;
    }
#undef RUSHLIGHT_OPERANDS
}

template <template <class> class Formula, class T, ElementType type, unsigned types>
void add_type(Elementwise (&loops)[element_types]) {
    if constexpr ((types >> type & 1) != 0) {
        loops[type].dense = dense<Formula<T>, T, false, false>;
        if constexpr (Formula<T>::operands == 2) {
            loops[type].first_is_number = dense<Formula<T>, T, true, false>;
            loops[type].second_is_number = dense<Formula<T>, T, false, true>;
        }
    }
}

template <template <class> class Formula, unsigned types>
void add(Elementwise (&loops)[element_types]) {
    add_type<Formula, float, float32, types>(loops);
    add_type<Formula, double, float64, types>(loops);
    add_type<Formula, int64_t, int64, types>(loops);
    add_type<Formula, int32_t, int32, types>(loops);
    add_type<Formula, int16_t, int16, types>(loops);
    add_type<Formula, int8_t, int8, types>(loops);
    add_type<Formula, uint8_t, uint8, types>(loops);
    add_type<Formula, Truth, boolean, types>(loops);
}

}  // namespace

void fill_elementwise(ElementwiseLoops& loops) {
#define OPERATION(types, First, Result, name, ...) add<name##_formula, types>(loops.of[op_##name]);
#include "elementwise.def"
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
