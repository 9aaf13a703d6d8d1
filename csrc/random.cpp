// Draws from the generator state that kernels/base/random.py describes, with its results bit for
// bit: what training draws often, and the initialisation of layers.
#include <cstring>

#include "array_view.h"
#include "instruction_sets.h"
#include "iteration.h"

namespace rushlight {

namespace {

constexpr int64_t key_length = 624, state_length = 632;
constexpr int64_t chunk = 4096;  // raw numbers at a time: they stay in the first-level cache

// The numbers of a state array, before they are tempered.
class Twister {
public:
    explicit Twister(uint32_t* state) : key_(state), position_(state + key_length) {}

    void fill(uint32_t* to, int64_t count) {
        while (count > 0) {
            if (*position_ >= key_length) {
                bit_loops.twister_refill(key_);
                *position_ = 0;
            }
            const int64_t taken = std::min<int64_t>(count, key_length - *position_);
            std::memcpy(to, key_ + *position_, taken * sizeof(uint32_t));
            *position_ += static_cast<uint32_t>(taken);
            to += taken;
            count -= taken;
        }
    }

private:
    uint32_t* key_;
    uint32_t* position_;
};

bool read_state(PyObject* object, uint32_t*& state) {
    ArrayView v;
    if (!view(object, v) || v.type != NPY_UINT32 || v.size() != state_length || !v.is_contiguous ||
        !v.is_writeable())
        return false;
    state = v.as<uint32_t>();
    return true;
}

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
    if (nargs != 3 || !read_state(args[0], state) || !PyFloat_Check(args[2])) return nullptr;
    const double p = PyFloat_AS_DOUBLE(args[2]);
    PyObject* result = new_of_shape(args[1], NPY_BOOL);
    if (!result) return nullptr;
    auto* out = data_of<uint8_t>(result);
    draw(state, size_of(result), 2, [=](int64_t n, const uint32_t* raw, int64_t begin) {
        bit_loops.twister_bernoulli(n, raw, p, out + begin);
    });
    return result;
}

PyObject* random_uniform(PyObject* const* args, Py_ssize_t nargs) {
    uint32_t* state;
    PyArray_Descr* descriptor = nullptr;
    if (nargs != 5 || !read_state(args[0], state)) return nullptr;
    const double low = PyFloat_AsDouble(args[2]), high = PyFloat_AsDouble(args[3]);
    if (PyErr_Occurred() || !PyArray_DescrConverter(args[4], &descriptor)) return nullptr;
    const int type = descriptor->type_num;
    Py_DECREF(descriptor);
    if (type != NPY_FLOAT) return nullptr;
    PyObject* result = new_of_shape(args[1], NPY_FLOAT);
    if (!result) return nullptr;
    float* out = data_of<float>(result);
    draw(state, size_of(result), 1, [=](int64_t n, const uint32_t* raw, int64_t begin) {
        bit_loops.twister_uniform(n, raw, static_cast<float>(low), static_cast<float>(high),
                                  out + begin);
    });
    return result;
}

}  // namespace

PyMethodDef random_methods[] = {
    method<"random_bernoulli", random_bernoulli>(
        "random_bernoulli(state, shape, p)\n--\n\nTrue with probability p."),
    method<"random_uniform", random_uniform>(
        "random_uniform(state, shape, low, high, dtype)\n--\n\nUniform in [low, high)."),
    {}};

}  // namespace rushlight
