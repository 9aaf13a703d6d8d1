#include "loops.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

template <class T>
static void fill_all(Loops<T>& loops) {
    fill_elementwise(loops);
    fill_reduction(loops);
    fill_normalization(loops);
    fill_softmax(loops);
    fill_optim(loops);
}

void fill(Loops<float>& loops) {
    fill_all(loops);
}
void fill(Loops<double>& loops) {
    fill_all(loops);
}

void fill(BitLoops& loops) {
    fill_copies(loops);
    fill_random(loops);
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
