// Matrices of few columns: several of their dense rows side by side are taken as one, so that the
// loop over columns is long enough to vectorise.
#pragma once

#include "loops.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

constexpr int64_t widest_group = 64;  // elements of rows that are taken together

inline int64_t rows_in_group(int64_t rows, int64_t columns) {
    const int64_t fitting = widest_group / columns;
    return columns < widest_group / 2 && rows >= 2 * fitting ? fitting : 1;
}

// `columns` values, repeated for each row of a group.
template <class T>
inline void repeat(int64_t group, int64_t columns, const T* values, T* repeated) {
    for (int64_t g = 0; g < group; ++g)
        for (int64_t c = 0; c < columns; ++c) repeated[g * columns + c] = values[c];
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
