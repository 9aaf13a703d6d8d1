// The inner loops of recurrent layers, of float32: products with packed weights, and a step's gates
// of one row. Nothing here knows Python, arrays or threads. Steps are in elements.
#pragma once

#include "matrix.h"

namespace rushlight {

struct RecurrentLoops {
    // Packs up to MatrixLoops::tile_columns columns of B into a panel of depth * tile_columns.
    void (*pack)(const Matrix& b, int64_t depth, int64_t columns, float* panel);
    // C = A B for a packed B and dense rows of A; `start`, of tile_columns, is where the sums begin,
    // nullptr adds to C.
    void (*product)(int64_t rows, int64_t depth, int64_t columns, const float* a,
                    const float* panel, const float* start, float* c, int64_t c_step);

    // `units` elements of a row: the gates lie `gate_step` apart, the state's part of them
    // `own_step`. See kernels/base/recurrent.py.
    void (*lstm)(int64_t units, int64_t gate_step, int64_t own_step, const float* gates,
                 const float* own, const float* c_before, float* active, float* h, float* c);
    void (*gru)(int64_t units, int64_t gate_step, int64_t own_step, const float* gates,
                const float* own, const float* h_before, float* active, float* h);
    void (*rnn)(int64_t units, bool rectified, const float* gates, const float* own, float* h);

    // `of_h` and `of_c` hold the gradients of the states after the step, and then what of those
    // before it does not come by the product with the weights.
    void (*lstm_backward)(int64_t units, int64_t gate_step, const float* active,
                          const float* c_before, const float* grad, float* of_h, float* of_c,
                          float* of_gates);
    void (*gru_backward)(int64_t units, int64_t gate_step, const float* active,
                         const float* h_before, const float* grad, float* of_h, float* of_gates,
                         float* of_own);
    void (*rnn_backward)(int64_t units, bool rectified, const float* y, const float* grad,
                         float* of_h, float* of_gates);
};

#ifdef RUSHLIGHT_INSTRUCTION_SET
namespace RUSHLIGHT_INSTRUCTION_SET {
void fill_recurrent(RecurrentLoops& loops);
}
#endif

}  // namespace rushlight
