// The inner loops: plain functions over pointers, compiled once for each set of instructions (see
// CMakeLists.txt) and reached through a table of function pointers that is chosen at run time.
//
// Nothing here knows Python, arrays or threads. Counts and strides are in elements.
#pragma once

#include <stdint.h>

#include "grid.h"
#include "rules.h"

namespace rushlight {

// A linear map of an axis: element j of `outputs` is the sum of the first counts[j] of the `width`
// elements at places[j * width + k], times weights[j * width + k].
template <class T>
struct AxisMap {
    int64_t inputs, outputs, width;
    const int64_t *places, *counts;
    const T* weights;
    bool is_full;  // all counts are the width
};

template <class T>
struct Loops {
    // Sums over a row of n, or over the rows of a matrix into (added to) one sum per column.
    // `centered` functions sum (x - center)^2; `product` functions add up two things: grad, and
    // grad * (x - center). These take dense rows.
    struct Total {
        double (*row)(int64_t n, const T* x);
        void (*columns)(int64_t rows, int64_t columns, const T* x, int64_t stride, double* totals);
    };
    // of_numbers: NaN counts as 0; of_squares, of_sizes: of x * x and |x|; product: multiplied to it
    Total sum, sum_of_numbers, sum_of_squares, sum_of_sizes, product;
    double (*centered_row)(int64_t n, const T* x, T center);
    void (*centered_columns)(int64_t rows, int64_t columns, const T* x, const T* center,
                             double* sums);
    void (*product_row)(int64_t n, const T* grad, const T* x, T center, double* sums);
    void (*product_columns)(int64_t rows, int64_t columns, const T* grad, const T* x,
                            const T* center, double* sums, double* products);

    // The largest or smallest element of a row, or of each column of a matrix, NaN if there is one;
    // and where it stands first. `places` takes at most 256 columns.
    struct Extreme {
        T (*row)(int64_t n, const T* x);
        void (*columns)(int64_t rows, int64_t columns, const T* x, int64_t stride, T* out);
        int64_t (*place)(int64_t n, const T* x);
        void (*places)(int64_t rows, int64_t columns, const T* x, int64_t stride, int64_t* out);
    };
    Extreme largest, smallest;

    // y = x * scale + shift; gx = grad * a + x * b + c. Dense rows, a coefficient per column or
    // one.
    void (*affine_row)(int64_t n, const T* x, T scale, T shift, T* y);
    void (*affine_columns)(int64_t rows, int64_t columns, const T* x, const T* scale,
                           const T* shift, T* y);
    void (*affine2_row)(int64_t n, const T* grad, const T* x, T a, T b, T c, T* gx);
    void (*affine2_columns)(int64_t rows, int64_t columns, const T* grad, const T* x, const T* a,
                            const T* b, const T* c, T* gx);

    // Normalised rows: y = (x - center) * scale * weight + bias, weight and bias possibly null. For
    // the backward the sums of g = grad * weight and of g * (x - center), then
    // gx = g * a + (x - center) * b + c, while the gradients of weight and bias are added up.
    void (*normalize_row)(int64_t n, const T* x, T center, T scale, const T* weight, const T* bias,
                          T* y);
    void (*weighted_row)(int64_t n, const T* grad, const T* x, const T* weight, T center,
                         double* sums);
    void (*normalize_row_backward)(int64_t n, const T* grad, const T* x, const T* weight, T center,
                                   T scale, T a, T b, T c, T* gx, T* gw, T* gb);

    // Dense rows of `columns` elements.
    void (*softmax)(int64_t rows, int64_t columns, const T* x, T* y);
    void (*log_softmax)(int64_t rows, int64_t columns, const T* x, T* y);
    void (*softmax_backward)(int64_t rows, int64_t columns, const T* grad, const T* y, T* gx);
    void (*log_softmax_backward)(int64_t rows, int64_t columns, const T* grad, const T* y, T* gx);

    // Maps an axis of `rows` dense lines; or one whose elements are rows of `inner` side by side.
    void (*map_lines)(const AxisMap<T>& map, int64_t rows, const T* from, T* to);
    void (*map_rows)(const AxisMap<T>& map, int64_t inner, const T* from, int64_t from_step, T* to,
                     int64_t to_step);

    // Adds to each of `width` elements of `out` those of `count` rows of a matrix, named by number,
    // each times its weight.
    void (*weighted_rows)(int64_t count, const T* weights, const int64_t* places, const T* matrix,
                          int64_t width, int64_t step, T* out);

    // C less the product of A, whose elements have these steps, and B. C is no part of A or B.
    void (*subtract_product)(int64_t rows, int64_t columns, int64_t depth, const T* a,
                             int64_t a_row, int64_t a_column, const T* b, int64_t b_step, T* c,
                             int64_t c_step);

    // The distances of a vector from `count` others, whose elements are `step` apart and which stand
    // side by side, in the norm p; and their slopes times grads, added to out.
    void (*distances)(int64_t count, int64_t width, const T* a, const T* others, int64_t step,
                      double p, T* out);
    void (*distance_slopes)(int64_t count, int64_t width, const T* a, const T* others,
                            int64_t step, const T* grads, const T* lengths, double p, T* out);

    GridLoops<T> grid;
    void (*dropout)(int64_t n, const T* x, const uint8_t* mask, T scale, T* y);
    UpdateLoops<T> update;  // of optimizers

    // Of the elements from `begin` to `end` of `rows` vectors: their inner products with those of
    // `columns` others, added to a matrix of sums; and their sum, each vector times its weight.
    void (*inner_products)(int64_t begin, int64_t end, int64_t rows, const T* const* vectors,
                           int64_t columns, const T* const* others, double* sums);
    void (*weighted_sum)(int64_t begin, int64_t end, int64_t rows, const T* const* vectors,
                         const double* weights, T* out);
};

// The types that are converted into each other.
enum CastType {
    cast_bool,
    cast_uint8,
    cast_int8,
    cast_int16,
    cast_int32,
    cast_int64,
    cast_float,
    cast_double,
    cast_float16,
    cast_bfloat16,
    cast_type_count
};

// Loops over bits, whatever they stand for.
struct BitLoops {
    // to[c * to_stride + r] = from[r * from_stride + c]
    template <class U>
    using Transpose = void (*)(int64_t rows, int64_t columns, const U* from, int64_t from_stride,
                               U* to, int64_t to_stride);
    Transpose<uint8_t> transpose8;
    Transpose<uint16_t> transpose16;
    Transpose<uint32_t> transpose32;
    Transpose<uint64_t> transpose64;

    // to[i] = from[i], strides in bytes: by the logarithm of the element's size, and from one type
    // to another, [from][to].
    using Row = void (*)(int64_t n, const char* from, int64_t from_stride, char* to,
                         int64_t to_stride);
    Row copy[5];
    Row cast[cast_type_count][cast_type_count];

    bool (*all_within)(int64_t n, const int64_t* x, int64_t low, int64_t high);

    // start + step * i: in float64 and rounded once, or of whole numbers, which wrap around.
    void (*steps)(int64_t count, double start, double step, float* out);
    void (*steps64)(int64_t count, double start, double step, double* out);
    void (*whole_steps)(int64_t count, int64_t start, int64_t step, int64_t* out);

    // MT19937: the next 624 raw numbers in place of the last; outputs from raw numbers.
    void (*twister_refill)(uint32_t* key);
    // From pairs of raw numbers: whether a uniform float64 is below p.
    void (*twister_bernoulli)(int64_t n, const uint32_t* raw, double p, uint8_t* out);
    // The same with a probability for each; from one raw number where that is a float32.
    void (*twister_bernoulli_of)(int64_t n, const uint32_t* raw, const float* p, uint8_t* out);
    void (*twister_bernoulli_of64)(int64_t n, const uint32_t* raw, const double* p, uint8_t* out);
    // From raw numbers, one or two for an element: uniform in [low, high), a draw that rounds to
    // high becomes low.
    void (*twister_uniform)(int64_t n, const uint32_t* raw, float low, float high, float* out);
    void (*twister_uniform64)(int64_t n, const uint32_t* raw, double low, double high,
                              double* out);
    // Standard normals times std plus mean, 16 from 16 raw numbers, or from 32.
    void (*twister_normal)(int64_t blocks, const uint32_t* raw, float mean, float std, float* out);
    void (*twister_normal64)(int64_t blocks, const uint32_t* raw, double mean, double std,
                             double* out);
    // From pairs of raw numbers: factor * log(1 - u).
    void (*twister_exponential)(int64_t n, const uint32_t* raw, double factor, double* out);
    // The outputs themselves.
    void (*twister_temper)(int64_t n, const uint32_t* raw, uint32_t* out);
};

#ifdef RUSHLIGHT_INSTRUCTION_SET
// What each file under loops/ contributes to the tables of its set of instructions.
namespace RUSHLIGHT_INSTRUCTION_SET {
template <class T>
void fill_dropout(Loops<T>& loops);
template <class T>
void fill_reduction(Loops<T>& loops);
template <class T>
void fill_elimination(Loops<T>& loops);
template <class T>
void fill_normalization(Loops<T>& loops);
template <class T>
void fill_softmax(Loops<T>& loops);
template <class T>
void fill_optim(Loops<T>& loops);
template <class T>
void fill_lbfgs(Loops<T>& loops);
template <class T>
void fill_resampling(Loops<T>& loops);
template <class T>
void fill_grid(Loops<T>& loops);
template <class T>
void fill_distance(Loops<T>& loops);
template <class T>
void fill_sparse(Loops<T>& loops);
void fill_copies(BitLoops& loops);
void fill_creation(BitLoops& loops);
void fill_random(BitLoops& loops);
}  // namespace RUSHLIGHT_INSTRUCTION_SET
#endif

}  // namespace rushlight
