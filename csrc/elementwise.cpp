// Elementwise kernels over arrays (and Python numbers) that broadcast: those of the list in
// loops/elementwise.def.
//
// A function here that returns nullptr without a Python error does not cover its arguments; the
// wrapper kernel<> then calls the base implementation.
#include <cmath>
#include <cstring>
#include <limits>

#include "array_view.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

enum class Parameters { none, one, two, bounds };

constexpr int count_of(Parameters parameters) {
    return parameters == Parameters::none ? 0 : parameters == Parameters::one ? 1 : 2;
}

constexpr int64_t size_of[element_types] = {4, 8, 8, 4, 2, 1, 1, 1};
constexpr int widest = 8;  // bytes of an element

// What a line of the list says of a kernel, besides its formula.
struct Kind {
    bool selects;    // the first operand is bool, whatever the others are
    bool tells;      // the result is bool
    bool is_costly;  // exp and its like take two to five times as long as an addition
};

template <class First, class Result>
constexpr Kind kind_of(unsigned types) {
    constexpr bool selects = sizeof(First) == 1, tells = sizeof(Result) == 1;
    return {selects, tells, types == floats && !tells};
}

// Stands for the type of the elements where the list is read for kinds.
struct T {
    char bytes[widest];
};
constexpr Kind kinds[] = {
#define OPERATION(types, First, Result, ...) kind_of<First, Result>(types),
#include "loops/elementwise.def"
};

// element_types for a type of array that has no loops.
ElementType element_type_of(int numpy) {
    switch (numpy) {
        case NPY_FLOAT: return float32;
        case NPY_DOUBLE: return float64;
        case NPY_INT64: return int64;
        case NPY_INT32: return int32;
        case NPY_INT16: return int16;
        case NPY_INT8: return int8;
        case NPY_UINT8: return uint8;
        case NPY_BOOL: return boolean;
    }
    return element_types;
}

// --- numbers -------------------------------------------------------------------------------------

template <class Number>
bool read_floating(PyObject* object, void* to) {
    if (!PyFloat_CheckExact(object) && !PyLong_CheckExact(object)) return false;
    const double value = PyFloat_AsDouble(object);
    if (value == -1.0 && PyErr_Occurred()) {  // an integer beyond float64: NumPy says what it is
        PyErr_Clear();
        return false;
    }
    const auto number = static_cast<Number>(value);
    std::memcpy(to, &number, sizeof number);
    return std::isfinite(number) || !std::isfinite(value);  // NumPy warns of an overflow
}

template <class Number>
bool read_whole(PyObject* object, void* to) {
    if (!PyLong_CheckExact(object)) return false;
    int overflow;
    const long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
    const auto number = static_cast<Number>(value);
    std::memcpy(to, &number, sizeof number);
    return !overflow && number == value;
}

// A Python number takes the type of the array that it meets. False where it does not fit.
bool read_number(PyObject* object, ElementType type, void* to) {
    switch (type) {
        case float32: return read_floating<float>(object, to);
        case float64: return read_floating<double>(object, to);
        case int64: return read_whole<int64_t>(object, to);
        case int32: return read_whole<int32_t>(object, to);
        case int16: return read_whole<int16_t>(object, to);
        case int8: return read_whole<int8_t>(object, to);
        case uint8: return read_whole<uint8_t>(object, to);
        default: return false;
    }
}

template <class Number>
void write_bound(bool lower, void* to) {
    using Limits = std::numeric_limits<Number>;
    Number bound = lower ? Limits::lowest() : Limits::max();
    if (Limits::has_infinity) bound = lower ? -Limits::infinity() : Limits::infinity();
    std::memcpy(to, &bound, sizeof bound);
}

// The bound that stands for None.
void write_no_bound(ElementType type, bool lower, void* to) {
    switch (type) {
        case float32: return write_bound<float>(lower, to);
        case float64: return write_bound<double>(lower, to);
        case int64: return write_bound<int64_t>(lower, to);
        case int32: return write_bound<int32_t>(lower, to);
        case int16: return write_bound<int16_t>(lower, to);
        case int8: return write_bound<int8_t>(lower, to);
        default: return write_bound<uint8_t>(lower, to);
    }
}

// Two parameters side by side, as a loop wants them.
bool read_parameters(PyObject* const* args, Parameters parameters, ElementType type, char* to) {
    for (int i = 0; i < count_of(parameters); ++i) {
        char* place = to + i * size_of[type];
        if (parameters == Parameters::bounds && args[i] == Py_None)
            write_no_bound(type, i == 0, place);
        else if (!read_number(args[i], type, place))
            return false;
    }
    return true;
}

// --- rows ----------------------------------------------------------------------------------------

template <class U>
void move_strided(int64_t n, const char* from, int64_t from_stride, char* to, int64_t to_stride) {
    if (from_stride == 0 && to_stride == sizeof(U)) {
        std::fill_n(reinterpret_cast<U*>(to), n, *reinterpret_cast<const U*>(from));
        return;
    }
    for (int64_t i = 0; i < n; ++i)
        *reinterpret_cast<U*>(to + i * to_stride) =
            *reinterpret_cast<const U*>(from + i * from_stride);
}

void move(int64_t n, int64_t item, const char* from, int64_t from_stride, char* to,
          int64_t to_stride) {
    if (from_stride == item && to_stride == item && n * item >= 32)  // else the call takes longer
        std::memcpy(to, from, n * item);
    else if (item == 8)
        move_strided<uint64_t>(n, from, from_stride, to, to_stride);
    else if (item == 4)
        move_strided<uint32_t>(n, from, from_stride, to, to_stride);
    else if (item == 2)
        move_strided<uint16_t>(n, from, from_stride, to, to_stride);
    else
        move_strided<uint8_t>(n, from, from_stride, to, to_stride);
}

// One operation on one type: how a row of elements is worked off.
template <int arrays>
class Row {
public:
    Row(Operation operation, ElementType type, const char* parameters)
        : loops_(tables.elementwise.of[operation][type]),
          parameters_(parameters),
          block_(elementwise_block / size_of[type]),
          has_number_loops_(operation != op_pow) {
        for (int k = 0; k < arrays; ++k) items_[k] = size_of[type];
        if (kinds[operation].selects) items_[0] = 1;
        items_[arrays] = kinds[operation].tells ? 1 : size_of[type];
    }
    bool exists() const { return loops_.dense; }

    // Blocks that lie side by side as they are, the rest by way of small buffers: a loop has no
    // second form for the last elements of a row, or for elements with gaps between them.
    void operator()(int64_t n, char* const* data, const int64_t* strides) const {
        char* at[arrays + 1];
        std::copy_n(data, arrays + 1, at);
        const Elementwise::Dense loop = dense_loop(strides);
        const int64_t whole = n / block_ * block_;
        if (loop && whole) {
            call(loop, whole, at);
            for (int k = 0; k <= arrays; ++k) at[k] += whole * strides[k];
            n -= whole;
        } else if (whole >= buffer_elements && are_dense_or_numbers(strides)) {
            beside_numbers(whole, at, strides);
            n -= whole;
        }
        while (n > 0) {
            const int64_t taken = std::min(n, buffer_elements);
            through_buffers(loop, taken, at, strides);
            for (int k = 0; k <= arrays; ++k) at[k] += taken * strides[k];
            n -= taken;
        }
    }

    // Short rows are put together, or each would cost as much as a long one. Of a short row that is
    // repeated there are copies side by side.
    void operator()(int64_t rows, int64_t n, char* const* data, const int64_t* outer,
                    const int64_t* inner) const {
        if (rows == 1 || n > longest_short_row) {
            char* at[arrays + 1];
            for (int64_t r = 0; r < rows; ++r) {
                for (int k = 0; k <= arrays; ++k) at[k] = data[k] + r * outer[k];
                (*this)(n, at, inner);
            }
            return;
        }
        alignas(64) char buffers[arrays + 1][joined_elements * widest];
        bool in_place[arrays + 1], is_number[arrays + 1];
        int64_t group = std::min(rows, joined_elements / n);
        if (group > block_) group -= group % block_;  // whole blocks
        for (int k = 0; k <= arrays; ++k) {
            in_place[k] = inner[k] == items_[k] && outer[k] == n * items_[k];
            is_number[k] = inner[k] == 0 && outer[k] == 0;
            if (!in_place[k] && !is_number[k] && k < arrays && outer[k] == 0)
                gather(group, n, k, data[k], 0, inner[k], buffers[k]);
        }
        for (int64_t r = 0; r < rows; r += group) {
            const int64_t taken = std::min(group, rows - r);
            char* at[arrays + 1];
            int64_t strides[arrays + 1];
            for (int k = 0; k <= arrays; ++k) {
                const bool direct = in_place[k] || is_number[k];
                at[k] = direct ? data[k] + r * outer[k] : buffers[k];
                strides[k] = is_number[k] ? 0 : items_[k];
                if (!direct && k < arrays && outer[k] != 0)
                    gather(taken, n, k, data[k] + r * outer[k], outer[k], inner[k], buffers[k]);
            }
            (*this)(taken * n, at, strides);
            if (in_place[arrays]) continue;
            for (int64_t i = 0; i < taken; ++i)
                move(n, items_[arrays], buffers[arrays] + i * n * items_[arrays], items_[arrays],
                     data[arrays] + (r + i) * outer[arrays], inner[arrays]);
        }
    }

private:
    static constexpr int64_t buffer_elements = 256, joined_elements = 1024;
    static constexpr int64_t longest_short_row = 256;

    void gather(int64_t rows, int64_t n, int k, const char* from, int64_t outer, int64_t inner,
                char* to) const {
        for (int64_t i = 0; i < rows; ++i)
            move(n, items_[k], from + i * outer, inner, to + i * n * items_[k], items_[k]);
    }

    // The loop for a row whose elements lie side by side; nullptr if they do not.
    Elementwise::Dense dense_loop(const int64_t* strides) const {
        bool is_dense[arrays + 1];
        for (int k = 0; k <= arrays; ++k) is_dense[k] = strides[k] == items_[k];
        if (!is_dense[arrays]) return nullptr;
        if (arrays == 2 && has_number_loops_) {
            if (is_dense[0] && strides[arrays - 1] == 0) return loops_.second_is_number;
            if (strides[0] == 0 && is_dense[arrays - 1]) return loops_.first_is_number;
        }
        return std::all_of(is_dense, is_dense + arrays, [](bool is) { return is; }) ? loops_.dense
                                                                                    : nullptr;
    }

    void call(Elementwise::Dense loop, int64_t n, char* const* at) const {
        loop(n, at[0], at[arrays > 1 ? 1 : 0], at[arrays > 2 ? 2 : 0], parameters_, at[arrays]);
    }

    bool are_dense_or_numbers(const int64_t* strides) const {
        for (int k = 0; k < arrays; ++k)
            if (strides[k] != items_[k] && strides[k] != 0) return false;
        return strides[arrays] == items_[arrays];
    }

    // Whole blocks, where no loop takes a number: there are copies of it side by side.
    void beside_numbers(int64_t n, char** at, const int64_t* strides) const {
        alignas(64) char buffers[arrays][buffer_elements * widest];
        for (int k = 0; k < arrays; ++k)
            if (strides[k] == 0) move(buffer_elements, items_[k], at[k], 0, buffers[k], items_[k]);
        while (n > 0) {
            const int64_t taken = std::min(n, buffer_elements);
            char* places[arrays + 1];
            for (int k = 0; k <= arrays; ++k) {
                places[k] = strides[k] == 0 ? buffers[k] : at[k];
                at[k] += taken * strides[k];
            }
            call(loops_.dense, taken, places);
            n -= taken;
        }
    }

    void through_buffers(Elementwise::Dense loop, int64_t n, char* const* at,
                         const int64_t* strides) const {
        alignas(64) char buffers[arrays + 1][buffer_elements * widest];
        char* places[arrays + 1];
        const int64_t rounded = (n + block_ - 1) / block_ * block_;
        for (int k = 0; k < arrays; ++k) {
            places[k] = buffers[k];
            move(n, items_[k], at[k], strides[k], buffers[k], items_[k]);
            std::memset(buffers[k] + n * items_[k], 0, (rounded - n) * items_[k]);
        }
        places[arrays] = buffers[arrays];
        call(loop ? loop : loops_.dense, rounded, places);
        move(n, items_[arrays], buffers[arrays], items_[arrays], at[arrays], strides[arrays]);
    }

    const Elementwise& loops_;
    const char* parameters_;
    int64_t block_;
    // GCC 12 does not vectorise pow() of one exponent for all: its conditions leave the loop.
    bool has_number_loops_;
    int64_t items_[arrays + 1];  // bytes of an element of each array, the result last
};

// --- kernels -------------------------------------------------------------------------------------

// The array for the result: a new one, or `out` where it fits and no operand overlaps it otherwise
// than element upon element.
template <int arrays>
PyObject* result_of(Iteration<arrays + 1>& iteration, int type, int64_t item, PyObject* out,
                    const ArrayView* const* operands) {
    if (out == Py_None) return iteration.make_result(type, item);
    ArrayView target;
    if (!view(out, target) || target.type != type || !target.is_writeable()) return nullptr;
    if (!iteration.use_result(target)) return nullptr;
    for (int k = 0; k < arrays; ++k)
        if (!same_elements(*operands[k], target) && may_overlap(*operands[k], target))
            return nullptr;
    return Py_NewRef(out);
}

// Contiguous arrays of one shape are what small networks spend their time on: the shortest way.
template <int arrays>
bool are_alike(const ArrayView* operands) {
    if (!operands[0].object || !operands[0].is_contiguous) return false;
    for (int k = 1; k < arrays; ++k)
        if (!operands[k].object || !operands[k].is_contiguous ||
            !same_shape(operands[0], operands[k]))
            return false;
    return true;
}

template <int arrays>
PyObject* compute(Operation operation, const ArrayView* operands, ElementType type,
                  const char* parameters, PyObject* out) {
    const Row<arrays> row(operation, type, parameters);
    if (!row.exists()) return nullptr;
    const Kind& kind = kinds[operation];
    const ArrayView& typed = operands[kind.selects && !operands[arrays - 1].object ? arrays - 2
                                                                                   : arrays - 1];
    const int result_type =
        kind.tells ? NPY_BOOL : typed.object ? typed.type : operands[0].type;
    const int64_t item = kind.tells ? 1 : size_of[type];
    const int64_t grain = kind.is_costly ? parallel_grain / 2 : parallel_grain;
    if (out == Py_None && are_alike<arrays>(operands)) {
        PyObject* result =
            new_array_strided(result_type, operands[0].ndim, operands[0].shape, nullptr);
        if (!result) return nullptr;
        char* data[arrays + 1];
        int64_t strides[arrays + 1];
        for (int k = 0; k < arrays; ++k) {
            data[k] = operands[k].data;
            strides[k] = k == 0 && kind.selects ? 1 : size_of[type];
        }
        data[arrays] = data_of<char>(result);
        strides[arrays] = item;
        const int64_t size = operands[0].size();
        AllowThreads allow(size >= release_lock_from);
        parallel_for(size, grain, [&](int64_t begin, int64_t end) {
            char* at[arrays + 1];
            for (int k = 0; k <= arrays; ++k) at[k] = data[k] + begin * strides[k];
            row(end - begin, at, strides);
        });
        return result;
    }
    const ArrayView* pointers[arrays];
    for (int k = 0; k < arrays; ++k) pointers[k] = &operands[k];
    Iteration<arrays + 1> iteration;
    if (!iteration.broadcast(pointers)) return nullptr;
    PyObject* result = result_of<arrays>(iteration, result_type, item, out, pointers);
    if (!result) return nullptr;
    AllowThreads allow(iteration.size() >= release_lock_from);
    iteration.for_each_row(grain, row);
    return result;
}

// A power that is cheaper than exp(b log(a)): the operation that it is, of a alone.
Operation cheaper_power(PyObject* exponent) {
    const double b = PyFloat_CheckExact(exponent)  ? PyFloat_AS_DOUBLE(exponent)
                     : PyLong_CheckExact(exponent) ? PyLong_AsDouble(exponent)
                                                   : 0.0;
    if (b == -1.0 && PyErr_Occurred()) PyErr_Clear();
    return b == 2.0    ? op_square
           : b == 3.0  ? op_cube
           : b == 0.5  ? op_sqrt
           : b == -0.5 ? op_rsqrt
           : b == -1.0 ? op_reciprocal
                       : operation_count;
}

template <int arrays>
PyObject* dispatch(Operation operation, Parameters parameters, PyObject* const* args,
                   Py_ssize_t nargs) {
    const int wanted = arrays + count_of(parameters);
    if (nargs != wanted && nargs != wanted + 1) return nullptr;
    PyObject* out = nargs > wanted ? args[wanted] : Py_None;
    ArrayView operands[arrays];
    int type = NPY_NOTYPE;
    const bool selects = kinds[operation].selects;
    for (int k = 0; k < arrays; ++k) {
        if (!view(args[k], operands[k])) continue;
        if (k == 0 && selects) {
            if (operands[k].type != NPY_BOOL) return nullptr;
        } else if (type == NPY_NOTYPE) {
            type = operands[k].type;
        } else if (type != operands[k].type) {
            return nullptr;
        }
    }
    const ElementType element = element_type_of(type);
    if (element == element_types || (selects && !operands[0].object)) return nullptr;
    alignas(widest) char values[arrays][widest], numbers[2 * widest] = {};
    for (int k = 0; k < arrays; ++k) {
        if (operands[k].object) continue;
        if (arrays == 2 && k == 1 && operation == op_pow) {
            const Operation cheaper = cheaper_power(args[1]);
            if (cheaper != operation_count)
                return compute<1>(cheaper, operands, element, numbers, out);
        }
        if (!read_number(args[k], element, values[k])) return nullptr;
        operands[k].data = values[k];
    }
    if (!read_parameters(args + arrays, parameters, element, numbers)) return nullptr;
    return compute<arrays>(operation, operands, element, numbers, out);
}

template <Operation operation, int arrays, Parameters parameters>
PyObject* elementwise(PyObject* const* args, Py_ssize_t nargs) {
    return dispatch<arrays>(operation, parameters, args, nargs);
}

}  // namespace

PyMethodDef elementwise_methods[] = {
#define OPERATION(types, First, Result, name, arrays, parameters, text, arguments, formula, ...) \
    method<#name, elementwise<op_##name, arrays, Parameters::parameters>>(                       \
        #name "(" text ", out=None)\n--\n\n" #formula),
#include "loops/elementwise.def"
    {}};

}  // namespace rushlight
