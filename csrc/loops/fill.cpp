#include "tables.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

template <class T>
static void fill_all(Loops<T>& loops) {
    fill_dropout(loops);
    fill_reduction(loops);
    fill_normalization(loops);
    fill_softmax(loops);
    fill_optim(loops);
    fill_lbfgs(loops);
    fill_distance(loops);
    fill_grid(loops);
    fill_resampling(loops);
    fill_sparse(loops);
    fill_elimination(loops);
}

void fill(Tables& tables) {
    fill_all(tables.of_float);
    fill_all(tables.of_double);
    fill_copies(tables.bits);
    fill_creation(tables.bits);
    fill_random(tables.bits);
    fill_elementwise(tables.elementwise);
    fill_product(tables.matrix);
    fill_convolution(tables.matrix);
    fill_winograd(tables.matrix);
    fill_pooling(tables.matrix);
    fill_recurrent(tables.recurrent);
    fill_attention(tables.attention_of_float);
    fill_attention(tables.attention_of_double);
    fill_fft(tables.fft_of_float);
    fill_fft(tables.fft_of_double);
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
