// Elements found among others. NumPy's calls for these take 1 to 20 us, however few elements there
// are.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "array_view.h"
#include "parallel.h"

namespace rushlight {

namespace {

// In the order that NumPy sorts by: NaN behind all others.
template <class T>
bool precedes(T a, T b) {
    return a < b || (b != b && a == a);
}

// Where the elements of x belong in a sorted vector.
PyObject* searchsorted(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView line, x;
    if (nargs != 3 || !view(args[0], line) || !view(args[1], x) || line.ndim != 1 ||
        line.type != x.type || line.type == NPY_BOOL || !line.is_contiguous || !x.is_contiguous)
        return nullptr;
    const bool right = args[2] == Py_True;
    PyObject* result = nullptr;
    with_element_type(x.type, [&](auto zero) {
        using T = decltype(zero);
        result = new_array(NPY_INT64, x.ndim, x.shape);
        if (!result) return;
        const T *from = x.as<T>(), *begin = line.as<T>(), *end = begin + line.size();
        auto* to = data_of<int64_t>(result);
        AllowThreads allow(x.size() >= release_lock_from);
        parallel_for(x.size(), parallel_grain / 16, [&](int64_t first, int64_t last) {
            for (int64_t i = first; i < last; ++i)
                to[i] = (right ? std::upper_bound(begin, end, from[i], precedes<T>)
                               : std::lower_bound(begin, end, from[i], precedes<T>)) - begin;
        });
    });
    return result;
}

// Whether the elements of x are among others, few enough to look at each.
PyObject* isin(PyObject* const* args, Py_ssize_t nargs) {
    constexpr npy_intp few = 16;
    ArrayView x, others;
    if (nargs != 3 || !view(args[0], x) || !view(args[1], others) || x.type != others.type ||
        x.type == NPY_BOOL || !x.is_contiguous || !others.is_contiguous || others.size() > few)
        return nullptr;
    const bool inverts = args[2] == Py_True;
    PyObject* result = nullptr;
    with_element_type(x.type, [&](auto zero) {
        using T = decltype(zero);
        result = new_array(NPY_BOOL, x.ndim, x.shape);
        if (!result) return;
        const T *from = x.as<T>(), *begin = others.as<T>(), *end = begin + others.size();
        auto* to = data_of<uint8_t>(result);
        AllowThreads allow(x.size() >= release_lock_from);
        parallel_for(x.size(), parallel_grain / 16, [&](int64_t first, int64_t last) {
            for (int64_t i = first; i < last; ++i)
                to[i] = (std::find(begin, end, from[i]) != end) != inverts;
        });
    });
    return result;
}

// The distinct elements of a line, the number of its own for each of x, and how many there are of
// each. `order` names the elements one after the other; without it they stand as they are.
template <class T>
PyObject* distinct(const ArrayView& x, const int64_t* order) {
    const int64_t count = x.size();
    const T* from = x.as<T>();
    const auto at = [=](int64_t i) { return from[order ? order[i] : i]; };
    npy_intp number = count > 0;
    for (int64_t i = 1; i < count; ++i) number += at(i) != at(i - 1);
    Owned found(new_array(x.type, 1, &number)), counts(new_array(NPY_INT64, 1, &number));
    Owned inverse(new_array(NPY_INT64, x.ndim, x.shape));
    if (!found || !counts || !inverse) return nullptr;
    T* values = data_of<T>(found.get());
    int64_t *times = data_of<int64_t>(counts.get()), *numbers = data_of<int64_t>(inverse.get());
    int64_t k = -1, start = 0;
    for (int64_t i = 0; i < count; ++i) {
        if (i == 0 || at(i) != at(i - 1)) {
            if (i) times[k] = i - start;
            values[++k] = at(i);
            start = i;
        }
        numbers[order ? order[i] : i] = k;
    }
    if (count) times[k] = count - start;
    return Py_BuildValue("(NNN)", found.hand_on(), inverse.hand_on(), counts.hand_on());
}

PyObject* unique(PyObject* const* args, Py_ssize_t nargs) {
    constexpr npy_intp few = 1024;  // of more, NumPy's sort, which is vectorised, is the faster one
    ArrayView x;
    if (nargs != 3 || !view(args[0], x) || args[1] != Py_None || !x.is_contiguous) return nullptr;
    const bool sorts = args[2] == Py_True;
    if (sorts && x.size() > few) return nullptr;
    PyObject* result = nullptr;
    with_element_type(x.type, [&](auto zero) {
        using T = decltype(zero);
        if (!sorts) {
            result = distinct<T>(x, nullptr);
            return;
        }
        int64_t order[few];
        std::iota(order, order + x.size(), 0);
        const T* from = x.as<T>();
        std::sort(order, order + x.size(), [=](int64_t a, int64_t b) {
            return precedes(from[a], from[b]) || (!precedes(from[b], from[a]) && a < b);
        });
        result = distinct<T>(x, order);
    });
    return result;
}

// How many elements fall into each of `bins` parts of [low, high], as the base counts them.
PyObject* histc(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if (nargs != 4 || !view(args[0], x) || !x.is_contiguous || !PyLong_Check(args[1])) return nullptr;
    npy_intp bins = PyLong_AsSsize_t(args[1]);
    const double low = PyFloat_AsDouble(args[2]), high = PyFloat_AsDouble(args[3]);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return nullptr;
    }
    const auto count = [&](auto zero) -> PyObject* {
        using T = decltype(zero);
        const T begin = static_cast<T>(low), end = static_cast<T>(high);
        std::vector<int64_t> counts(bins);
        const T* from = x.as<T>();
        for (int64_t i = 0, size = x.size(); i < size; ++i) {
            if (!(from[i] >= begin && from[i] <= end)) continue;
            const T place = (from[i] - begin) * static_cast<T>(bins) / (end - begin);
            if (place != place) continue;
            // bins - 1 as a float may be bins.
            ++counts[std::min<int64_t>(static_cast<int64_t>(place), bins - 1)];
        }
        PyObject* result = new_array(x.type, 1, &bins);
        if (result) std::copy(counts.begin(), counts.end(), data_of<T>(result));
        return result;
    };
    if (x.type == NPY_FLOAT) return count(float{});
    if (x.type == NPY_DOUBLE) return count(double{});
    return nullptr;
}

}  // namespace

PyMethodDef searching_methods[] = {
    method<"searchsorted", searchsorted>(
        "searchsorted(lines, x, right)\n--\n\nWhere elements belong in a sorted vector."),
    method<"isin", isin>("isin(x, others, inverts)\n--\n\nWhether elements are among others."),
    method<"unique", unique>(
        "unique(x, axis, sorts)\n--\n\nDistinct elements, their numbers, how many there are."),
    method<"histc", histc>(
        "histc(x, bins, low, high)\n--\n\nHow many elements are in each part of a range."),
    {}};

}  // namespace rushlight
