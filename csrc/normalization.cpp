// Batch normalisation (Ioffe and Szegedy 2015) of channels-last arrays, which are matrices with a
// column per channel, and of contiguous N,C,... arrays, which have a row per image and channel.
// Others are copied.
#include <cmath>
#include <numeric>
#include <vector>

#include "array_view.h"
#include "instruction_sets.h"
#include "iteration.h"
#include "normalization.h"

namespace rushlight {

namespace {

using normalization::Plan;

bool make_plan(const ArrayView& x, Plan& plan) {
    int axes[NPY_MAXDIMS];
    if (!dense_axes(x, axes)) return false;
    const int64_t channels = x.shape[1];
    if (x.strides[1] == PyArray_ITEMSIZE(x.object) && axes[x.ndim - 1] == 1) {
        plan = {true, x.size() / channels, channels, 1};
    } else if (x.is_contiguous) {
        plan = {false, x.shape[0], channels, x.size() / channels / x.shape[0]};
    } else {
        return false;
    }
    return true;
}

}  // namespace

namespace normalization {

// x itself if it has a plan, else a copy that has one. nullptr without an error for what is left to
// the base.
PyObject* with_plan(const ArrayView& x, Plan& plan) {
    if (x.ndim < 2 || x.ndim > max_axes || x.size() == 0) return nullptr;
    if (make_plan(x, plan)) return Py_NewRef(reinterpret_cast<PyObject*>(x.object));
    int axes[max_axes];
    std::iota(axes, axes + x.ndim, 0);
    Owned copy(copy_in_order(x, axes));
    ArrayView copied;
    return copy && view(copy.get(), copied) && make_plan(copied, plan) ? copy.hand_on() : nullptr;
}

// A tuple of three results, the first in the memory order of the array that the caller gave.
PyObject* pack_in_order_of(const ArrayView& like, const Owned& first, const Owned& second,
                           const Owned& third) {
    ArrayView made;
    const Owned ordered(view(first.get(), made) ? in_order_of(made, like) : nullptr);
    return ordered ? PyTuple_Pack(3, ordered.get(), second.get(), third.get()) : nullptr;
}

}  // namespace normalization

namespace {

using namespace normalization;

template <class T>
void moments_in_rows(const Plan& plan, const T* x, Moments* moments) {
    const auto n = static_cast<double>(plan.length);
    parallel_for(plan.channels, plan.channel_grain(), [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c) {
            for (int64_t r = 0; r < plan.rows; ++r) {
                const T* row = x + (r * plan.channels + c) * plan.length;
                const double mean = loops<T>().sum.row(plan.length, row) / n;
                const T center = static_cast<T>(mean);
                const double squares = loops<T>().centered_row(plan.length, row, center);
                moments[c].join(n, mean, about_mean(squares, n, mean, center));
            }
        }
    });
}

template <class T>
void moments_in_columns(const Plan& plan, const T* x, Moments* moments) {
    const int64_t block = plan.block(), blocks = plan.blocks(), channels = plan.channels;
    std::vector<double> means(blocks * channels), squares(blocks * channels);
    const auto rows_of = [&](int64_t b) { return std::min(block, plan.rows - b * block); };
    parallel_for(blocks, plan.block_grain(), [&](int64_t begin, int64_t end) {
        std::vector<T> center(channels);
        for (int64_t b = begin; b < end; ++b) {
            const T* first = x + b * block * channels;
            double *mean = &means[b * channels], *square = &squares[b * channels];
            const int64_t rows = rows_of(b);
            loops<T>().sum.columns(rows, channels, first, channels, mean);
            for (int64_t c = 0; c < channels; ++c) {
                mean[c] /= static_cast<double>(rows);
                center[c] = static_cast<T>(mean[c]);
            }
            loops<T>().centered_columns(rows, channels, first, center.data(), square);
            for (int64_t c = 0; c < channels; ++c)
                square[c] = about_mean(square[c], static_cast<double>(rows), mean[c], center[c]);
        }
    });
    for (int64_t b = 0; b < blocks; ++b)
        for (int64_t c = 0; c < channels; ++c)
            moments[c].join(static_cast<double>(rows_of(b)), means[b * channels + c],
                            squares[b * channels + c]);
}

template <class T>
void normalize(const Plan& plan, const T* x, const T* scale, const T* shift, T* y) {
    const int64_t channels = plan.channels, length = plan.length;
    if (plan.in_columns) {
        parallel_for(plan.rows, std::max<int64_t>(1, parallel_grain / channels),
                     [=](int64_t begin, int64_t end) {
            loops<T>().affine_columns(end - begin, channels, x + begin * channels, scale, shift,
                                      y + begin * channels);
        });
    } else {
        parallel_for(plan.rows * channels, std::max<int64_t>(1, parallel_grain / length),
                     [=](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t c = i % channels, start = i * length;
                loops<T>().affine_row(length, x + start, scale[c], shift[c], y + start);
            }
        });
    }
}

template <class T>
PyObject* batch_norm_of(const ArrayView& like, const ArrayView& x, const Plan& plan,
                        PyObject* const* args, bool training, double momentum, double eps) {
    const int64_t channels = plan.channels;
    T *weight, *bias, *running_mean, *running_var;
    if (!read_vector(args[1], channels, weight) || !read_vector(args[2], channels, bias) ||
        !read_vector(args[3], channels, running_mean, training) ||
        !read_vector(args[4], channels, running_var, training) || !running_mean != !running_var ||
        (!training && !running_mean))
        return nullptr;
    const npy_intp vector_shape = channels;
    const Owned y(new_array_like(x)), mean(new_array(x.type, 1, &vector_shape)),
        invstd(new_array(x.type, 1, &vector_shape));
    if (!y || !mean || !invstd) return nullptr;
    {
        AllowThreads allow(plan.size() >= release_lock_from);
        std::vector<Moments> moments(training ? channels : 0);
        if (training && plan.in_columns) moments_in_columns(plan, x.as<T>(), moments.data());
        if (training && !plan.in_columns) moments_in_rows(plan, x.as<T>(), moments.data());
        const auto count = static_cast<double>(plan.count());
        std::vector<T> scale(channels), shift(channels);
        for (int64_t c = 0; c < channels; ++c) {
            const double center = training ? moments[c].mean : running_mean[c];
            const double var = training ? moments[c].squares / count : running_var[c];
            const double inverse = 1 / std::sqrt(var + eps);
            if (training && running_mean) {
                const double unbiased = moments[c].squares / std::max(count - 1, 1.0);
                running_mean[c] =
                    static_cast<T>((1 - momentum) * running_mean[c] + momentum * center);
                running_var[c] =
                    static_cast<T>((1 - momentum) * running_var[c] + momentum * unbiased);
            }
            data_of<T>(mean.get())[c] = static_cast<T>(center);
            data_of<T>(invstd.get())[c] = static_cast<T>(inverse);
            const double factor = weight ? weight[c] * inverse : inverse;
            scale[c] = static_cast<T>(factor);
            shift[c] = static_cast<T>((bias ? bias[c] : 0.0) - center * factor);
        }
        normalize(plan, x.as<T>(), scale.data(), shift.data(), data_of<T>(y.get()));
    }
    return pack_in_order_of(like, y, mean, invstd);
}

PyObject* batch_norm(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView given, x;
    Plan plan;
    if (nargs != 8 || !view(args[0], given)) return nullptr;
    if (given.type != NPY_FLOAT && given.type != NPY_DOUBLE) return nullptr;
    const Owned planned(with_plan(given, plan));
    if (!planned || !view(planned.get(), x)) return nullptr;
    const int training = PyObject_IsTrue(args[5]);
    const double momentum = PyFloat_AsDouble(args[6]), eps = PyFloat_AsDouble(args[7]);
    if (PyErr_Occurred()) return nullptr;
    return x.type == NPY_FLOAT
               ? batch_norm_of<float>(given, x, plan, args, training, momentum, eps)
               : batch_norm_of<double>(given, x, plan, args, training, momentum, eps);
}

// Per channel: the sums of grad and of grad * (x - mean).
template <class T>
void sums_of_products(const Plan& plan, const T* grad, const T* x, const T* mean, double* sums,
                      double* products) {
    const int64_t channels = plan.channels;
    if (!plan.in_columns) {
        parallel_for(channels, plan.channel_grain(), [&](int64_t begin, int64_t end) {
            for (int64_t c = begin; c < end; ++c) {
                double both[2] = {};
                for (int64_t r = 0; r < plan.rows; ++r) {
                    const int64_t start = (r * channels + c) * plan.length;
                    loops<T>().product_row(plan.length, grad + start, x + start, mean[c], both);
                }
                sums[c] = both[0];
                products[c] = both[1];
            }
        });
        return;
    }
    const int64_t block = plan.block(), blocks = plan.blocks();
    std::vector<double> partial(blocks * 2 * channels);
    parallel_for(blocks, plan.block_grain(), [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b) {
            double* to = &partial[b * 2 * channels];
            const int64_t start = b * block * channels;
            loops<T>().product_columns(std::min(block, plan.rows - b * block), channels,
                                       grad + start, x + start, mean, to, to + channels);
        }
    });
    for (int64_t b = 0; b < blocks; ++b)
        for (int64_t c = 0; c < channels; ++c) {
            sums[c] += partial[b * 2 * channels + c];
            products[c] += partial[b * 2 * channels + channels + c];
        }
}

// gx = grad * a + x * b + c, a coefficient of each kind per channel.
template <class T>
void combine(const Plan& plan, const T* grad, const T* x, const T* a, const T* b, const T* c,
             T* gx) {
    const int64_t channels = plan.channels, length = plan.length;
    if (plan.in_columns) {
        parallel_for(plan.rows, std::max<int64_t>(1, parallel_grain / channels),
                     [=](int64_t begin, int64_t end) {
            const int64_t start = begin * channels;
            loops<T>().affine2_columns(end - begin, channels, grad + start, x + start, a, b, c,
                                       gx + start);
        });
    } else {
        parallel_for(plan.rows * channels, std::max<int64_t>(1, parallel_grain / length),
                     [=](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t k = i % channels, start = i * length;
                loops<T>().affine2_row(length, grad + start, x + start, a[k], b[k], c[k],
                                       gx + start);
            }
        });
    }
}

template <class T>
PyObject* batch_norm_backward_of(const ArrayView& grad, const ArrayView& like, const ArrayView& x,
                                 const Plan& plan, PyObject* const* args, bool training) {
    const int64_t channels = plan.channels;
    T *weight, *mean, *invstd;
    if (!read_vector(args[2], channels, weight) || !read_vector(args[3], channels, mean) ||
        !read_vector(args[4], channels, invstd) || !mean || !invstd)
        return nullptr;
    const Owned ordered(in_order_of(grad, x));
    if (!ordered) return nullptr;
    const npy_intp vector_shape = channels;
    const Owned gx(new_array_like(x)), gw(new_array(x.type, 1, &vector_shape)),
        gb(new_array(x.type, 1, &vector_shape));
    if (!gx || !gw || !gb) return nullptr;
    {
        AllowThreads allow(plan.size() >= release_lock_from);
        const T* grads = data_of<T>(ordered.get());
        std::vector<double> sums(channels), products(channels);
        sums_of_products(plan, grads, x.as<T>(), mean, sums.data(), products.data());
        // With xhat = (x - mean) * invstd and n elements in a channel:
        // gx = weight * invstd * (grad - sum(grad) / n - xhat * sum(grad * xhat) / n)
        std::vector<T> a(channels), b(channels), shift(channels);
        const auto n = static_cast<double>(plan.count());
        for (int64_t c = 0; c < channels; ++c) {
            const double inverse = invstd[c], scale = weight ? weight[c] * inverse : inverse;
            a[c] = static_cast<T>(scale);
            if (training) {
                const double slope = -scale * inverse * inverse * products[c] / n;
                b[c] = static_cast<T>(slope);
                shift[c] = static_cast<T>(-scale * sums[c] / n - slope * mean[c]);
            }
            data_of<T>(gw.get())[c] = static_cast<T>(products[c] * inverse);
            data_of<T>(gb.get())[c] = static_cast<T>(sums[c]);
        }
        if (training)
            combine(plan, grads, x.as<T>(), a.data(), b.data(), shift.data(), data_of<T>(gx.get()));
        else  // whatever x is, a NaN too
            normalize(plan, grads, a.data(), shift.data(), data_of<T>(gx.get()));
    }
    return pack_in_order_of(like, gx, gw, gb);
}

PyObject* batch_norm_backward(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView grad, given, x;
    Plan plan;
    if (nargs != 6 || !view(args[0], grad) || !view(args[1], given) || grad.type != given.type ||
        !same_shape(grad, given) || (given.type != NPY_FLOAT && given.type != NPY_DOUBLE))
        return nullptr;
    const Owned planned(with_plan(given, plan));
    if (!planned || !view(planned.get(), x)) return nullptr;
    const int training = PyObject_IsTrue(args[5]);
    if (training < 0) return nullptr;
    return x.type == NPY_FLOAT
               ? batch_norm_backward_of<float>(grad, given, x, plan, args, training)
               : batch_norm_backward_of<double>(grad, given, x, plan, args, training);
}

}  // namespace

PyMethodDef normalization_methods[] = {
    method<"batch_norm", batch_norm>(
        "batch_norm(x, weight, bias, running_mean, running_var, training, momentum, eps)\n--\n\n"
        "(y, mean, 1 / standard deviation) per channel; training moves the running statistics."),
    method<"batch_norm_backward", batch_norm_backward>(
        "batch_norm_backward(grad, x, weight, mean, invstd, training)\n--\n\n"
        "The gradients of x, weight and bias."),
    {}};

}  // namespace rushlight
