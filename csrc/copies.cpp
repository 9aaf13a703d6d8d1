#include "copies.h"

#include <cstring>

#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

// The axes of a copy, slowest first in the order of the target, joined where both go on in one
// stride. Strides in bytes.
struct Walk {
    int ndim = 0;
    npy_intp shape[max_axes], from[max_axes], to[max_axes];
};

Walk walk_of(const ArrayView& source, const npy_intp* to_strides) {
    int axes[max_axes];
    for (int i = 0; i < source.ndim; ++i) {
        int place = i;
        for (; place > 0 && to_strides[axes[place - 1]] < to_strides[i]; --place)
            axes[place] = axes[place - 1];
        axes[place] = i;
    }
    Walk walk;
    for (int i = 0; i < source.ndim; ++i) {
        const npy_intp length = source.shape[axes[i]];
        const npy_intp from = source.strides[axes[i]], to = to_strides[axes[i]];
        if (length == 1) continue;
        const int last = walk.ndim - 1;
        if (walk.ndim && walk.from[last] == from * length && walk.to[last] == to * length) {
            walk.shape[last] *= length;
        } else {
            walk.shape[walk.ndim++] = length;
        }
        walk.from[walk.ndim - 1] = from;
        walk.to[walk.ndim - 1] = to;
    }
    return walk;
}

// Rows that are contiguous on both sides.
void copy_rows(const Walk& walk, npy_intp item, const char* source, char* target) {
    const int inner = walk.ndim - 1;
    const npy_intp length = walk.ndim ? walk.shape[inner] : 1;
    // A long row is shared in pieces of 128 KiB.
    const npy_intp piece = std::min<npy_intp>(length, std::max<npy_intp>(1, (1 << 17) / item));
    const npy_intp pieces = (length + piece - 1) / piece;
    npy_intp rows = 1;
    for (int i = 0; i < inner; ++i) rows *= walk.shape[i];
    const int64_t grain = std::max<int64_t>(1, parallel_grain * 4 / (piece * item));
    parallel_for(rows * pieces, grain, [&](int64_t begin, int64_t end) {
        for (int64_t unit = begin; unit < end; ++unit) {
            const npy_intp start = unit % pieces * piece;
            npy_intp row = unit / pieces, from = start * item, to = start * item;
            for (int i = inner - 1; i >= 0; --i) {
                const npy_intp index = row % walk.shape[i];
                row /= walk.shape[i];
                from += index * walk.from[i];
                to += index * walk.to[i];
            }
            std::memcpy(target + to, source + from, std::min(piece, length - start) * item);
        }
    });
}

// The source is contiguous along axis `along`, the target along the last: planes of the two are
// transposed, cut into bands of the last axis.
template <class U>
void transpose_planes(const Walk& walk, int along, BitLoops::Transpose<U> transpose,
                      const char* source, char* target) {
    constexpr npy_intp item = sizeof(U), band = 128;
    const int inner = walk.ndim - 1;
    const npy_intp bands = (walk.shape[inner] + band - 1) / band;
    npy_intp planes = 1;
    for (int i = 0; i < inner; ++i)
        if (i != along) planes *= walk.shape[i];
    const npy_intp columns = walk.shape[along];
    const int64_t grain = std::max<int64_t>(1, parallel_grain / (band * columns));
    parallel_for(planes * bands, grain, [&](int64_t begin, int64_t end) {
        for (int64_t unit = begin; unit < end; ++unit) {
            const npy_intp start = unit % bands * band;
            npy_intp plane = unit / bands;
            npy_intp from = start * walk.from[inner], to = start * item;
            for (int i = inner - 1; i >= 0; --i) {
                if (i == along) continue;
                const npy_intp index = plane % walk.shape[i];
                plane /= walk.shape[i];
                from += index * walk.from[i];
                to += index * walk.to[i];
            }
            transpose(std::min(band, walk.shape[inner] - start), columns,
                      reinterpret_cast<const U*>(source + from), walk.from[inner] / item,
                      reinterpret_cast<U*>(target + to), walk.to[along] / item);
        }
    });
}

PyObject* clone(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if (nargs != 2 || !view(args[0], x) || !PyUnicode_Check(args[1]) || x.ndim > max_axes)
        return nullptr;
    const auto is = [&](const char* name) {
        return PyUnicode_CompareWithASCIIString(args[1], name) == 0;
    };
    npy_intp strides[max_axes];
    if (is("K")) {
        strides_like(x, strides);
    } else if (is("C")) {
        strides_in_order(x, Order::C, strides);
    } else if (is("channels_last") && x.ndim == 4) {
        strides_in_order(x, Order::ChannelsLast, strides);
    } else {
        return nullptr;
    }
    if (!PyTypeNum_ISNUMBER(x.type) && !PyTypeNum_ISBOOL(x.type)) return nullptr;
    PyObject* result = new_array_strided(x.type, x.ndim, x.shape, strides);
    if (!result || copy_elements(x, data_of<char>(result), strides)) return result;
    Py_DECREF(result);
    return nullptr;
}

}  // namespace

bool copy_elements(const ArrayView& from, char* to, const npy_intp* to_strides) {
    if (from.ndim > max_axes) return false;
    const npy_intp size = from.size(), item = PyArray_ITEMSIZE(from.object);
    if (size == 0) return true;
    const Walk walk = walk_of(from, to_strides);
    const int inner = walk.ndim - 1;
    AllowThreads allow(size >= release_lock_from);
    if (walk.ndim == 0 || walk.from[inner] == item) {
        copy_rows(walk, item, from.data, to);
        return true;
    }
    for (int along = 0; along < inner; ++along) {
        if (walk.from[along] != item || walk.from[inner] % item) continue;
        switch (item) {
            case 1:
                transpose_planes(walk, along, bit_loops.transpose8, from.data, to);
                return true;
            case 2:
                transpose_planes(walk, along, bit_loops.transpose16, from.data, to);
                return true;
            case 4:
                transpose_planes(walk, along, bit_loops.transpose32, from.data, to);
                return true;
            case 8:
                transpose_planes(walk, along, bit_loops.transpose64, from.data, to);
                return true;
        }
    }
    return false;
}

PyObject* in_order_of(const ArrayView& x, const ArrayView& like) {
    if (same_strides(x, like)) return Py_NewRef(reinterpret_cast<PyObject*>(x.object));
    npy_intp strides[NPY_MAXDIMS];
    strides_like(like, strides);
    PyObject* result = new_array_strided(x.type, x.ndim, x.shape, strides);
    if (!result || copy_elements(x, data_of<char>(result), strides)) return result;
    Py_DECREF(result);
    return nullptr;
}

PyMethodDef copies_methods[] = {
    method<"clone", clone>(
        "clone(x, order)\n--\n\nA dense copy, in memory order 'K' (as x), 'C' or 'channels_last'."),
    {}};

}  // namespace rushlight
