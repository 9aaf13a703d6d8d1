// The negative log likelihood of class labels, for log probabilities (N, C, ...) in any memory
// order. They are read at one place for each label: no threads.
#include <algorithm>
#include <cstring>

#include "array_view.h"
#include "iteration.h"
#include "parallel.h"

namespace rushlight {

namespace {

enum class Reduction { none, mean, sum, unknown };

Reduction read_reduction(PyObject* name) {
    if (!PyUnicode_Check(name)) return Reduction::unknown;
    const auto is = [=](const char* text) {
        return PyUnicode_CompareWithASCIIString(name, text) == 0;
    };
    return is("mean")   ? Reduction::mean
           : is("sum")  ? Reduction::sum
           : is("none") ? Reduction::none
                        : Reduction::unknown;
}

// Labels (N, ...) of classes 0 .. classes - 1, and the weight of each class. `shape` is that of the
// log probabilities, whose second axis the labels lack. Not valid when a label is out of range or
// an argument of another kind: the base says what is wrong.
template <class T>
struct Targets {
    const int64_t* labels;
    int64_t count, ignored;
    const T* weights = nullptr;
    bool valid = false;

    Targets(PyObject* target, PyObject* weight, PyObject* ignore_index, int ndim,
            const npy_intp* shape) {
        ArrayView label_view, weight_view;
        const int64_t classes = shape[1];
        if (!view(target, label_view) || label_view.type != NPY_INT64 ||
            label_view.ndim != ndim - 1 || !label_view.is_contiguous ||
            label_view.shape[0] != shape[0] ||
            !std::equal(shape + 2, shape + ndim, label_view.shape + 1))
            return;
        if (weight != Py_None) {
            if (!view(weight, weight_view) || weight_view.type != numpy_type<T> ||
                weight_view.ndim != 1 || !weight_view.is_contiguous ||
                weight_view.shape[0] != classes)
                return;
            weights = weight_view.as<T>();
        }
        if (!PyLong_Check(ignore_index)) return;
        ignored = PyLong_AsLongLong(ignore_index);
        if (ignored == -1 && PyErr_Occurred()) return;
        labels = label_view.as<int64_t>();
        count = label_view.size();
        for (int64_t i = 0; i < count; ++i)
            if (labels[i] != ignored && (labels[i] < 0 || labels[i] >= classes)) return;
        valid = true;
    }

    T weight(int64_t i) const {
        if (labels[i] == ignored) return T(0);
        return weights ? weights[labels[i]] : T(1);
    }
};

template <class T>
PyObject* new_scalar(double value) {
    PyObject* array = new_array(numpy_type<T>, 0, nullptr);
    if (array) *data_of<T>(array) = static_cast<T>(value);
    return array;
}

// An array without its second axis: the shape of the labels.
struct WithoutClasses {
    int ndim;
    npy_intp shape[max_axes], strides[1][max_axes];

    explicit WithoutClasses(const ArrayView& x) : ndim(x.ndim - 1) {
        for (int i = 0; i < ndim; ++i) {
            shape[i] = x.shape[i == 0 ? 0 : i + 1];
            strides[0][i] = x.strides[i == 0 ? 0 : i + 1];
        }
    }
};

template <class T>
PyObject* nll_loss_of(const ArrayView& x, PyObject* const* args, Reduction reduction) {
    const Targets<T> targets(args[1], args[2], args[4], x.ndim, x.shape);
    if (!targets.valid) return nullptr;
    const WithoutClasses places(x);
    PyObject* each = nullptr;
    if (reduction == Reduction::none) {
        each = new_array(x.type, places.ndim, places.shape);
        if (!each) return nullptr;
    }
    double loss = 0, total = 0;
    int64_t i = 0;
    each_row<1>(places.ndim, places.shape, places.strides,
                [&](npy_intp n, const npy_intp* offsets, const npy_intp* steps) {
        const char* row = x.data + offsets[0];
        for (npy_intp k = 0; k < n; ++k, ++i, row += steps[0]) {
            const bool counts = targets.labels[i] != targets.ignored;
            const T weight = targets.weight(i);
            const char* value = row + (counts ? targets.labels[i] * x.strides[1] : 0);
            const T term = counts ? -*reinterpret_cast<const T*>(value) * weight : T(0);
            if (each) data_of<T>(each)[i] = term;
            loss += term;
            total += weight;
        }
        return true;
    });
    PyObject* first =
        each ? each : new_scalar<T>(reduction == Reduction::mean ? loss / total : loss);
    return Py_BuildValue("(NN)", first, new_scalar<T>(total));
}

PyObject* nll_loss(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if (nargs != 5 || !view(args[0], x) || x.ndim < 2 || x.ndim > max_axes) return nullptr;
    const Reduction reduction = read_reduction(args[3]);
    if (reduction == Reduction::unknown) return nullptr;
    if (x.type == NPY_FLOAT) return nll_loss_of<float>(x, args, reduction);
    if (x.type == NPY_DOUBLE) return nll_loss_of<double>(x, args, reduction);
    return nullptr;
}

template <class T>
PyObject* nll_loss_backward_of(const ArrayView& grad, PyObject* const* args, Reduction reduction,
                               int ndim, const npy_intp* shape) {
    const Targets<T> targets(args[1], args[2], args[5], ndim, shape);
    ArrayView total;
    if (!targets.valid || !view(args[3], total) || total.type != grad.type || total.ndim != 0)
        return nullptr;
    const bool each = reduction == Reduction::none;
    if (grad.ndim != (each ? ndim - 1 : 0) || !grad.is_contiguous) return nullptr;
    PyObject* result = new_array(grad.type, ndim, shape);
    if (!result) return nullptr;
    T* to = data_of<T>(result);
    const int64_t inner = PyArray_MultiplyList(shape + 2, ndim - 2), classes = shape[1];
    std::memset(to, 0, targets.count * classes * sizeof(T));
    const T* grads = grad.as<T>();
    const T scale = reduction == Reduction::mean ? *grads / *total.as<T>() : *grads;
    for (int64_t i = 0; i < targets.count; ++i) {
        if (targets.labels[i] == targets.ignored) continue;
        const int64_t row = i / inner, place = i % inner;
        to[(row * classes + targets.labels[i]) * inner + place] =
            -(each ? grads[i] : scale) * targets.weight(i);
    }
    return result;
}

PyObject* nll_loss_backward(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView grad;
    npy_intp shape[max_axes];
    if (nargs != 7 || !view(args[0], grad) || !PyTuple_Check(args[6])) return nullptr;
    const auto ndim = static_cast<int>(PyTuple_GET_SIZE(args[6]));
    if (ndim < 2 || ndim > max_axes) return nullptr;
    for (int i = 0; i < ndim; ++i) {
        shape[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(args[6], i));
        if (shape[i] == -1 && PyErr_Occurred()) return nullptr;
    }
    const Reduction reduction = read_reduction(args[4]);
    if (reduction == Reduction::unknown || PyArray_MultiplyList(shape, ndim) == 0) return nullptr;
    if (grad.type == NPY_FLOAT)
        return nll_loss_backward_of<float>(grad, args, reduction, ndim, shape);
    if (grad.type == NPY_DOUBLE)
        return nll_loss_backward_of<double>(grad, args, reduction, ndim, shape);
    return nullptr;
}

// max(0, margin - x[y] + x[c])^p over the classes c other than the row's own y, by their number.
template <class T>
PyObject* multi_margin_loss_of(const ArrayView& x, const Targets<T>& targets, int p, T margin,
                               Reduction reduction) {
    const npy_intp rows = x.shape[0], classes = x.shape[1];
    const bool each = reduction == Reduction::none;
    Owned losses(each ? new_array(x.type, 1, &rows) : nullptr);
    if (each && !losses) return nullptr;
    double total = 0;
    for (npy_intp row = 0; row < rows; ++row) {
        const T* from = x.as<T>() + row * classes;
        const T own = from[targets.labels[row]];
        double sum = 0;
        for (npy_intp c = 0; c < classes; ++c) {
            const T apart = margin - own + from[c], below = T(0) > apart ? T(0) : apart;
            sum += c == targets.labels[row] ? T(0) : p == 2 ? below * below : below;
        }
        const T loss = static_cast<T>(sum * targets.weight(row) / static_cast<double>(classes));
        if (each) data_of<T>(losses.get())[row] = loss;
        total += loss;
    }
    if (each) return losses.hand_on();
    return new_scalar<T>(reduction == Reduction::mean ? total / static_cast<double>(rows) : total);
}

PyObject* multi_margin_loss(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView x;
    if (nargs != 6 || !view(args[0], x) || x.ndim != 2 || !x.is_contiguous ||
        !PyLong_CheckExact(args[3]) || !PyFloat_CheckExact(args[4]))
        return nullptr;
    const Reduction reduction = read_reduction(args[5]);
    const long p = PyLong_AsLong(args[3]);
    if (reduction == Reduction::unknown || (p != 1 && p != 2)) return nullptr;
    const Owned none_ignored(PyLong_FromLong(-1));  // such a label is out of range
    const auto compute = [&](auto zero) -> PyObject* {
        using T = decltype(zero);
        const Targets<T> targets(args[1], args[2], none_ignored.get(), 2, x.shape);
        if (!targets.valid) return nullptr;
        for (int64_t i = 0; i < targets.count; ++i)
            if (targets.labels[i] < 0) return nullptr;
        return multi_margin_loss_of<T>(x, targets, static_cast<int>(p),
                                       static_cast<T>(PyFloat_AS_DOUBLE(args[4])), reduction);
    };
    if (x.type == NPY_FLOAT) return compute(float{});
    return x.type == NPY_DOUBLE ? compute(double{}) : nullptr;
}

}  // namespace

PyMethodDef loss_methods[] = {
    method<"multi_margin_loss", multi_margin_loss>(
        "multi_margin_loss(x, target, weight, p, margin, reduction)\n--\n\n"
        "By how much classes come within a margin of the row's own."),
    method<"nll_loss", nll_loss>(
        "nll_loss(log_probabilities, target, weight, reduction, ignore_index)\n--\n\n"
        "Negative log likelihood: (loss, total weight)."),
    method<"nll_loss_backward", nll_loss_backward>(
        "nll_loss_backward(grad, target, weight, total_weight, reduction, ignore_index, "
        "input_shape)"
        "\n--\n\nIts gradient with respect to the log probabilities."),
    {}};

}  // namespace rushlight
