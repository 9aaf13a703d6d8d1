#pragma once

#include <nanobind/nanobind.h>

namespace rushlight {

void bind_replay(nanobind::module_& module);

}  // namespace rushlight
