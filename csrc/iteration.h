// The walk of an elementwise kernel: operands that broadcast against each other and a result, cut
// into rows that an inner loop takes one at a time.
#pragma once

#include <algorithm>
#include <cstdlib>

#include "array_view.h"
#include "parallel.h"

namespace rushlight {

constexpr int max_axes = 8;  // arrays of more dimensions are left to the base

// The axes of `count` arrays of one shape in the order `axes`: those of length 1 dropped, and
// joined with the one before where every array goes on in one stride. The result is their number.
template <int count>
int join_axes(int ndim, const int* axes, const npy_intp* shape,
              const npy_intp* const (&strides)[count], npy_intp* joined_shape,
              npy_intp (*joined_strides)[max_axes]) {
    int joined = 0;
    for (int i = 0; i < ndim; ++i) {
        const int axis = axes[i];
        if (shape[axis] == 1) continue;
        bool continues = joined > 0;
        for (int k = 0; k < count && continues; ++k)
            continues = joined_strides[k][joined - 1] == strides[k][axis] * shape[axis];
        if (continues)
            joined_shape[joined - 1] *= shape[axis];
        else
            joined_shape[joined++] = shape[axis];
        for (int k = 0; k < count; ++k) joined_strides[k][joined - 1] = strides[k][axis];
    }
    return joined;
}

// Calls body(n, offsets, steps) for the rows along the last of some axes, one after the other:
// where each array's row begins, and by what it goes on, in bytes. False as soon as body returns
// false.
template <int count, class Body>
bool each_row(int ndim, const npy_intp* shape, const npy_intp (*strides)[max_axes],
              const Body& body) {
    npy_intp offsets[count] = {}, steps[count] = {}, index[max_axes] = {};
    for (int i = 0; i < ndim; ++i)
        if (shape[i] == 0) return true;
    const int inner = ndim - 1;
    for (int k = 0; k < count && ndim; ++k) steps[k] = strides[k][inner];
    while (true) {
        if (!body(ndim ? shape[inner] : npy_intp{1}, offsets, steps)) return false;
        int i = inner - 1;
        for (; i >= 0; --i) {
            const bool wraps = ++index[i] == shape[i];
            for (int k = 0; k < count; ++k)
                offsets[k] += (wraps ? 1 - shape[i] : 1) * strides[k][i];
            if (!wraps) break;
            index[i] = 0;
        }
        if (i < 0) return true;
    }
}

// Over `count` arrays: the operands, then the result. A Python number stands as an operand without
// an array object, of no dimensions. Strides are in bytes.
template <int count>
class Iteration {
public:
    // False when the shapes do not go together or have too many dimensions.
    bool broadcast(const ArrayView* const* operands) {
        ndim_ = 0;
        for (int k = 0; k < operand_count; ++k) ndim_ = std::max(ndim_, operands[k]->ndim);
        if (ndim_ > max_axes) return false;
        std::fill_n(shape_, ndim_, 1);
        for (int k = 0; k < operand_count; ++k) {
            const ArrayView& operand = *operands[k];
            data_[k] = operand.data;
            const int missing = ndim_ - operand.ndim;
            std::fill_n(strides_[k], missing, 0);
            for (int i = missing; i < ndim_; ++i) {
                const int64_t length = operand.shape[i - missing];
                const bool repeated = length == 1;
                strides_[k][i] = repeated ? 0 : operand.strides[i - missing];
                if (repeated) continue;
                if (shape_[i] != 1 && shape_[i] != length) return false;
                shape_[i] = length;
            }
        }
        return true;
    }

    // A new array in the memory order of the operands, as NumPy's order='K' makes it.
    PyObject* make_result(int type, int64_t item) {
        sort();
        npy_intp(&strides)[max_axes] = strides_[count - 1];
        int64_t step = item;
        for (int i = ndim_ - 1; i >= 0; --i) {
            strides[axes_[i]] = step;
            step *= std::max<int64_t>(shape_[axes_[i]], 1);
        }
        PyObject* result = new_array_strided(type, ndim_, shape_, strides);
        if (result) data_[count - 1] = data_of<char>(result);
        return result;
    }

    // An existing array of exactly the broadcast shape; false when it is not.
    bool use_result(const ArrayView& result) {
        if (result.ndim != ndim_ || !std::equal(shape_, shape_ + ndim_, result.shape)) return false;
        sort();
        data_[count - 1] = result.data;
        for (int i = 0; i < ndim_; ++i) strides_[count - 1][i] = result.strides[i];
        return true;
    }

    int64_t size() const {
        int64_t product = 1;
        for (int i = 0; i < ndim_; ++i) product *= shape_[i];
        return product;
    }

    // loop(rows, n, data, strides between rows, strides inside of one) for all rows, which the team
    // shares: `grain` elements make a chunk.
    template <class Loop>
    void for_each_row(int64_t grain, const Loop& loop) {
        if (size() == 0) return;
        join();
        const int64_t length = ndim_ ? shape_[ndim_ - 1] : 1;
        const int64_t piece = length >= 4 * grain ? grain : length;  // long rows are shared, too
        const int64_t pieces = (length + piece - 1) / piece;
        int64_t rows = 1;
        for (int i = 0; i + 1 < ndim_; ++i) rows *= shape_[i];
        int64_t inner[count], outer[count];
        for (int k = 0; k < count; ++k) {
            inner[k] = ndim_ ? strides_[k][ndim_ - 1] : 0;
            outer[k] = ndim_ > 1 ? strides_[k][ndim_ - 2] : 0;
        }

        parallel_for(rows * pieces, std::max<int64_t>(1, grain / piece),
                     [&](int64_t begin, int64_t end) {
            int64_t row = begin / pieces, place = begin % pieces;
            int64_t index[max_axes] = {};
            char* data[count];
            std::copy_n(data_, count, data);
            for (int i = ndim_ - 2; i >= 0; --i) {
                index[i] = row % shape_[i];
                row /= shape_[i];
                for (int k = 0; k < count; ++k) data[k] += index[i] * strides_[k][i];
            }
            while (true) {
                // All pieces of this row that are ours, or all rows along the next axis, in one go.
                const int outer_axis = pieces == 1 && ndim_ > 1 ? ndim_ - 2 : -1;
                const int64_t rows_taken =
                    outer_axis < 0 ? 1
                                   : std::min<int64_t>(end - begin,
                                                       shape_[outer_axis] - index[outer_axis]);
                const int64_t last = std::min(pieces, place + end - begin);
                const int64_t from = place * piece, to = std::min(length, last * piece);
                char* at[count];
                for (int k = 0; k < count; ++k) at[k] = data[k] + from * inner[k];
                loop(rows_taken, to - from, at, outer, inner);
                begin += outer_axis < 0 ? last - place : rows_taken;
                if (begin == end) return;
                place = 0;
                int64_t step = rows_taken;
                for (int i = ndim_ - 2; i >= 0; --i) {
                    index[i] += step;
                    const bool wraps = index[i] == shape_[i];
                    const int64_t steps = wraps ? step - shape_[i] : step;
                    for (int k = 0; k < count; ++k) data[k] += steps * strides_[k][i];
                    if (!wraps) break;
                    index[i] = 0;
                    step = 1;
                }
            }
        });
    }

private:
    static constexpr int operand_count = count - 1;

    // As in NumPy, two axes stay as they are where any operand is for it; axes along which nothing
    // moves leave it open.
    Sequence sequence(int before, int after) const {
        Sequence result = Sequence::Open;
        for (int k = 0; k < operand_count; ++k) {
            const int64_t first = std::abs(strides_[k][before]),
                          second = std::abs(strides_[k][after]);
            if (!first || !second) continue;
            if (first >= second) return Sequence::Right;
            result = Sequence::Wrong;
        }
        return result;
    }

    // Axes from the slowest to the fastest in memory.
    void sort() {
        sort_axes(ndim_, axes_, [this](int before, int after) { return sequence(before, after); });
    }

    // Puts the axes in their order and joins those that all arrays pass through in one stride.
    void join() {
        npy_intp shape[max_axes], strides[count][max_axes];
        const npy_intp* own[count];
        for (int k = 0; k < count; ++k) own[k] = strides_[k];
        ndim_ = join_axes(ndim_, axes_, shape_, own, shape, strides);
        std::copy_n(shape, ndim_, shape_);
        for (int k = 0; k < count; ++k) std::copy_n(strides[k], ndim_, strides_[k]);
    }

    int ndim_;
    int axes_[max_axes];
    npy_intp shape_[max_axes];
    npy_intp strides_[count][max_axes];
    char* data_[count];
};

}  // namespace rushlight
