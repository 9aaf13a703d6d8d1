// How an index of arrays, x[:, i, j], goes through an array and what its result looks like.
#pragma once

#include <memory>
#include <vector>

#include "allocator.h"
#include "array_view.h"
#include "iteration.h"

namespace rushlight {

// An array of whole numbers along one axis of x, or the places of a mask along several in one.
struct Index {
    const char* data;
    int ndim;
    npy_intp shape[max_axes], strides[max_axes];  // bytes; after fit_into(), along the block's axes
    npy_intp length, step;                        // of x along the axis; bytes
    int axis;
};

// Numbers of the length of a call.
class Numbers {
public:
    int64_t* make(int64_t count) {
        const size_t bytes = std::max<int64_t>(count, 1) * 8;
        memory_ = std::make_unique<allocator::Scratch>(bytes);
        if (!memory_->data()) throw allocator::NoMemory(bytes);
        return data();
    }
    int64_t* data() const {
        return memory_ ? static_cast<int64_t*>(memory_->data()) : nullptr;
    }

private:
    std::unique_ptr<allocator::Scratch> memory_;
};

// The axes of x that are indexed give way in the result to the block, the axes that the indices
// have together. It stands in their place if they are adjacent, else in front.
struct Plan {
    std::vector<Index> indices;
    std::vector<Numbers> places;  // of masks
    npy_intp block[max_axes];
    int block_ndim = 0;
    int64_t block_size = 1;

    int ndim = 0;  // of the result
    npy_intp shape[max_axes];
    npy_intp x_strides[max_axes];  // 0 along the block
    int block_start = 0;
    // The result's axes from the slowest to the fastest in x's memory; the block's in their order.
    int order[max_axes];
    int block_place = 0;  // where in `order` it begins
    // How far each of the block's elements is from x's first, in bytes; or a single index that is
    // read as it lies.
    Numbers offsets;
    const int64_t* direct = nullptr;

    // False for an index that is left to the base.
    bool read(const ArrayView& x, PyObject* tuple);
    // False with an IndexError where an index is out of range.
    bool find_offsets(const ArrayView& x);


private:
    bool add_numbers(const ArrayView& x, const ArrayView& index, int axis);
    bool add_mask(const ArrayView& x, const ArrayView& mask, int axis);
    bool broadcast();
    void lay_out(const ArrayView& x, const bool* indexed);
};

}  // namespace rushlight
