// Copies into another memory order or another type.
#pragma once

#include "array_view.h"
#include "instruction_sets.h"

namespace rushlight {

// Two arrays of one shape that are walked together. Strides in bytes; those of the source may be 0
// or negative.
struct CopyPlan {
    int ndim;
    const npy_intp* shape;
    const char* from;
    const npy_intp* from_strides;
    char* to;
    const npy_intp* to_strides;
};

// Copies elements of `item` bytes. False for another size than 1, 2, 4, 8 or 16, or too many axes.
bool copy_elements(const CopyPlan& plan, npy_intp item);

// Copies the elements of `from` to `to`, which has the same shape and these strides. False where
// that does not serve.
bool copy_elements(const ArrayView& from, char* to, const npy_intp* to_strides);

// memcpy(), which is slow for some distances between source and target.
void copy_bytes(char* to, const char* from, int64_t count);

// The loop that converts elements of one of NumPy's types to another; nullptr where there is none.
BitLoops::Row find_cast(int from_type, int to_type);

// `x` itself (a new reference) if its elements lie as those of `like`, which has its shape; else a
// copy for which that is so. nullptr without an error where copy_elements() does not serve.
PyObject* in_order_of(const ArrayView& x, const ArrayView& like);

// A dense copy of `x` in whose memory the axes follow each other as `axes` says, the slowest first.
// nullptr without an error where copy_elements() does not serve.
PyObject* copy_in_order(const ArrayView& x, const int* axes);

}  // namespace rushlight
