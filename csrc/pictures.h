// Binds what `pictures.cpp` does with pictures, which are no tensors.
#pragma once

#include <nanobind/nanobind.h>

namespace rushlight {

namespace nb = nanobind;

void bind_pictures(nb::module_& module);

}  // namespace rushlight
