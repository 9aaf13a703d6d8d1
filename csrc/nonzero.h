// The places of elements that are not zero.
#pragma once

#include "array_view.h"

namespace rushlight {

// Counts the true elements of a contiguous mask, and writes their places in the order of the shape
// to `places`, which has room for as many.
int64_t count_true(const uint8_t* mask, int64_t size);
void find_true(const uint8_t* mask, int64_t size, int64_t count, int64_t* places);

// Splits ascending places along an axis of this length, which is taken off: in `places` stays what
// counts whole axes, `along` gets the rest. The two may be the same array, which then has the rest.
void split_places(int64_t count, int64_t length, int64_t* places, int64_t* along);

}  // namespace rushlight
