// Running sums, products and extremes, and linear recurrences, along one axis.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "instruction_sets.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

// --- sums and products, of float32 in float64

struct Add {
    static constexpr int first = 0;
    template <class Sum>
    static Sum join(Sum a, Sum b) { return a + b; }
};
struct Multiply {
    static constexpr int first = 1;
    template <class Sum>
    static Sum join(Sum a, Sum b) { return a * b; }
};

// Of adjacent lines: several at a time, as each step waits for the one before.
template <class Step, class T, class Sum>
void run_lines(int64_t lines, int64_t length, const T* x, T* out) {
    constexpr int64_t together = 8;
    parallel_for(lines, std::max<int64_t>(1, parallel_grain / 2 / length),
                 [=](int64_t begin, int64_t end) {
        for (int64_t line = begin; line < end; line += together) {
            const T* from = x + line * length;
            T* to = out + line * length;
            if (end - line >= together) {
                Sum sums[together];
                std::fill_n(sums, together, Sum(Step::first));
                for (int64_t k = 0; k < length; ++k)
                    for (int64_t j = 0; j < together; ++j) {
                        sums[j] = Step::join(sums[j], static_cast<Sum>(from[j * length + k]));
                        to[j * length + k] = static_cast<T>(sums[j]);
                    }
                continue;
            }
            for (int64_t j = 0; j < end - line; ++j) {
                Sum sum = Step::first;
                for (int64_t k = 0; k < length; ++k) {
                    sum = Step::join(sum, static_cast<Sum>(from[j * length + k]));
                    to[j * length + k] = static_cast<T>(sum);
                }
            }
        }
    });
}

// Over a dense array as [outer][length][inner].
template <class Step, class T, class Sum>
void run(int64_t outer, int64_t length, int64_t inner, const T* x, T* out) {
    if (inner == 1) return run_lines<Step, T, Sum>(outer, length, x, out);
    constexpr int64_t band = 128;
    const int64_t bands = (inner + band - 1) / band;
    parallel_for(outer * bands,
                 std::max<int64_t>(1, parallel_grain / 2 / (length * std::min(inner, band))),
                 [=](int64_t begin, int64_t end) {
        for (int64_t unit = begin; unit < end; ++unit) {
            const int64_t start = unit % bands * band, width = std::min(band, inner - start);
            const int64_t place = unit / bands * length * inner + start;
            Sum sums[band];
            std::fill_n(sums, band, Sum(Step::first));
            for (int64_t k = 0; k < length; ++k) {
                const T* row = x + place + k * inner;
                T* to = out + place + k * inner;
                for (int64_t i = 0; i < width; ++i) {
                    sums[i] = Step::join(sums[i], static_cast<Sum>(row[i]));
                    to[i] = static_cast<T>(sums[i]);
                }
            }
        }
    });
}

template <class Step>
PyObject* running(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int axis, axes[NPY_MAXDIMS];
    if ((nargs != 2 && !(nargs == 3 && args[2] == Py_None)) || !view(args[0], x) ||
        !read_axis(args[1], x.ndim, axis) || !dense_axes(x, axes))
        return nullptr;
    if (x.type != NPY_FLOAT && x.type != NPY_DOUBLE && x.type != NPY_INT64) return nullptr;
    PyObject* result = new_array_like(x);
    const int64_t size = x.size(), length = x.ndim ? x.shape[axis] : 1;
    if (!result || size == 0) return result;
    // Memory behind one step along the axis: the axes that are faster.
    int64_t inner = 1;
    for (int i = x.ndim - 1; i >= 0 && axes[i] != axis; --i) inner *= x.shape[axes[i]];
    const int64_t outer = size / (length * inner);
    AllowThreads allow(size >= release_lock_from);
    if (x.type == NPY_FLOAT)
        run<Step, float, double>(outer, length, inner, x.as<float>(), data_of<float>(result));
    else if (x.type == NPY_DOUBLE)
        run<Step, double, double>(outer, length, inner, x.as<double>(), data_of<double>(result));
    else
        run<Step, int64_t, uint64_t>(outer, length, inner, x.as<int64_t>(),
                                     data_of<int64_t>(result));
    return result;
}

PyObject* cumsum(PyObject* const* args, Py_ssize_t nargs) { return running<Add>(args, nargs); }
PyObject* cumprod(PyObject* const* args, Py_ssize_t nargs) {
    return running<Multiply>(args, nargs);
}

// --- what looks back at its own result, in contiguous arrays

// A contiguous array as [outer][length][inner] about one axis.
struct Sections {
    int64_t outer, length, inner;
    Sections(const ArrayView& x, int axis)
        : outer(PyArray_MultiplyList(x.shape, axis)),
          length(x.shape[axis]),
          inner(PyArray_MultiplyList(x.shape + axis + 1, x.ndim - axis - 1)) {}

    // body(start of a section) for all, which the team shares.
    template <class Body>
    void for_each(const Body& body) const {
        parallel_for(outer, std::max<int64_t>(1, parallel_grain / 2 / (length * inner)),
                     [&](int64_t begin, int64_t end) {
            for (int64_t o = begin; o < end; ++o) body(o * length * inner);
        });
    }
};

// Whether an element takes the place of the extreme so far: the last of equals does, and any NaN.
template <bool largest, class T>
inline bool takes(T given, T old) {
    return (largest ? given >= old : given <= old) | (given != given);
}

template <bool largest, class T>
void run_extremes(const Sections& at, const T* x, T* values, int64_t* places) {
    if (at.inner == 1) {  // what comes back from memory takes 3 times as long as what is at hand
        at.for_each([=, length = at.length](int64_t start) {
            T value = x[start];
            int64_t place = 0;
            for (int64_t k = 0; k < length; ++k) {
                const T given = x[start + k];
                const bool wins = takes<largest>(given, value);
                values[start + k] = value = wins ? given : value;
                places[start + k] = place = wins ? k : place;
            }
        });
        return;
    }
    at.for_each([=](int64_t start) {
        std::copy_n(x + start, at.inner, values + start);
        std::fill_n(places + start, at.inner, 0);
        for (int64_t k = 1; k < at.length; ++k) {
            const int64_t row = start + k * at.inner, before = row - at.inner;
            for (int64_t i = 0; i < at.inner; ++i) {
                const T given = x[row + i], old = values[before + i];
                const bool wins = takes<largest>(given, old);
                values[row + i] = wins ? given : old;
                places[row + i] = wins ? k : places[before + i];
            }
        }
    });
}

template <bool largest>
PyObject* running_extreme(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int axis;
    if (nargs != 2 || !view(args[0], x) || x.ndim == 0 || !read_axis(args[1], x.ndim, axis) ||
        !x.is_contiguous)
        return nullptr;
    if (x.type != NPY_FLOAT && x.type != NPY_DOUBLE && x.type != NPY_INT64 && x.type != NPY_INT32)
        return nullptr;
    PyObject* values = new_array(x.type, x.ndim, x.shape);
    PyObject* places = new_array(NPY_INT64, x.ndim, x.shape);
    if (values && places && x.size() > 0) {
        AllowThreads allow(x.size() >= release_lock_from);
        const Sections at(x, axis);
        int64_t* to = data_of<int64_t>(places);
        switch (x.type) {
            case NPY_FLOAT:
                run_extremes<largest>(at, x.as<float>(), data_of<float>(values), to);
                break;
            case NPY_DOUBLE:
                run_extremes<largest>(at, x.as<double>(), data_of<double>(values), to);
                break;
            case NPY_INT64:
                run_extremes<largest>(at, x.as<int64_t>(), data_of<int64_t>(values), to);
                break;
            case NPY_INT32:
                run_extremes<largest>(at, x.as<int32_t>(), data_of<int32_t>(values), to);
                break;
        }
    }
    PyObject* result = values && places ? PyTuple_Pack(2, values, places) : nullptr;
    Py_XDECREF(values);
    Py_XDECREF(places);
    return result;
}

PyObject* cummax(PyObject* const* args, Py_ssize_t nargs) {
    return running_extreme<true>(args, nargs);
}
PyObject* cummin(PyObject* const* args, Py_ssize_t nargs) {
    return running_extreme<false>(args, nargs);
}

template <class T>
void run_recurrence(const Sections& at, const T* factors, const T* terms, T* out) {
    at.for_each([=](int64_t start) {
        for (int64_t i = start; i < start + at.inner; ++i) {
            double y = 0;  // of float32 as well: errors add up
            for (int64_t k = 0; k < at.length; ++k) {
                const int64_t place = i + k * at.inner;
                y = k ? factors[place] * y + terms[place] : double{terms[place]};
                out[place] = static_cast<T>(y);
            }
        }
    });
}

PyObject* linear_scan(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView factors, terms;
    int axis;
    if (nargs != 3 || !view(args[0], factors) || !view(args[1], terms) || terms.ndim == 0 ||
        !read_axis(args[2], terms.ndim, axis) || !same_shape(factors, terms) ||
        factors.type != terms.type || !factors.is_contiguous || !terms.is_contiguous)
        return nullptr;
    if (terms.type != NPY_FLOAT && terms.type != NPY_DOUBLE) return nullptr;
    PyObject* result = new_array(terms.type, terms.ndim, terms.shape);
    if (!result || terms.size() == 0) return result;
    AllowThreads allow(terms.size() >= release_lock_from);
    const Sections at(terms, axis);
    if (terms.type == NPY_FLOAT)
        run_recurrence(at, factors.as<float>(), terms.as<float>(), data_of<float>(result));
    else
        run_recurrence(at, factors.as<double>(), terms.as<double>(), data_of<double>(result));
    return result;
}

// --- for each element the product of all others of its line, in double

// From those before it and those behind: right where elements are 0, infinite or not a number.
template <class T>
void products_of_both_sides(int64_t length, int64_t step, const T* x, T* out) {
    double product = 1;
    for (int64_t k = 0; k < length; ++k) {
        out[k * step] = static_cast<T>(product);
        product *= static_cast<double>(x[k * step]);
    }
    product = 1;
    for (int64_t k = length - 1; k >= 0; --k) {
        out[k * step] = static_cast<T>(product * static_cast<double>(out[k * step]));
        product *= static_cast<double>(x[k * step]);
    }
}

// Whether a product can be divided by its factors again.
inline bool is_normal(double product) {
    const double size = std::fabs(product);
    return size >= std::numeric_limits<double>::min() &&
           size <= std::numeric_limits<double>::max();
}

template <class T>
void run_products_of_others(const Sections& at, const T* x, T* out) {
    at.for_each([=](int64_t start) {
        if (at.inner == 1) {
            const double product = loops<T>().product.row(at.length, x + start);
            if (!is_normal(product))
                return products_of_both_sides(at.length, 1, x + start, out + start);
            for (int64_t k = start; k < start + at.length; ++k)
                out[k] = static_cast<T>(product / static_cast<double>(x[k]));
            return;
        }
        std::vector<double> products(at.inner, 1.0);
        loops<T>().product.columns(at.length, at.inner, x + start, at.inner, products.data());
        for (int64_t k = 0; k < at.length; ++k)
            for (int64_t i = 0; i < at.inner; ++i) {
                const int64_t place = start + k * at.inner + i;
                out[place] = static_cast<T>(products[i] / static_cast<double>(x[place]));
            }
        for (int64_t i = 0; i < at.inner; ++i)
            if (!is_normal(products[i]))
                products_of_both_sides(at.length, at.inner, x + start + i, out + start + i);
    });
}

PyObject* products_of_others(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int axis;
    if (nargs != 2 || !view(args[0], x) || x.ndim == 0 || !read_axis(args[1], x.ndim, axis) ||
        !x.is_contiguous || (x.type != NPY_FLOAT && x.type != NPY_DOUBLE))
        return nullptr;
    Owned result(new_array(x.type, x.ndim, x.shape));
    if (!result || x.size() == 0) return result.hand_on();
    {
        AllowThreads allow(x.size() >= release_lock_from);
        const Sections at(x, axis);
        if (x.type == NPY_FLOAT)
            run_products_of_others(at, x.as<float>(), data_of<float>(result.get()));
        else
            run_products_of_others(at, x.as<double>(), data_of<double>(result.get()));
    }
    return result.hand_on();
}

// log(exp(a) + exp(b))
inline double add_exponentials(double a, double b) {
    if (a == b) return a + 0.6931471805599453;  // infinities, too
    return std::max(a, b) + std::log1p(std::exp(-std::fabs(a - b))) + (b != b ? b : 0.0);
}

template <class T>
void run_exponentials(const Sections& at, const T* x, T* out) {
    at.for_each([=](int64_t start) {
        for (int64_t i = start; i < start + at.inner; ++i) {
            double y = x[i];
            out[i] = x[i];
            for (int64_t k = 1; k < at.length; ++k) {
                const int64_t place = i + k * at.inner;
                y = add_exponentials(y, x[place]);
                out[place] = static_cast<T>(y);
            }
        }
    });
}

PyObject* logcumsumexp(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    int axis;
    if ((nargs != 2 && !(nargs == 3 && args[2] == Py_None)) || !view(args[0], x) || x.ndim == 0 ||
        !read_axis(args[1], x.ndim, axis) || !x.is_contiguous)
        return nullptr;
    if (x.type != NPY_FLOAT && x.type != NPY_DOUBLE) return nullptr;
    PyObject* result = new_array(x.type, x.ndim, x.shape);
    if (!result || x.size() == 0) return result;
    AllowThreads allow(x.size() >= release_lock_from / 16);
    const Sections at(x, axis);
    if (x.type == NPY_FLOAT)
        run_exponentials(at, x.as<float>(), data_of<float>(result));
    else
        run_exponentials(at, x.as<double>(), data_of<double>(result));
    return result;
}

}  // namespace

PyMethodDef scan_methods[] = {
    method<"cumsum", cumsum>("cumsum(x, axis, out=None)\n--\n\nRunning sums along an axis."),
    method<"cumprod", cumprod>("cumprod(x, axis, out=None)\n--\n\nRunning products."),
    method<"products_of_others", products_of_others>(
        "products_of_others(x, axis)\n--\n\nThe product of all others of a line."),
    method<"cummax", cummax>("cummax(x, axis)\n--\n\nThe largest so far, and where it stood."),
    method<"cummin", cummin>("cummin(x, axis)\n--\n\nThe smallest so far, and where it stood."),
    method<"logcumsumexp", logcumsumexp>(
        "logcumsumexp(x, axis, out=None)\n--\n\nlog(cumsum(exp(x)))."),
    method<"linear_scan", linear_scan>(
        "linear_scan(factors, terms, axis)\n--\n\ny[k] = factors[k] * y[k - 1] + terms[k]."),
    {}};

}  // namespace rushlight
