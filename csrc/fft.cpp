// Discrete Fourier transforms of many rows along the last axis; the others are NumPy's.
#include <cmath>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "allocator.h"
#include "array_view.h"
#include "instruction_sets.h"
#include "parallel.h"

namespace rushlight {

namespace {

constexpr int64_t most_points = 8192;  // of which all lanes stay near the processor
constexpr int64_t work_of_a_chunk = parallel_grain / 16;  // points
constexpr double pi = 3.14159265358979323846;

template <class T>
struct Plan : FftPlan<T> {
    std::vector<T> numbers;
};

template <class T>
void add_root(std::vector<T>& numbers, int64_t turn, int64_t of) {
    const double angle = -2 * pi * static_cast<double>(turn % of) / static_cast<double>(of);
    numbers.push_back(static_cast<T>(std::cos(angle)));
    numbers.push_back(static_cast<T>(std::sin(angle)));
}

// nullptr where a prime factor is too large.
template <class T>
std::shared_ptr<const Plan<T>> make_plan(int64_t size) {
    auto plan = std::make_shared<Plan<T>>();
    plan->size = size;
    plan->stages = 0;
    std::vector<T>& numbers = plan->numbers;
    int64_t length = size;
    while (length > 1) {
        int64_t radix = length % 4 == 0 ? 4 : 2;
        while (length % radix) ++radix;
        if (radix > plan->largest_radix) return nullptr;
        plan->radices[plan->stages++] = radix;
        for (int64_t p = 0; p < length / radix; ++p)
            for (int64_t j = 1; j < radix; ++j) add_root(numbers, p * j, length);
        length /= radix;
    }
    const size_t roots = numbers.size();
    for (int i = 0; i < plan->stages; ++i)
        for (int64_t j = 0; j < plan->largest_radix; ++j) add_root(numbers, j, plan->radices[i]);
    const size_t turns = numbers.size();
    for (int64_t k = 0; k < size; ++k) add_root(numbers, k, 2 * size);
    plan->factors = numbers.data();
    plan->roots = numbers.data() + roots;
    plan->turns = numbers.data() + turns;
    return plan;
}

// Plans are kept; the Python lock is held here.
template <class T>
std::shared_ptr<const Plan<T>> find_plan(int64_t size) {
    static std::unordered_map<int64_t, std::shared_ptr<const Plan<T>>> known;
    const auto place = known.find(size);
    if (place != known.end()) return place->second;
    if (known.size() == 64) known.clear();
    return known[size] = make_plan<T>(size);
}

// An array whose last axis alone is transformed, as dense rows. NumPy's results lie as their inputs
// do, so that others are left to it.
struct Rows {
    ArrayView x;
    int64_t count, width;

    bool read(PyObject* array, PyObject* dims) {
        int axis;
        if (!view(array, x) || x.ndim == 0 || x.size() == 0 || !x.is_contiguous ||
            !PyTuple_CheckExact(dims) || PyTuple_GET_SIZE(dims) != 1 ||
            !read_axis(PyTuple_GET_ITEM(dims, 0), x.ndim, axis) || axis != x.ndim - 1)
            return false;
        width = x.shape[axis];
        count = x.size() / width;
        return true;
    }

    // A new array with rows of another width.
    PyObject* result(int type, npy_intp new_width) const {
        npy_intp shape[NPY_MAXDIMS];
        std::copy_n(x.shape, x.ndim - 1, shape);
        shape[x.ndim - 1] = new_width;
        return new_array(type, x.ndim, shape);
    }
};

// NumPy's word for the direction that divides by the number of points, as what this one divides by.
bool read_norm(PyObject* norm, bool forward, int64_t points, double& scale) {
    const char* word = PyUnicode_Check(norm) ? PyUnicode_AsUTF8(norm) : nullptr;
    if (!word) return false;
    const std::string_view name(word);
    if (name != "ortho" && name != "forward" && name != "backward") return false;
    const double size = static_cast<double>(points);
    scale = name == "ortho" ? 1 / std::sqrt(size) : (name == "forward") == forward ? 1 / size : 1;
    return true;
}

template <class T>
const FftLoops<T>& fft_loops();
template <>
const FftLoops<float>& fft_loops<float>() {
    return tables.fft_of_float;
}
template <>
const FftLoops<double>& fft_loops<double>() {
    return tables.fft_of_double;
}

// transform(loops, plan, rows, first row, work) for all rows, some at a time; false where there is
// no plan, or where most lanes would have nothing to do.
template <class T, class Transform>
bool for_each_group(const Rows& rows, int64_t plan_size, const Transform& transform) {
    const FftLoops<T>& loops = fft_loops<T>();
    if (2 * rows.count < loops.lanes || plan_size > most_points) return false;
    const std::shared_ptr<const Plan<T>> plan = find_plan<T>(plan_size);
    if (!plan) return false;
    const int64_t groups = (rows.count + loops.lanes - 1) / loops.lanes;
    const size_t work_bytes = loops.work_size(plan_size) * sizeof(T);
    AllowThreads allow(rows.count * plan_size >= release_lock_from);
    parallel_for(groups, std::max<int64_t>(1, work_of_a_chunk / (plan_size * loops.lanes)),
                 [&](int64_t begin, int64_t end) {
        const allocator::Scratch work(work_bytes);
        if (!work.data()) throw allocator::NoMemory(work_bytes);
        for (int64_t group = begin; group < end; ++group) {
            const int64_t first = group * loops.lanes;
            transform(loops, *plan, std::min(loops.lanes, rows.count - first), first,
                      static_cast<T*>(work.data()));
        }
    });
    return true;
}

// --- the kernels: see kernels/base/fft.py

PyObject* fft_c2c(PyObject* const* args, Py_ssize_t nargs) {
    Rows rows;
    double scale;
    if (nargs != 4 || !rows.read(args[0], args[1])) return nullptr;
    const bool forward = args[3] == Py_True;
    if (!read_norm(args[2], forward, rows.width, scale)) return nullptr;
    const auto run = [&](auto zero, int type) -> PyObject* {
        using T = decltype(zero);
        Owned result(rows.result(type, rows.width));
        if (!result) return nullptr;
        T* out = data_of<T>(result.get());
        const bool done = for_each_group<T>(
            rows, rows.width,
            [&](const auto& loops, const auto& plan, int64_t count, int64_t first, T* work) {
                const int64_t place = 2 * first * rows.width;
                loops.complex_rows(plan, count, !forward, static_cast<T>(scale),
                                   rows.x.as<T>() + place, out + place, work);
            });
        return done ? result.hand_on() : nullptr;
    };
    if (rows.x.type == NPY_CFLOAT) return run(float{}, NPY_CFLOAT);
    return rows.x.type == NPY_CDOUBLE ? run(double{}, NPY_CDOUBLE) : nullptr;
}

// Between `points` real numbers and the half of their spectrum.
template <class T>
PyObject* real_transform(const Rows& rows, bool forward, int64_t points, double scale,
                         double inner, int type) {
    const int64_t width = forward ? points / 2 + 1 : points;
    Owned result(rows.result(type, width));
    if (!result) return nullptr;
    T* out = data_of<T>(result.get());
    const int64_t from = forward ? points : 2 * rows.width, to = forward ? 2 * width : points;
    const bool done = for_each_group<T>(
        rows, points % 2 ? points : points / 2,
        [&](const auto& loops, const auto& plan, int64_t count, int64_t first, T* work) {
            const auto run = forward ? loops.real_to_half : loops.half_to_real;
            run(plan, count, points, static_cast<T>(scale), static_cast<T>(inner),
                rows.x.as<T>() + first * from, out + first * to, work);
        });
    return done ? result.hand_on() : nullptr;
}

PyObject* fft_r2c(PyObject* const* args, Py_ssize_t nargs) {
    Rows rows;
    double scale;
    if (nargs != 4 || !rows.read(args[0], args[1]) ||
        !read_norm(args[2], true, rows.width, scale))
        return nullptr;
    const double inner = PyFloat_AsDouble(args[3]);
    if (PyErr_Occurred()) return nullptr;
    if (rows.x.type == NPY_FLOAT)
        return real_transform<float>(rows, true, rows.width, scale, inner, NPY_CFLOAT);
    if (rows.x.type == NPY_DOUBLE)
        return real_transform<double>(rows, true, rows.width, scale, inner, NPY_CDOUBLE);
    return nullptr;
}

PyObject* fft_c2r(PyObject* const* args, Py_ssize_t nargs) {
    Rows rows;
    double scale;
    if (nargs != 5 || !rows.read(args[0], args[1])) return nullptr;
    const double inner = PyFloat_AsDouble(args[3]);
    const int64_t points = PyLong_AsLongLong(args[4]);
    if (PyErr_Occurred() || points < 1 || rows.width != points / 2 + 1 ||
        !read_norm(args[2], false, points, scale))
        return nullptr;
    if (rows.x.type == NPY_CFLOAT)
        return real_transform<float>(rows, false, points, scale, inner, NPY_FLOAT);
    if (rows.x.type == NPY_CDOUBLE)
        return real_transform<double>(rows, false, points, scale, inner, NPY_DOUBLE);
    return nullptr;
}

}  // namespace

PyMethodDef fft_methods[] = {
    method<"fft_c2c", fft_c2c>(
        "fft_c2c(x, dims, norm, forward)\n--\n\nThe transform of complex numbers."),
    method<"fft_r2c", fft_r2c>(
        "fft_r2c(x, dims, norm, interior)\n--\n\nHalf the spectrum of real numbers."),
    method<"fft_c2r", fft_c2r>(
        "fft_c2r(x, dims, norm, interior, size)\n--\n\nThe real numbers of half a spectrum."),
    {}};

}  // namespace rushlight
