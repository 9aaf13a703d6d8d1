// The table of elementwise loops, one for each line of elementwise.def and each type of it.
#pragma once

#include <stdint.h>

namespace rushlight {

enum ElementType { float32, float64, int64, int32, int16, int8, uint8, boolean, element_types };

// Sets of these, for the list.
constexpr unsigned floats = 1u << float32 | 1u << float64;
constexpr unsigned integers = 1u << int64 | 1u << int32 | 1u << int16 | 1u << int8 | 1u << uint8;
constexpr unsigned bools = 1u << boolean;
constexpr unsigned numbers = floats | integers;
constexpr unsigned bits = integers | bools;
constexpr unsigned all = numbers | bools;

// Loops take whole blocks alone: so many bytes of their operands.
constexpr int64_t elementwise_block = 64;

struct Elementwise {
    // out[i] = formula(a[i], b[i], c[i], parameters) for n elements side by side; n makes
    // whole blocks. What a formula does not have points to anything that can be read. out may
    // be an operand.
    using Dense = void (*)(int64_t n, const void* a, const void* b, const void* c,
                           const void* parameters, void* out);
    Dense dense = nullptr;  // nullptr: not for this type
    // Of two operands: the first, or the second, is a single element.
    Dense first_is_number = nullptr, second_is_number = nullptr;
};

enum Operation {
#define OPERATION(types, First, Result, name, ...) op_##name,
#include "elementwise.def"
    operation_count
};

struct ElementwiseLoops {
    Elementwise of[operation_count][element_types];
};

#ifdef RUSHLIGHT_INSTRUCTION_SET
namespace RUSHLIGHT_INSTRUCTION_SET {
void fill_elementwise(ElementwiseLoops& loops);
}
#endif

}  // namespace rushlight
