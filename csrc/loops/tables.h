// All loops of one set of instructions.
#pragma once

#include "attention.h"
#include "elementwise.h"
#include "fft.h"
#include "loops.h"
#include "matrix.h"
#include "recurrent.h"

namespace rushlight {

struct Tables {
    Loops<float> of_float;
    Loops<double> of_double;
    BitLoops bits;
    ElementwiseLoops elementwise;
    MatrixLoops matrix;
    RecurrentLoops recurrent;
    AttentionLoops<float> attention_of_float;
    AttentionLoops<double> attention_of_double;
    FftLoops<float> fft_of_float;
    FftLoops<double> fft_of_double;
};

// Only the build in use may be run, be it to fill a table: the compiler is free to use its
// instructions there, too.
#define RUSHLIGHT_DECLARE_FILL(set)   \
    namespace set {                   \
    void fill(Tables& tables);        \
    }
RUSHLIGHT_DECLARE_FILL(baseline)
RUSHLIGHT_DECLARE_FILL(avx2)
RUSHLIGHT_DECLARE_FILL(avx512)
#undef RUSHLIGHT_DECLARE_FILL

}  // namespace rushlight
