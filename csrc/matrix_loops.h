// Which build of the loops over matrices and images this processor runs.
#pragma once

#include "loops/matrix.h"

namespace rushlight {

// Those of the instruction set in use (see instruction_sets.h).
const MatrixLoops& matrix_loops();

}  // namespace rushlight
