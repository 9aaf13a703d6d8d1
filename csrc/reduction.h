// What the kernels that reduce axes are given.
#pragma once

#include "array_view.h"

namespace rushlight {

// Which axes are summed: None, or a tuple of non-negative integers.
bool read_axes(PyObject* axes, int ndim, bool* summed);

// (x, axes, keepdims), of an array that has elements.
bool read_reduction(PyObject* const* args, Py_ssize_t nargs, ArrayView& x, bool* summed,
                    int& keepdims);

}  // namespace rushlight
