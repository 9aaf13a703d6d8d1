// Sorting, the largest elements, and those at a place of the order, along the lines of one axis.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <type_traits>

#include "allocator.h"
#include "copies.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

// --- keys: unsigned numbers in the order of the elements, NaN last, 0 and -0 equal

// Without branches: the signs of elements are as good as random.
inline uint32_t key_of(float x) {
    uint32_t bits;
    const float number = x + 0.0f;  // -0 becomes 0
    std::memcpy(&bits, &number, sizeof bits);
    const auto negative = static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31);
    return (bits ^ (negative | uint32_t{1} << 31)) | -static_cast<uint32_t>(x != x);
}
inline uint64_t key_of(double x) {
    uint64_t bits;
    const double number = x + 0.0;
    std::memcpy(&bits, &number, sizeof bits);
    const auto negative = static_cast<uint64_t>(static_cast<int64_t>(bits) >> 63);
    return (bits ^ (negative | uint64_t{1} << 63)) | -static_cast<uint64_t>(x != x);
}
inline uint64_t key_of(int64_t x) { return static_cast<uint64_t>(x) ^ uint64_t{1} << 63; }
inline uint32_t key_of(int32_t x) { return static_cast<uint32_t>(x) ^ uint32_t{1} << 31; }
inline uint32_t key_of(int16_t x) { return key_of(int32_t{x}); }
inline uint32_t key_of(int8_t x) { return key_of(int32_t{x}); }
inline uint32_t key_of(uint8_t x) { return x; }
inline uint32_t key_of(Truth x) { return x; }

template <class T>
using Key = decltype(key_of(T{}));

// --- the lines of an array along one axis, and where their results go

struct Lines {
    int ndim;
    int64_t count = 1, length;
    npy_intp shape[max_axes], from[max_axes], values[max_axes], places[max_axes];
    npy_intp from_step, values_step, places_step;

    Lines(const ArrayView& x, int axis, PyObject* values_array, PyObject* places_array)
        : ndim(x.ndim), length(x.shape[axis]) {
        const auto* v = PyArray_STRIDES(reinterpret_cast<PyArrayObject*>(values_array));
        const auto* p = PyArray_STRIDES(reinterpret_cast<PyArrayObject*>(places_array));
        for (int i = 0; i < ndim; ++i) {
            shape[i] = i == axis ? 1 : x.shape[i];
            count *= shape[i];
            from[i] = x.strides[i];
            values[i] = v[i];
            places[i] = p[i];
        }
        from_step = from[axis];
        values_step = values[axis];
        places_step = places[axis];
    }

    void offsets(int64_t line, int64_t& a, int64_t& b, int64_t& c) const {
        a = b = c = 0;
        for (int i = ndim - 1; i >= 0; --i) {
            const int64_t index = line % shape[i];
            line /= shape[i];
            a += index * from[i];
            b += index * values[i];
            c += index * places[i];
        }
    }
};

// Sorts keys by bytes from the lowest up, which keeps equal ones in order; bytes that are the same
// in all keys are left out. Returns where the result is: in the first pair of arrays or the second.
template <class K>
bool radix_sort(int64_t n, K* keys, uint32_t* places, K* other_keys, uint32_t* other_places) {
    constexpr int bytes = sizeof(K);
    uint32_t counts[bytes][256] = {};
    for (int64_t i = 0; i < n; ++i)
        for (int b = 0; b < bytes; ++b) ++counts[b][keys[i] >> 8 * b & 255];
    bool swapped = false;
    for (int b = 0; b < bytes; ++b) {
        if (counts[b][keys[0] >> 8 * b & 255] == n) continue;
        uint32_t start = 0;
        for (uint32_t& count : counts[b]) {
            const uint32_t next = start + count;
            count = start;
            start = next;
        }
        for (int64_t i = 0; i < n; ++i) {
            const uint32_t to = counts[b][keys[i] >> 8 * b & 255]++;
            other_keys[to] = keys[i];
            other_places[to] = places[i];
        }
        std::swap(keys, other_keys);
        std::swap(places, other_places);
        swapped = !swapped;
    }
    return swapped;
}

template <class K>
void insertion_sort(int64_t n, K* keys, uint32_t* places) {
    for (int64_t i = 1; i < n; ++i) {
        const K key = keys[i];
        const uint32_t place = places[i];
        int64_t j = i;
        for (; j > 0 && keys[j - 1] > key; --j) {
            keys[j] = keys[j - 1];
            places[j] = places[j - 1];
        }
        keys[j] = key;
        places[j] = place;
    }
}

// Writes the elements at `places` and the places themselves.
template <class T, class Place>
void write_line(int64_t n, const Place& place, const char* from, int64_t from_step, char* values,
                int64_t values_step, char* places, int64_t places_step) {
    for (int64_t i = 0; i < n; ++i) {
        const int64_t at = place(i);
        *reinterpret_cast<T*>(values + i * values_step) =
            *reinterpret_cast<const T*>(from + at * from_step);
        *reinterpret_cast<int64_t*>(places + i * places_step) = at;
    }
}

// False when there was no memory.
template <class T>
bool sort_lines(const Lines& lines, bool descending, const char* from, char* values, char* places) {
    using K = Key<T>;
    const int64_t n = lines.length;
    const K flip = descending ? ~K{0} : K{0};
    std::atomic<bool> enough{true};
    parallel_for(lines.count, std::max<int64_t>(1, parallel_grain / 16 / n),
                 [&](int64_t begin, int64_t end) {
        allocator::Scratch scratch(n * 2 * (sizeof(K) + sizeof(uint32_t)));
        if (!scratch.data()) {
            enough = false;
            return;
        }
        K* keys = static_cast<K*>(scratch.data());
        K* other_keys = keys + n;
        auto* order = reinterpret_cast<uint32_t*>(other_keys + n);
        uint32_t* other_order = order + n;
        for (int64_t line = begin; line < end; ++line) {
            int64_t a, b, c;
            lines.offsets(line, a, b, c);
            for (int64_t i = 0; i < n; ++i) {
                keys[i] =
                    key_of(*reinterpret_cast<const T*>(from + a + i * lines.from_step)) ^ flip;
                order[i] = static_cast<uint32_t>(i);
            }
            const uint32_t* sorted = order;
            if (n <= 32)
                insertion_sort(n, keys, order);
            else if (radix_sort(n, keys, order, other_keys, other_order))
                sorted = other_order;
            write_line<T>(n, [=](int64_t i) { return sorted[i]; }, from + a, lines.from_step,
                          values + b, lines.values_step, places + c, lines.places_step);
        }
    });
    return enough;
}

constexpr int64_t skipped_at_once = 16;
constexpr int64_t few = 16;  // of the largest that are kept in order

// The first place from `i` on, in steps of so many, behind which one of these is below the bound.
template <class T, class K>
int64_t skip_beyond(const T* x, int64_t i, int64_t n, K flip, K bound) {
    for (; i + skipped_at_once <= n; i += skipped_at_once) {
        K below = 0;
        for (int64_t j = 0; j < skipped_at_once; ++j)
            below |= K{(key_of(x[i + j]) ^ flip) < bound};
        if (below) break;
    }
    return i;
}

// Puts a number among the `held` least so far, which are in order and at most k.
template <class Both>
void insert(Both number, int64_t k, Both* least, int64_t& held) {
    if (held < k) ++held;
    int64_t j = held - 1;
    for (; j > 0 && least[j - 1] > number; --j) least[j] = least[j - 1];
    least[j] = number;
}

// The k first in the order of the keys, and of the places where these are equal. Few are kept in
// order; for many a buffer takes what may belong to them, and when it is full the better half stays,
// whose last is the new bound.
template <class T>
bool top_lines(const Lines& lines, int64_t k, bool largest, const char* from, char* values,
               char* places) {
    using K = Key<T>;
    using Both = std::conditional_t<sizeof(K) == 4, uint64_t, unsigned __int128>;
    const int64_t n = lines.length, room = std::min<int64_t>(n, 2 * k + 64);
    const K flip = largest ? ~K{0} : K{0};
    std::atomic<bool> enough{true};
    parallel_for(lines.count, std::max<int64_t>(1, parallel_grain / 4 / n),
                 [&](int64_t begin, int64_t end) {
        allocator::Scratch scratch(room * sizeof(Both));
        if (!scratch.data()) {
            enough = false;
            return;
        }
        Both* best = static_cast<Both*>(scratch.data());
        for (int64_t line = begin; line < end; ++line) {
            int64_t a, b, c, held = 0, looked_at = 0;
            bool bounded = false;
            lines.offsets(line, a, b, c);
            K bound = ~K{0};  // of equal keys those that come first are held already
            for (int64_t i = 0; i < n; ++i) {
                if (bounded && i >= looked_at && lines.from_step == npy_intp{sizeof(T)}) {
                    i = skip_beyond(reinterpret_cast<const T*>(from + a), i, n, flip, bound);
                    looked_at = i + skipped_at_once;
                    if (i == n) break;
                }
                const T x = *reinterpret_cast<const T*>(from + a + i * lines.from_step);
                const K key = key_of(x) ^ flip;
                if (key > bound || (key == bound && bounded)) continue;
                const Both both = static_cast<Both>(key) << 32 | static_cast<uint32_t>(i);
                if (k <= few) {
                    insert(both, k, best, held);
                    bounded = held == k;
                    if (bounded) bound = static_cast<K>(best[k - 1] >> 32);
                    continue;
                }
                best[held++] = both;
                if (held < room || room == n) continue;
                std::nth_element(best, best + k - 1, best + held);
                held = k;
                bound = static_cast<K>(best[k - 1] >> 32);
                bounded = true;
            }
            if (held > k) std::nth_element(best, best + k - 1, best + held);
            std::sort(best, best + k);
            write_line<T>(k, [=](int64_t i) { return static_cast<uint32_t>(best[i]); }, from + a,
                          lines.from_step, values + b, lines.values_step, places + c,
                          lines.places_step);
        }
    });
    return enough;
}

// The results of lines of `length`: values and places, in the order of the shape.
struct Results {
    PyObject *values = nullptr, *places = nullptr;
    Results(const ArrayView& x, int axis, npy_intp length) {
        npy_intp shape[max_axes];
        std::copy_n(x.shape, x.ndim, shape);
        shape[axis] = length;
        values = new_array(x.type, x.ndim, shape);
        places = new_array(NPY_INT64, x.ndim, shape);
    }
    // The tuple of both, or nullptr with the error that is set.
    PyObject* pack(bool enough) {
        if (values && places && !enough) PyErr_NoMemory();
        PyObject* result = values && places && enough ? PyTuple_Pack(2, values, places) : nullptr;
        Py_XDECREF(values);
        Py_XDECREF(places);
        return result;
    }
};

bool read_lines(PyObject* const* args, ArrayView& x, int& axis) {
    return view(args[0], x) && x.ndim <= max_axes && read_axis(args[1], x.ndim, axis) &&
           x.shape[axis] < (npy_intp{1} << 32) && with_element_type(x.type, [](auto) {});
}

PyObject* sort(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int axis;
    if (nargs != 3 || !read_lines(args, x, axis) || !PyBool_Check(args[2])) return nullptr;
    const bool descending = args[2] == Py_True;
    Results results(x, axis, x.shape[axis]);
    bool enough = true;
    if (results.values && results.places && x.size() > 0) {
        AllowThreads allow(x.size() >= release_lock_from / 16);
        const Lines lines(x, axis, results.values, results.places);
        with_element_type(x.type, [&](auto zero) {
            enough = sort_lines<decltype(zero)>(lines, descending, x.data,
                                                data_of<char>(results.values),
                                                data_of<char>(results.places));
        });
    }
    return results.pack(enough);
}

PyObject* topk(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int axis;
    if (nargs != 4 || !PyLong_Check(args[2]) || !PyBool_Check(args[3])) return nullptr;
    if (!read_lines(args, x, axis)) return nullptr;
    const Py_ssize_t k = PyLong_AsSsize_t(args[2]);
    if (k < 0 || k > x.shape[axis]) {
        PyErr_Clear();
        return nullptr;
    }
    const bool largest = args[3] == Py_True;
    Results results(x, axis, k);
    bool enough = true;
    if (results.values && results.places && x.size() > 0 && k > 0) {
        AllowThreads allow(x.size() >= release_lock_from / 4);
        const Lines lines(x, axis, results.values, results.places);
        with_element_type(x.type, [&](auto zero) {
            enough = top_lines<decltype(zero)>(lines, k, largest, x.data,
                                               data_of<char>(results.values),
                                               data_of<char>(results.places));
        });
    }
    return results.pack(enough);
}

// --- one place of the order

// Where in each line the element stands that `choose(keys, how many are no nan, n)` says: it puts
// keys in an order and returns the place of one.
template <class T, class Choose>
bool place_lines(const Lines& lines, const Choose& choose, const char* from, char* places) {
    using K = Key<T>;
    using Both = std::conditional_t<sizeof(K) == 4, uint64_t, unsigned __int128>;
    const int64_t n = lines.length;
    std::atomic<bool> enough{true};
    parallel_for(lines.count, std::max<int64_t>(1, parallel_grain / 8 / n),
                 [&](int64_t begin, int64_t end) {
        allocator::Scratch scratch(n * sizeof(Both));
        if (!scratch.data()) {
            enough = false;
            return;
        }
        Both* keys = static_cast<Both*>(scratch.data());
        for (int64_t line = begin; line < end; ++line) {
            int64_t a, b, c, numbers = 0;
            lines.offsets(line, a, b, c);
            for (int64_t i = 0; i < n; ++i) {
                const T x = *reinterpret_cast<const T*>(from + a + i * lines.from_step);
                numbers += x == x;
                keys[i] = static_cast<Both>(key_of(x)) << 32 | static_cast<uint32_t>(i);
            }
            const int64_t place = choose(keys, numbers, n);
            *reinterpret_cast<int64_t*>(places + c) = static_cast<uint32_t>(keys[place]);
        }
    });
    return enough;
}

// The places in lines of an axis, which has elements and of which one remains.
template <class Choose>
PyObject* find_places(const ArrayView& x, int axis, const Choose& choose) {
    npy_intp shape[max_axes];
    std::copy_n(x.shape, x.ndim, shape);
    shape[axis] = 1;
    PyObject* result = new_array(NPY_INT64, x.ndim, shape);
    if (!result || x.size() == 0) return result;
    bool enough = true;
    {
        AllowThreads allow(x.size() >= release_lock_from / 4);
        const Lines lines(x, axis, result, result);
        with_element_type(x.type, [&](auto zero) {
            enough = place_lines<decltype(zero)>(lines, choose, x.data, data_of<char>(result));
        });
    }
    if (enough) return result;
    Py_DECREF(result);
    return PyErr_NoMemory();
}

PyObject* kth_place(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int axis;
    if (nargs != 3 || !PyLong_Check(args[2]) || !read_lines(args, x, axis)) return nullptr;
    const Py_ssize_t k = PyLong_AsSsize_t(args[2]);
    if (k < 0 || k >= x.shape[axis]) {
        PyErr_Clear();
        return nullptr;
    }
    return find_places(x, axis, [=](auto* keys, int64_t, int64_t n) {
        std::nth_element(keys, keys + k, keys + n);
        return int64_t{k};
    });
}

PyObject* median_place(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int axis;
    if (nargs != 3 || !PyBool_Check(args[2]) || !read_lines(args, x, axis) || x.shape[axis] == 0)
        return nullptr;
    const bool skips_nan = args[2] == Py_True;
    return find_places(x, axis, [=](auto* keys, int64_t numbers, int64_t n) {
        int64_t place = numbers < n ? numbers : (n - 1) / 2;  // a nan: the first behind numbers
        if (skips_nan) place = (std::max<int64_t>(numbers, 1) - 1) / 2;
        std::nth_element(keys, keys + place, keys + n);
        return place;
    });
}

// The last of the most frequent elements, the smallest of several; each nan is one by itself.
PyObject* mode_place(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int axis;
    if (nargs != 2 || !read_lines(args, x, axis) || x.shape[axis] == 0) return nullptr;
    return find_places(x, axis, [](auto* keys, int64_t numbers, int64_t n) {
        std::sort(keys, keys + n);
        int64_t best = 0, longest = 0, start = 0;
        for (int64_t i = 0; i < n; ++i) {
            if (i > numbers || (i > 0 && keys[i] >> 32 != keys[i - 1] >> 32)) start = i;
            if (i - start <= longest) continue;
            longest = i - start;
            best = i;
        }
        return best;
    });
}

}  // namespace

PyMethodDef sorting_methods[] = {
    method<"sort", sort>(
        "sort(x, axis, descending)\n--\n\nThe elements in order, and where they stood."),
    method<"topk", topk>(
        "topk(x, axis, k, largest)\n--\n\nThe first k in order, and where they stood."),
    method<"kth_place", kth_place>("kth_place(x, axis, k)\n--\n\nWhere the k-th smallest stands."),
    method<"median_place", median_place>(
        "median_place(x, axis, skips_nan)\n--\n\nWhere the median stands."),
    method<"mode_place", mode_place>(
        "mode_place(x, axis)\n--\n\nWhere the last of the most frequent elements stands."),
    {}};

}  // namespace rushlight
