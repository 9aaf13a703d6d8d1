// Which build of the inner loops this processor runs.
#pragma once

#include <string>
#include <vector>

#include "loops/loops.h"

namespace rushlight {

extern Loops<float> float_loops;
extern Loops<double> double_loops;
extern BitLoops bit_loops;

template <class T>
const Loops<T>& loops();
template <>
inline const Loops<float>& loops<float>() {
    return float_loops;
}
template <>
inline const Loops<double>& loops<double>() {
    return double_loops;
}

// The sets that were built and that this processor has, best last; the last is in use unless
// set_instruction_set() chose another (tests do).
std::vector<std::string> available_instruction_sets();
const std::string& instruction_set();
bool set_instruction_set(const std::string& name);

}  // namespace rushlight
