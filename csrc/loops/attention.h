// Loops of attention, some queries of one head at a time. Nothing here knows Python, arrays or
// threads. Steps are in elements.
#pragma once

#include <stdint.h>

namespace rushlight {

// A matrix that is spread over scores: elements of a row, or of a column, may be one (step 0).
template <class T>
struct Spread {
    const T* data;  // nullptr where there is none
    int64_t row_step, column_step;
};

// One head: queries (rows x width), keys (keys x width) and values (keys x out_width), the elements
// of a row side by side.
template <class T>
struct AttentionHead {
    int64_t rows, keys, width, out_width;
    const T *query, *key, *value;
    int64_t query_step, key_step, value_step;
    T scale;
    bool is_causal;         // query i sees the keys up to i
    Spread<T> added;        // what is added to the scores
    Spread<uint8_t> seen;   // whether they count
    Spread<uint8_t> kept;   // which weights dropout has kept
    T kept_scale;
};

// Where one head's gradients go. Those of keys and values are added up in rows that are padded to
// `padded(width)` and `padded(out_width)`.
template <class T>
struct AttentionGradients {
    const T* grad;
    int64_t grad_step;
    const T* sums;
    T* query;
    int64_t query_step;
    T *key, *value;
};

template <class T>
struct AttentionLoops {
    int64_t block;  // the most queries that are taken at once
    int64_t (*padded)(int64_t columns);

    // Elements of scratch memory that a block of queries takes.
    int64_t (*scratch)(const AttentionHead<T>&);
    int64_t (*backward_scratch)(const AttentionHead<T>&);

    // Queries [begin, end), at most a block: the results, and the softmax's maxima and sums side by
    // side. `result` is the head's, its rows `result_step` apart.
    void (*forward)(const AttentionHead<T>&, int64_t begin, int64_t end, T* result,
                    int64_t result_step, T* sums, T* scratch);
    void (*backward)(const AttentionHead<T>&, const AttentionGradients<T>&, int64_t begin,
                     int64_t end, T* scratch);
};

#ifdef RUSHLIGHT_INSTRUCTION_SET
namespace RUSHLIGHT_INSTRUCTION_SET {
template <class T>
void fill_attention(AttentionLoops<T>& loops);
}
#endif

}  // namespace rushlight
