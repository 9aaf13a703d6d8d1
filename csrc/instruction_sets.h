// Which build of the inner loops this processor runs.
#pragma once

#include <string>
#include <vector>

#include "loops/tables.h"

namespace rushlight {

extern Tables tables;  // the loops of the set in use
inline const BitLoops& bit_loops = tables.bits;

inline const MatrixLoops& matrix_loops() {
    return tables.matrix;
}

inline const RecurrentLoops& recurrent_loops() {
    return tables.recurrent;
}

template <class T>
const Loops<T>& loops();
template <>
inline const Loops<float>& loops<float>() {
    return tables.of_float;
}
template <>
inline const Loops<double>& loops<double>() {
    return tables.of_double;
}

template <class T>
const AttentionLoops<T>& attention_loops();
template <>
inline const AttentionLoops<float>& attention_loops<float>() {
    return tables.attention_of_float;
}
template <>
inline const AttentionLoops<double>& attention_loops<double>() {
    return tables.attention_of_double;
}

// The sets that were built and that this processor has, best last; the last is in use unless
// set_instruction_set() chose another (tests do).
std::vector<std::string> available_instruction_sets();
const std::string& instruction_set();
bool set_instruction_set(const std::string& name);

}  // namespace rushlight
