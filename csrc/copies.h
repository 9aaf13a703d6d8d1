// Dense copies in another memory order.
#pragma once

#include "array_view.h"

namespace rushlight {

// Copies the elements of `from` to `to`, which has the same shape and these strides (bytes), dense
// in some order of the axes. False when no axis of `from` is contiguous, or the elements are not
// plain numbers of 1, 2, 4 or 8 bytes.
bool copy_elements(const ArrayView& from, char* to, const npy_intp* to_strides);

// `x` itself (a new reference) if its elements lie as those of `like`, which has its shape; else a
// copy for which that is so. nullptr without an error where copy_elements() does not serve.
PyObject* in_order_of(const ArrayView& x, const ArrayView& like);

}  // namespace rushlight
