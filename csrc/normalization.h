// What the normalisations of channels share: how an array of them is passed through, and moments
// that are put together from parts.
#pragma once

#include "array_view.h"
#include "copies.h"
#include "parallel.h"

namespace rushlight::normalization {

constexpr int64_t block_size = 16384;  // elements of a block of rows: it stays in the cache
constexpr int64_t most_blocks = 512;

// How an array is passed through. In columns: `rows` x `channels`. In rows: `rows` images, each of
// `channels` rows of `length`.
struct Plan {
    bool in_columns;
    int64_t rows, channels, length;

    int64_t count() const { return rows * length; }  // elements of a channel
    int64_t size() const { return rows * channels * length; }
    int64_t block() const {
        return std::max<int64_t>(
            {8, block_size / channels, (rows + most_blocks - 1) / most_blocks});
    }
    int64_t blocks() const { return (rows + block() - 1) / block(); }
    int64_t block_grain() const {
        return std::max<int64_t>(1, parallel_grain / (block() * channels));
    }
    int64_t channel_grain() const { return std::max<int64_t>(1, parallel_grain / count()); }
};

// x itself if it has a plan, else a copy that has one. nullptr without an error for what is left to
// the base.
PyObject* with_plan(const ArrayView& x, Plan& plan);

// A tuple of three results, the first in the memory order of the array that the caller gave.
PyObject* pack_in_order_of(const ArrayView& like, const Owned& first, const Owned& second,
                           const Owned& third);

// Mean and sum of squared differences from it, of values that come in parts (Chan, Golub and
// LeVeque 1979): no difference of two large sums, whatever the mean.
struct Moments {
    double count = 0, mean = 0, squares = 0;

    void join(double other_count, double other_mean, double other_squares) {
        const double together = count + other_count, difference = other_mean - mean;
        mean += difference * other_count / together;
        squares += other_squares + difference * difference * count * other_count / together;
        count = together;
    }
};

// `squares` is about `center`, the mean rounded to the array's type; this is the sum about the
// mean.
inline double about_mean(double squares, double count, double mean, double center) {
    return squares - count * (mean - center) * (mean - center);
}

// A vector of one value per channel, or None. False when it is something else.
template <class T>
bool read_vector(PyObject* object, int64_t channels, T*& values, bool for_writing = false) {
    values = nullptr;
    if (object == Py_None) return true;
    ArrayView v;
    if (!view(object, v) || v.type != numpy_type<T> || v.ndim != 1 || v.shape[0] != channels ||
        !v.is_contiguous || (for_writing && !v.is_writeable()))
        return false;
    values = v.as<T>();
    return true;
}

}  // namespace rushlight::normalization
