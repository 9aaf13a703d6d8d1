// Draws from the generator state that kernels/base/random.py describes, with its results bit for
// bit: what training draws often, and the initialisation of layers.
#include <cmath>
#include <cstring>
#include <limits>

#include "allocator.h"
#include "array_view.h"
#include "copies.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "twister.h"

namespace rushlight {

namespace {

constexpr int64_t chunk = 4096;  // raw numbers at a time: they stay in the first-level cache

// A new contiguous array of the shape that a tuple of integers gives.
PyObject* new_of_shape(PyObject* tuple, int type) {
    if (!PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) > max_axes) return nullptr;
    npy_intp shape[max_axes];
    const auto ndim = static_cast<int>(PyTuple_GET_SIZE(tuple));
    for (int i = 0; i < ndim; ++i) {
        shape[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(tuple, i));
        if (shape[i] < 0) return nullptr;
    }
    return new_array(type, ndim, shape);
}

int64_t size_of(PyObject* array) {
    return PyArray_SIZE(reinterpret_cast<PyArrayObject*>(array));
}

// Fills `size` elements: make(n, raw numbers, place), `each` raw numbers for an element. The Python
// lock stays: no other thread may draw from the same state meanwhile.
template <class Make>
void draw(uint32_t* state, int64_t size, int64_t each, const Make& make) {
    Twister twister(state);
    uint32_t raw[chunk];
    for (int64_t begin = 0; begin < size; begin += chunk / each) {
        const int64_t n = std::min(chunk / each, size - begin);
        twister.fill(raw, n * each);
        make(n, raw, begin);
    }
}

PyObject* random_bernoulli(PyObject* const* args, Py_ssize_t nargs) {
    uint32_t* state;
    if (nargs != 3 || !read_state(args[0], state)) return nullptr;
    ArrayView p;
    const bool one = PyFloat_Check(args[2]);
    if (!one && (!view(args[2], p) || !p.is_contiguous)) return nullptr;
    if (!one && p.type != NPY_FLOAT && p.type != NPY_DOUBLE) return nullptr;
    PyObject* result = new_of_shape(args[1], NPY_BOOL);
    if (!result) return nullptr;
    ArrayView made;
    if (!one && (!view(result, made) || !same_shape(made, p))) {
        Py_DECREF(result);
        return nullptr;
    }
    auto* out = data_of<uint8_t>(result);
    const int64_t size = size_of(result);
    if (one) {
        const double probability = PyFloat_AS_DOUBLE(args[2]);
        draw(state, size, 2, [=](int64_t n, const uint32_t* raw, int64_t begin) {
            bit_loops.twister_bernoulli(n, raw, probability, out + begin);
        });
    } else if (p.type == NPY_FLOAT) {
        draw(state, size, 1, [&](int64_t n, const uint32_t* raw, int64_t begin) {
            bit_loops.twister_bernoulli_of(n, raw, p.as<float>() + begin, out + begin);
        });
    } else {
        draw(state, size, 2, [&](int64_t n, const uint32_t* raw, int64_t begin) {
            bit_loops.twister_bernoulli_of64(n, raw, p.as<double>() + begin, out + begin);
        });
    }
    return result;
}

// Arguments state, shape, two numbers, dtype; the result is made for a dtype of float32 or float64.
PyObject* read_drawn(PyObject* const* args, Py_ssize_t nargs, uint32_t*& state, double& a,
                     double& b, int& type) {
    if (nargs != 5 || !read_state(args[0], state)) return nullptr;
    a = PyFloat_AsDouble(args[2]);
    b = PyFloat_AsDouble(args[3]);
    if (PyErr_Occurred()) return nullptr;
    type = type_of(args[4]);
    return type == NPY_FLOAT || type == NPY_DOUBLE ? new_of_shape(args[1], type) : nullptr;
}

PyObject* random_uniform(PyObject* const* args, Py_ssize_t nargs) {
    uint32_t* state;
    double low, high;
    int type;
    PyObject* result = read_drawn(args, nargs, state, low, high, type);
    if (!result) return nullptr;
    if (type == NPY_FLOAT) {
        float* out = data_of<float>(result);
        draw(state, size_of(result), 1, [=](int64_t n, const uint32_t* raw, int64_t begin) {
            bit_loops.twister_uniform(n, raw, static_cast<float>(low), static_cast<float>(high),
                                      out + begin);
        });
    } else {
        double* out = data_of<double>(result);
        draw(state, size_of(result), 2, [=](int64_t n, const uint32_t* raw, int64_t begin) {
            bit_loops.twister_uniform64(n, raw, low, high, out + begin);
        });
    }
    return result;
}

// --- normal variates

// Pairs in float64; of an odd number of new ones the second waits in the state.
template <class T>
void paired_normals(uint32_t* state, int64_t size, double mean, double std, T* out) {
    int64_t made = 0;
    double waiting;
    if (size > 0 && state[has_normal]) {
        std::memcpy(&waiting, state + normal_bits, sizeof waiting);
        out[made++] = static_cast<T>(std::fma(waiting, std, mean));
        state[has_normal] = 0;
        waiting = 0.0;
        std::memcpy(state + normal_bits, &waiting, sizeof waiting);
    }
    Twister twister(state);
    for (; made < size; made += 2) {
        uint32_t raw[4], numbers[4];
        twister.fill(raw, 4);
        bit_loops.twister_temper(4, raw, numbers);
        const double u1 = unit(numbers[0], numbers[1]), u2 = unit(numbers[2], numbers[3]);
        const double radius = std::sqrt(-2.0 * std::log1p(-u2)), angle = 2.0 * M_PI * u1;
        out[made] = static_cast<T>(std::fma(radius * std::cos(angle), std, mean));
        const double second = radius * std::sin(angle);
        if (made + 1 < size) {
            out[made + 1] = static_cast<T>(std::fma(second, std, mean));
        } else {
            state[has_normal] = 1;
            std::memcpy(state + normal_bits, &second, sizeof second);
        }
    }
}

// Blocks of 16, and where that leaves a rest, 16 new ones over the last 16. As PyTorch fills its
// result with uniforms first, the rest costs draws although its values are not used.
template <class T, class Normal>
void many_normals(uint32_t* state, int64_t size, double mean, double std, T* out, Normal normal) {
    constexpr int64_t each = sizeof(T) / sizeof(uint32_t);
    const int64_t whole = size / 16 * 16;
    const auto make = [=](int64_t n, const uint32_t* raw, int64_t begin) {
        normal(n / 16, raw, static_cast<T>(mean), static_cast<T>(std), out + begin);
    };
    draw(state, whole, each, make);
    if (whole == size) return;
    draw(state, size - whole, each, [](int64_t, const uint32_t*, int64_t) {});
    draw(state, 16, each, [=](int64_t n, const uint32_t* raw, int64_t) {
        make(n, raw, size - 16);
    });
}

// Under 16, or where the caller asks for it, in pairs.
template <class T, class Normal>
void normals(uint32_t* state, PyObject* result, double mean, double std, bool paired,
             Normal normal) {
    const int64_t size = size_of(result);
    if (size < 16 || paired)
        paired_normals(state, size, mean, std, data_of<T>(result));
    else
        many_normals(state, size, mean, std, data_of<T>(result), normal);
}

PyObject* random_normal(PyObject* const* args, Py_ssize_t nargs) {
    uint32_t* state;
    double mean, std;
    int type;
    const bool paired = nargs == 6 && args[5] == Py_True;
    PyObject* result = read_drawn(args, nargs == 6 ? 5 : nargs, state, mean, std, type);
    if (!result) return nullptr;
    if (type == NPY_FLOAT)
        normals<float>(state, result, mean, std, paired, bit_loops.twister_normal);
    else
        normals<double>(state, result, mean, std, paired, bit_loops.twister_normal64);
    return result;
}

PyObject* random_exponential(PyObject* const* args, Py_ssize_t nargs) {
    uint32_t* state;
    if (nargs != 4 || !read_state(args[0], state)) return nullptr;
    const double rate = PyFloat_AsDouble(args[2]);
    if (PyErr_Occurred()) return nullptr;
    const int type = type_of(args[3]);
    if (type != NPY_FLOAT && type != NPY_DOUBLE) return nullptr;
    PyObject* result = new_of_shape(args[1], type);
    if (!result) return nullptr;
    draw(state, size_of(result), 2, [=](int64_t n, const uint32_t* raw, int64_t begin) {
        if (type == NPY_DOUBLE) {
            bit_loops.twister_exponential(n, raw, -1.0 / rate, data_of<double>(result) + begin);
            return;
        }
        double values[chunk / 2];
        bit_loops.twister_exponential(n, raw, -1.0 / rate, values);
        std::copy_n(values, n, data_of<float>(result) + begin);
    });
    return result;
}

// --- whole numbers

// The remainder of 32-bit numbers by a fixed divisor, without a division: the low half of
// number * (2^64 / divisor) is its fractional part (Lemire, Kaser and Kurz 2019).
class Remainder {
public:
    explicit Remainder(uint32_t divisor)
        : divisor_(divisor), inverse_(~uint64_t{0} / divisor + 1) {}
    uint64_t operator()(uint32_t number) const {
        const uint64_t fraction = inverse_ * number;
        return static_cast<uint64_t>(static_cast<unsigned __int128>(fraction) * divisor_ >> 64);
    }

private:
    uint64_t divisor_, inverse_;
};

// low + draw % span; a wide draw takes two numbers. False where there is no conversion to `type`.
bool draw_integers(uint32_t* state, PyObject* result, int type, int64_t low, uint64_t span,
                   bool wide) {
    const BitLoops::Row cast = find_cast(NPY_INT64, type);
    if (!cast) return false;
    char* out = data_of<char>(result);
    const npy_intp item = PyArray_ITEMSIZE(reinterpret_cast<PyArrayObject*>(result));
    const Remainder remainder(wide ? 1 : static_cast<uint32_t>(span));
    draw(state, size_of(result), wide ? 2 : 1, [=](int64_t n, const uint32_t* raw, int64_t begin) {
        uint32_t numbers[chunk];
        int64_t values[chunk];
        bit_loops.twister_temper(wide ? 2 * n : n, raw, numbers);
        for (int64_t i = 0; i < n; ++i) {
            const uint64_t value =
                wide ? (uint64_t{numbers[2 * i]} << 32 | numbers[2 * i + 1]) % span
                     : remainder(numbers[i]);
            values[i] = static_cast<int64_t>(value + static_cast<uint64_t>(low));
        }
        cast(n, reinterpret_cast<const char*>(values), 8, out + begin * item, item);
    });
    return true;
}

PyObject* integers_of_shape(uint32_t* state, PyObject* shape, int type, int64_t low, uint64_t span,
                            bool wide) {
    if (!find_cast(NPY_INT64, type)) return nullptr;
    PyObject* result = new_of_shape(shape, type);
    if (result) draw_integers(state, result, type, low, span, wide);
    return result;
}

PyObject* random_integers(PyObject* const* args, Py_ssize_t nargs) {
    uint32_t* state;
    if (nargs != 5 || !read_state(args[0], state) || !PyLong_Check(args[2]) ||
        !PyLong_Check(args[3]))
        return nullptr;
    int below, above;
    const int64_t low = PyLong_AsLongLongAndOverflow(args[2], &below);
    const int64_t high = PyLong_AsLongLongAndOverflow(args[3], &above);
    const int type = type_of(args[4]);
    if (below || above || low >= high) return nullptr;  // the whole range is the base's
    const uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
    return integers_of_shape(state, args[1], type, low, span, span >= uint64_t{1} << 28);
}

PyObject* random_full_range(PyObject* const* args, Py_ssize_t nargs) {
    uint32_t* state;
    if (nargs != 3 || !read_state(args[0], state)) return nullptr;
    const int type = type_of(args[2]);
    uint64_t span;
    switch (type) {
        case NPY_BOOL: span = 2; break;
        case NPY_UINT8: span = uint64_t{1} << 8; break;
        case NPY_INT8: span = uint64_t{1} << 7; break;
        case NPY_INT16: span = uint64_t{1} << 15; break;
        case NPY_INT32: span = uint64_t{1} << 31; break;
        case NPY_INT64: span = uint64_t{1} << 63; break;
        case NPY_FLOAT: span = (uint64_t{1} << 24) + 1; break;
        case NPY_DOUBLE: span = (uint64_t{1} << 53) + 1; break;
        default: return nullptr;
    }
    const bool is_wide = type == NPY_INT64 || type == NPY_DOUBLE;
    return integers_of_shape(state, args[1], type, 0, span, is_wide);
}

// 0 .. n-1 shuffled (Fisher and Yates).
PyObject* random_permutation(PyObject* const* args, Py_ssize_t nargs) {
    uint32_t* state;
    if (nargs != 2 || !read_state(args[0], state) || !PyLong_Check(args[1])) return nullptr;
    const Py_ssize_t n = PyLong_AsSsize_t(args[1]);
    constexpr Py_ssize_t large = 0xffffffff / 20;  // from here on PyTorch draws otherwise
    if (n < 0 || n >= large) {
        PyErr_Clear();
        return nullptr;
    }
    npy_intp shape[] = {n};
    PyObject* result = new_array(NPY_INT64, 1, shape);
    if (!result) return nullptr;
    auto* out = data_of<int64_t>(result);
    for (int64_t i = 0; i < n; ++i) out[i] = i;
    draw(state, std::max<int64_t>(n - 1, 0), 1,
         [=](int64_t count, const uint32_t* raw, int64_t begin) {
        uint32_t numbers[chunk];
        bit_loops.twister_temper(count, raw, numbers);
        for (int64_t i = 0; i < count; ++i) {
            const auto here = static_cast<uint32_t>(begin + i);
            std::swap(out[here], out[here + numbers[i] % (static_cast<uint32_t>(n) - here)]);
        }
    });
    return result;
}

// --- indices drawn with weights

// Finite, none of them negative, and something to draw from.
template <class T>
bool are_weights(const T* weights, int64_t n) {
    constexpr T most = std::numeric_limits<T>::max();
    int64_t wrong = 0, positive = 0;
    for (int64_t i = 0; i < n; ++i) {
        wrong += !(weights[i] >= 0 && weights[i] <= most);
        positive += weights[i] > 0;
    }
    return wrong == 0 && positive > 0;
}

// The first index whose running sum of weights, divided by that of all, reaches the number drawn.
// A division for each comparison: few of the sums are looked at.
template <class T>
void draw_repeatedly(uint32_t* state, const T* weights, int64_t n, int64_t samples, T* sums,
                     int64_t* out) {
    T sum = 0;
    for (int64_t i = 0; i < n; ++i) sums[i] = sum += weights[i];
    const auto is_below = [sum](T before, double drawn) { return before / sum < drawn; };
    draw(state, samples, 2, [=](int64_t count, const uint32_t* raw, int64_t begin) {
        uint32_t numbers[chunk];
        bit_loops.twister_temper(2 * count, raw, numbers);
        for (int64_t i = 0; i < count; ++i) {
            const double drawn = unit(numbers[2 * i], numbers[2 * i + 1]);
            out[begin + i] = std::lower_bound(sums, sums + n - 1, drawn, is_below) - sums;
        }
    });
}

// Exponential variates with the weights as rates: the earliest are the sample. `keys` becomes
// weight / variate, the greatest of which are picked.
template <class T>
void race(uint32_t* state, const T* weights, int64_t n, T* keys) {
    draw(state, n, 2, [=](int64_t count, const uint32_t* raw, int64_t begin) {
        double variates[chunk / 2];
        bit_loops.twister_exponential(count, raw, -1.0, variates);
        for (int64_t i = 0; i < count; ++i)
            keys[begin + i] = weights[begin + i] == 0  // also where the variate is 0
                                  ? 0
                                  : weights[begin + i] / static_cast<T>(variates[i]);
    });
}

template <class T>
void pick_greatest(const T* keys, int64_t n, int64_t samples, int64_t* places, int64_t* out) {
    for (int64_t i = 0; i < n; ++i) places[i] = i;
    std::partial_sort(places, places + samples, places + n, [=](int64_t a, int64_t b) {
        return keys[a] > keys[b] || (keys[a] == keys[b] && a < b);
    });
    std::copy_n(places, samples, out);
}

template <class T>
PyObject* multinomial(uint32_t* state, const ArrayView& p, int64_t samples, bool repeatedly) {
    const int64_t n = p.shape[p.ndim - 1], rows = p.ndim == 2 ? p.shape[0] : 1;
    for (int64_t row = 0; row < rows; ++row)
        if (!are_weights(p.as<T>() + row * n, n)) return nullptr;  // the base says which
    npy_intp shape[2] = {rows, samples};
    PyObject* result = new_array(NPY_INT64, p.ndim, p.ndim == 2 ? shape : shape + 1);
    if (!result) return nullptr;
    const bool one = samples == 1;
    allocator::Scratch keys((one || !repeatedly ? rows * n : n) * sizeof(T));
    allocator::Scratch places(one || repeatedly ? 1 : n * sizeof(int64_t));
    if (!keys.data() || !places.data()) {
        Py_DECREF(result);
        return PyErr_NoMemory();
    }
    auto* out = data_of<int64_t>(result);
    auto* numbers = static_cast<T*>(keys.data());
    if (one || !repeatedly) race(state, p.as<T>(), rows * n, numbers);
    for (int64_t row = 0; row < rows; ++row, out += samples) {
        if (one)
            *out = std::max_element(numbers + row * n, numbers + (row + 1) * n) - numbers - row * n;
        else if (repeatedly)
            draw_repeatedly(state, p.as<T>() + row * n, n, samples, numbers, out);
        else
            pick_greatest(numbers + row * n, n, samples, static_cast<int64_t*>(places.data()), out);
    }
    return result;
}

PyObject* random_multinomial(PyObject* const* args, Py_ssize_t nargs) {
    uint32_t* state;
    ArrayView p;
    if (nargs != 4 || !read_state(args[0], state) || !view(args[1], p) || !p.is_contiguous ||
        p.ndim < 1 || p.ndim > 2 || p.size() == 0 || !PyLong_Check(args[2]) ||
        !PyBool_Check(args[3]))
        return nullptr;
    const int64_t samples = PyLong_AsLongLong(args[2]), n = p.shape[p.ndim - 1];
    const bool repeatedly = args[3] == Py_True;
    if (samples < 1 || (samples > n && !repeatedly)) return nullptr;
    if (p.type == NPY_FLOAT) return multinomial<float>(state, p, samples, repeatedly);
    return p.type == NPY_DOUBLE ? multinomial<double>(state, p, samples, repeatedly) : nullptr;
}

}  // namespace

PyMethodDef random_methods[] = {
    method<"random_bernoulli", random_bernoulli>(
        "random_bernoulli(state, shape, p)\n--\n\nTrue with probability p."),
    method<"random_uniform", random_uniform>(
        "random_uniform(state, shape, low, high, dtype)\n--\n\nUniform in [low, high)."),
    method<"random_normal", random_normal>(
        "random_normal(state, shape, mean, std, dtype, paired=False)\n--\n\n"
        "mean + std * z, z standard normal."),
    method<"random_exponential", random_exponential>(
        "random_exponential(state, shape, rate, dtype)\n--\n\n-log(1 - u) / rate."),
    method<"random_integers", random_integers>(
        "random_integers(state, shape, low, high, dtype)\n--\n\nIntegers in [low, high)."),
    method<"random_full_range", random_full_range>(
        "random_full_range(state, shape, dtype)\n--\n\nIntegers from all that are not negative."),
    method<"random_multinomial", random_multinomial>(
        "random_multinomial(state, probabilities, num_samples, replacement)\n--\n\n"
        "Indices drawn with the weights of each row."),
    method<"random_permutation", random_permutation>(
        "random_permutation(state, n)\n--\n\n0 .. n-1 in a random order."),
    {}};

}  // namespace rushlight
