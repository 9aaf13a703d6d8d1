#include "index_plan.h"

#include <cstring>

#include "copies.h"
#include "instruction_sets.h"
#include "nonzero.h"

namespace rushlight {

namespace {

bool refuse(int64_t place, const Index& index) {
    PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for dimension %d with size %zd",
                 static_cast<long long>(place), index.axis, index.length);
    return false;
}

}  // namespace

bool Plan::read(const ArrayView& x, PyObject* tuple) {
    const Py_ssize_t count = PyTuple_GET_SIZE(tuple);
    bool indexed[max_axes] = {};
    int axis = 0;
    if (x.ndim > max_axes) return false;
    indices.reserve(x.ndim);
    for (Py_ssize_t i = 0; i < count; ++i) {
        PyObject* part = PyTuple_GET_ITEM(tuple, i);
        ArrayView index;
        if (part == Py_None) {
            if (++axis > x.ndim) return false;
            continue;
        }
        if (!view(part, index) || index.ndim == 0 || index.ndim > max_axes) return false;
        const bool is_mask = index.type == NPY_BOOL;
        const int taken = is_mask ? index.ndim : 1;
        if (axis + taken > x.ndim) return false;
        if (is_mask ? !add_mask(x, index, axis) : !add_numbers(x, index, axis)) return false;
        std::fill_n(indexed + axis, taken, true);
        axis += taken;
    }
    if (indices.empty() || !broadcast()) return false;
    lay_out(x, indexed);
    return ndim <= max_axes;
}

bool Plan::add_numbers(const ArrayView& x, const ArrayView& index, int axis) {
    if (index.type != NPY_INT64) return false;
    Index& added = indices.emplace_back(Index{index.data, index.ndim});
    std::copy_n(index.shape, index.ndim, added.shape);
    std::copy_n(index.strides, index.ndim, added.strides);
    added.axis = axis;
    added.length = x.shape[axis];
    added.step = x.strides[axis];
    return true;
}

bool Plan::add_mask(const ArrayView& x, const ArrayView& mask, int axis) {
    bool joined = true;  // the axes are one in memory
    for (int i = 0; i < mask.ndim; ++i) {
        if (mask.shape[i] != x.shape[axis + i]) return false;
        if (i > 0 && x.strides[axis + i - 1] != x.strides[axis + i] * x.shape[axis + i])
            joined = false;
    }
    const int64_t size = mask.size();
    std::vector<uint8_t> dense;
    const auto* bits = reinterpret_cast<const uint8_t*>(mask.data);
    if (!mask.is_contiguous) {
        dense.resize(size + 1);
        npy_intp strides[max_axes];
        strides_in_order(mask, Order::C, strides);
        if (!copy_elements(mask, reinterpret_cast<char*>(dense.data()), strides)) return false;
        bits = dense.data();
    }
    const int64_t count = count_true(bits, size);
    const int last = axis + mask.ndim - 1;
    const auto add = [&](const int64_t* found, int along, npy_intp length) {
        Index& added = indices.emplace_back(Index{reinterpret_cast<const char*>(found), 1});
        added.shape[0] = count;
        added.strides[0] = sizeof(int64_t);
        added.axis = along;
        added.length = length;
        added.step = x.strides[along];
    };
    int64_t* whole = places.emplace_back().make(count);
    find_true(bits, size, count, whole);
    if (joined) {
        add(whole, last, size);
        return true;
    }
    for (int i = last; i > axis; --i) {
        int64_t* along = places.emplace_back().make(count);
        split_places(count, x.shape[i], whole, along);
        add(along, i, x.shape[i]);
    }
    add(whole, axis, x.shape[axis]);
    return true;
}

// Fits the indices to one shape, the block's; false where they do not go together.
bool Plan::broadcast() {
    for (const Index& index : indices) block_ndim = std::max(block_ndim, index.ndim);
    std::fill_n(block, block_ndim, 1);
    for (Index& index : indices) {
        const int missing = block_ndim - index.ndim;
        npy_intp strides[max_axes] = {};
        for (int i = 0; i < index.ndim; ++i) {
            npy_intp& length = block[i + missing];
            if (index.shape[i] == 1) continue;
            if (length != 1 && length != index.shape[i]) return false;
            length = index.shape[i];
            strides[i + missing] = index.strides[i];
        }
        std::copy_n(strides, block_ndim, index.strides);
    }
    block_size = PyArray_MultiplyList(block, block_ndim);
    return true;
}

void Plan::lay_out(const ArrayView& x, const bool* indexed) {
    int first = 0, last = x.ndim - 1;
    while (!indexed[first]) ++first;
    while (!indexed[last]) --last;
    const bool adjacent = std::all_of(indexed + first, indexed + last, [](bool is) { return is; });
    npy_intp block_step = 0;
    for (int i = 0; i < x.ndim; ++i)
        if (indexed[i] && x.shape[i] != 1)
            block_step = std::max(block_step, std::abs(x.strides[i]));
    const int kept = x.ndim - static_cast<int>(std::count(indexed, indexed + x.ndim, true));
    ndim = kept + block_ndim;
    if (ndim > max_axes) return;
    // The axes of the result with the block as one: what each moves by, and where it is.
    npy_intp steps[max_axes + 1];
    int starts[max_axes + 1], units[max_axes + 1], block_unit = 0, unit = 0, at = 0;
    const auto put_block = [&] {
        block_unit = unit;
        block_start = starts[unit] = at;
        steps[unit++] = block_step;
        for (int i = 0; i < block_ndim; ++i) {
            x_strides[at] = 0;
            shape[at++] = block[i];
        }
    };
    if (!adjacent) put_block();
    for (int i = 0; i < x.ndim; ++i) {
        if (adjacent && i == first) put_block();
        if (indexed[i]) continue;
        starts[unit] = at;
        steps[unit++] = x.shape[i] == 1 ? 0 : std::abs(x.strides[i]);
        x_strides[at] = x.strides[i];
        shape[at++] = x.shape[i];
    }
    sort_axes(unit, units, [&](int before, int after) {
        if (!steps[before] || !steps[after]) return Sequence::Open;
        return steps[before] >= steps[after] ? Sequence::Right : Sequence::Wrong;
    });
    int place = 0;
    for (int u = 0; u < unit; ++u) {
        const int length = units[u] == block_unit ? block_ndim : 1;
        if (units[u] == block_unit) block_place = place;
        for (int i = 0; i < length; ++i) order[place++] = starts[units[u]] + i;
    }
}

bool Plan::find_offsets(const ArrayView& x) {
    const Index& only = indices[0];
    bool dense = indices.size() == 1;
    npy_intp step = sizeof(int64_t);
    for (int i = block_ndim - 1; i >= 0; --i) {
        dense = dense && (block[i] == 1 || only.strides[i] == step);
        step *= block[i];
    }
    const bool is_written = !places.empty();  // a mask's: ours, and in range
    const auto* numbers = reinterpret_cast<const int64_t*>(only.data);
    const char* end = x.data + (x.ndim ? PyArray_ITEMSIZE(x.object) : 0);
    const char* begin = x.data;
    for (int i = 0; i < x.ndim; ++i)
        (x.strides[i] < 0 ? begin : end) += (x.shape[i] - 1) * x.strides[i];
    const bool apart = only.data >= end || only.data + 8 * block_size <= begin;
    if (dense && (is_written || apart)) {
        if (!is_written && !bit_loops.all_within(block_size, numbers, -only.length, only.length))
            return refuse(*std::find_if(numbers, numbers + block_size, [&](int64_t i) {
                return i < -only.length || i >= only.length;
            }), only);
        direct = numbers;
        return true;
    }
    int64_t* sums = offsets.make(block_size);
    std::fill_n(sums, block_size, 0);
    for (const Index& index : indices) {
        npy_intp at[max_axes] = {};
        const char* data = index.data;
        const int inner = block_ndim - 1;
        for (int64_t k = 0; k < block_size;) {
            for (npy_intp i = 0; i < block[inner]; ++i, ++k) {
                int64_t place;
                std::memcpy(&place, data + i * index.strides[inner], sizeof place);
                if (place < -index.length || place >= index.length) return refuse(place, index);
                sums[k] += (place < 0 ? place + index.length : place) * index.step;
            }
            for (int i = inner - 1; i >= 0; --i) {
                const bool wraps = ++at[i] == block[i];
                data += (wraps ? 1 - block[i] : 1) * index.strides[i];
                if (!wraps) break;
                at[i] = 0;
            }
        }
    }
    return true;
}

}  // namespace rushlight
