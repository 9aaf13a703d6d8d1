// Group normalisation (Wu and He 2018): the channels of an image in groups, each normalised by
// itself. Arrays are passed through as by batch normalisation: contiguous ones have a row per image
// and channel, channels-last ones a column per channel.
#include <cmath>
#include <vector>

#include "array_view.h"
#include "instruction_sets.h"
#include "normalization.h"
#include "parallel.h"

namespace rushlight {

namespace {

using namespace normalization;

constexpr int64_t most_image_blocks = 64;  // of images, each with sums of its own

struct Groups {
    bool in_columns;
    int64_t images, groups, width, length;  // width: channels of a group

    int64_t channels() const { return groups * width; }
    int64_t image_size() const { return channels() * length; }
    double count() const { return static_cast<double>(width * length); }  // elements of a group
    int64_t image_grain() const { return std::max<int64_t>(1, parallel_grain / image_size()); }
    // Rows of an image that lies in columns, which are summed together.
    int64_t block() const { return std::max<int64_t>(8, block_size / channels()); }
    int64_t blocks() const { return (length + block() - 1) / block(); }
    int64_t block_grain() const {
        return std::max<int64_t>(1, parallel_grain / (block() * channels()));
    }
    int64_t group_grain() const {
        return std::max<int64_t>(1, parallel_grain / (width * length));
    }
};

bool read_groups(PyObject* object, const ArrayView& x, const Plan& plan, Groups& g) {
    if (!PyLong_Check(object)) return false;
    const int64_t groups = PyLong_AsSsize_t(object);
    if (groups <= 0 || plan.channels % groups) return false;
    const int64_t images = x.shape[0], width = plan.channels / groups;
    g = {plan.in_columns, images, groups, width, plan.size() / (images * plan.channels)};
    return true;
}

// --- forward

// Of each group of an image.
template <class T>
void moments_of_image(const Groups& g, const T* x, Moments* moments) {
    if (!g.in_columns) {
        parallel_for(g.groups, g.group_grain(), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t n = g.width * g.length;
                const double mean = loops<T>().sum.row(n, x + i * n) / g.count();
                const T center = static_cast<T>(mean);
                const double squares = loops<T>().centered_row(n, x + i * n, center);
                moments[i] = {g.count(), mean, about_mean(squares, g.count(), mean, center)};
            }
        });
        return;
    }
    const int64_t channels = g.channels(), block = g.block(), blocks = g.blocks();
    std::vector<Moments> parts(blocks * g.groups);
    parallel_for(blocks, g.block_grain(), [&](int64_t begin, int64_t end) {
        std::vector<double> sums(channels), squares(channels);
        std::vector<T> centers(channels);
        for (int64_t b = begin; b < end; ++b) {
            const T* rows = x + b * block * channels;
            const int64_t count = std::min(block, g.length - b * block);
            const auto n = static_cast<double>(count * g.width);
            std::fill(sums.begin(), sums.end(), 0.0);
            std::fill(squares.begin(), squares.end(), 0.0);
            loops<T>().sum.columns(count, channels, rows, channels, sums.data());
            Moments* part = &parts[b * g.groups];
            for (int64_t i = 0; i < g.groups; ++i) {
                for (int64_t c = i * g.width; c < (i + 1) * g.width; ++c) part[i].mean += sums[c];
                part[i].mean /= n;
                for (int64_t c = i * g.width; c < (i + 1) * g.width; ++c)
                    centers[c] = static_cast<T>(part[i].mean);
            }
            loops<T>().centered_columns(count, channels, rows, centers.data(), squares.data());
            for (int64_t i = 0; i < g.groups; ++i) {
                double together = 0;
                for (int64_t c = i * g.width; c < (i + 1) * g.width; ++c) together += squares[c];
                part[i].count = n;
                part[i].squares = about_mean(together, n, part[i].mean, centers[i * g.width]);
            }
        }
    });
    for (int64_t i = 0; i < g.groups; ++i) {
        moments[i] = {};
        for (int64_t b = 0; b < blocks; ++b) {
            const Moments& part = parts[b * g.groups + i];
            moments[i].join(part.count, part.mean, part.squares);
        }
    }
}

// y = x * scale + shift, a coefficient of each kind per channel.
template <class T>
void normalize_image(const Groups& g, const T* x, const T* scale, const T* shift, T* y) {
    const int64_t channels = g.channels(), length = g.length;
    if (g.in_columns) {
        parallel_for(length, std::max<int64_t>(1, parallel_grain / channels),
                     [=](int64_t begin, int64_t end) {
            loops<T>().affine_columns(end - begin, channels, x + begin * channels, scale, shift,
                                      y + begin * channels);
        });
        return;
    }
    parallel_for(channels, std::max<int64_t>(1, parallel_grain / length),
                 [=](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c)
            loops<T>().affine_row(length, x + c * length, scale[c], shift[c], y + c * length);
    });
}

template <class T>
PyObject* group_norm_of(const ArrayView& like, const ArrayView& x, const Groups& g,
                        PyObject* const* args, double eps) {
    T *weight, *bias;
    if (!read_vector(args[1], g.channels(), weight) || !read_vector(args[2], g.channels(), bias))
        return nullptr;
    const npy_intp shape[] = {g.images, g.groups};
    const Owned y(new_array_like(x)), mean(new_array(x.type, 2, shape)),
        invstd(new_array(x.type, 2, shape));
    if (!y || !mean || !invstd) return nullptr;
    {
        AllowThreads allow(x.size() >= release_lock_from);
        const T* from = x.as<T>();
        T* to = data_of<T>(y.get());
        T *means = data_of<T>(mean.get()), *scales = data_of<T>(invstd.get());
        parallel_for(g.images, g.image_grain(), [&](int64_t begin, int64_t end) {
            std::vector<Moments> moments(g.groups);
            std::vector<T> scale(g.channels()), shift(g.channels());
            for (int64_t n = begin; n < end; ++n) {
                const int64_t start = n * g.image_size();
                moments_of_image(g, from + start, moments.data());
                for (int64_t i = 0; i < g.groups; ++i) {
                    const double center = moments[i].mean;
                    const double inverse = 1 / std::sqrt(moments[i].squares / g.count() + eps);
                    means[n * g.groups + i] = static_cast<T>(center);
                    scales[n * g.groups + i] = static_cast<T>(inverse);
                    for (int64_t c = i * g.width; c < (i + 1) * g.width; ++c) {
                        const double factor = weight ? weight[c] * inverse : inverse;
                        scale[c] = static_cast<T>(factor);
                        shift[c] = static_cast<T>((bias ? bias[c] : 0.0) - center * factor);
                    }
                }
                normalize_image(g, from + start, scale.data(), shift.data(), to + start);
            }
        });
    }
    return pack_in_order_of(like, y, mean, invstd);
}

PyObject* group_norm(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView given, x;
    Plan plan;
    Groups g;
    if (nargs != 5 || !view(args[0], given)) return nullptr;
    if (given.type != NPY_FLOAT && given.type != NPY_DOUBLE) return nullptr;
    const Owned planned(with_plan(given, plan));
    if (!planned || !view(planned.get(), x) || !read_groups(args[3], x, plan, g)) return nullptr;
    const double eps = PyFloat_AsDouble(args[4]);
    if (PyErr_Occurred()) return nullptr;
    return x.type == NPY_FLOAT ? group_norm_of<float>(given, x, g, args, eps)
                               : group_norm_of<double>(given, x, g, args, eps);
}

// --- backward

// Per channel of an image: the sums of grad and of grad * (x - center).
template <class T>
void products_of_image(const Groups& g, const T* grad, const T* x, const T* centers, double* sums,
                       double* products) {
    const int64_t channels = g.channels(), length = g.length;
    if (!g.in_columns) {
        parallel_for(channels, std::max<int64_t>(1, parallel_grain / length),
                     [=](int64_t begin, int64_t end) {
            for (int64_t c = begin; c < end; ++c) {
                double both[2] = {};
                loops<T>().product_row(length, grad + c * length, x + c * length, centers[c],
                                       both);
                sums[c] = both[0];
                products[c] = both[1];
            }
        });
        return;
    }
    const int64_t block = g.block(), blocks = g.blocks();
    std::vector<double> parts(blocks * 2 * channels);
    parallel_for(blocks, g.block_grain(), [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b) {
            double* part = &parts[b * 2 * channels];
            const int64_t start = b * block * channels;
            loops<T>().product_columns(std::min(block, length - b * block), channels,
                                       grad + start, x + start, centers, part, part + channels);
        }
    });
    std::fill_n(sums, channels, 0.0);
    std::fill_n(products, channels, 0.0);
    for (int64_t b = 0; b < blocks; ++b)
        for (int64_t c = 0; c < channels; ++c) {
            sums[c] += parts[b * 2 * channels + c];
            products[c] += parts[b * 2 * channels + channels + c];
        }
}

// gx = grad * a + x * b + c, a coefficient of each kind per channel.
template <class T>
void combine_image(const Groups& g, const T* grad, const T* x, const T* a, const T* b, const T* c,
                   T* gx) {
    const int64_t channels = g.channels(), length = g.length;
    if (g.in_columns) {
        parallel_for(length, std::max<int64_t>(1, parallel_grain / channels),
                     [=](int64_t begin, int64_t end) {
            const int64_t start = begin * channels;
            loops<T>().affine2_columns(end - begin, channels, grad + start, x + start, a, b, c,
                                       gx + start);
        });
        return;
    }
    parallel_for(channels, std::max<int64_t>(1, parallel_grain / length),
                 [=](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t start = i * length;
            loops<T>().affine2_row(length, grad + start, x + start, a[i], b[i], c[i], gx + start);
        }
    });
}

// What one thread needs for an image.
template <class T>
struct Coefficients {
    explicit Coefficients(int64_t channels)
        : sums(channels), products(channels), centers(channels), a(channels), b(channels),
          c(channels) {}

    // With xhat = (x - mean) * invstd, g = grad * weight and n elements in a group:
    // gx = invstd * (g - sum(g) / n - xhat * sum(g * xhat) / n)
    void find(const Groups& g, const T* weight, const T* scales) {
        for (int64_t i = 0; i < g.groups; ++i) {
            const double inverse = scales[i];
            double sum = 0, product = 0;
            for (int64_t k = i * g.width; k < (i + 1) * g.width; ++k) {
                const double w = weight ? static_cast<double>(weight[k]) : 1.0;
                sum += w * sums[k];
                product += w * products[k];
                a[k] = static_cast<T>(w * inverse);
            }
            const double slope = -inverse * inverse * inverse * product / g.count();
            const double shift = -inverse * sum / g.count() - slope * centers[i * g.width];
            for (int64_t k = i * g.width; k < (i + 1) * g.width; ++k) {
                b[k] = static_cast<T>(slope);
                c[k] = static_cast<T>(shift);
            }
        }
    }

    std::vector<double> sums, products;
    std::vector<T> centers, a, b, c;
};

template <class T>
PyObject* group_norm_backward_of(const ArrayView& grad, const ArrayView& like, const ArrayView& x,
                                 const Groups& g, PyObject* const* args) {
    const int64_t channels = g.channels();
    T* weight;
    ArrayView mean, invstd;
    if (!read_vector(args[2], channels, weight) || !view(args[3], mean) || !view(args[4], invstd))
        return nullptr;
    for (const ArrayView* v : {&mean, &invstd})
        if (v->type != x.type || !v->is_contiguous || v->size() != g.images * g.groups)
            return nullptr;
    const Owned ordered(in_order_of(grad, x));
    if (!ordered) return nullptr;
    const npy_intp vector_shape = channels;
    const Owned gx(new_array_like(x)), gw(new_array(x.type, 1, &vector_shape)),
        gb(new_array(x.type, 1, &vector_shape));
    if (!gx || !gw || !gb) return nullptr;
    {
        AllowThreads allow(x.size() >= release_lock_from);
        const T *grads = data_of<T>(ordered.get()), *values = x.as<T>();
        T* to = data_of<T>(gx.get());
        // Sums over images belong to blocks of them, whatever the threads, and are added in order.
        const int64_t together = (g.images + most_image_blocks - 1) / most_image_blocks;
        const int64_t blocks = (g.images + together - 1) / together;
        std::vector<double> parts(blocks * 2 * channels);
        const int64_t grain = std::max<int64_t>(1, g.image_grain() / together);
        parallel_for(blocks, grain, [&](int64_t begin, int64_t end) {
            Coefficients<T> of(channels);
            for (int64_t n = begin * together; n < std::min(end * together, g.images); ++n) {
                const int64_t start = n * g.image_size();
                const T *centers = mean.as<T>() + n * g.groups;
                const T *scales = invstd.as<T>() + n * g.groups;
                for (int64_t c = 0; c < channels; ++c) of.centers[c] = centers[c / g.width];
                products_of_image(g, grads + start, values + start, of.centers.data(),
                                  of.sums.data(), of.products.data());
                double* part = &parts[n / together * 2 * channels];
                for (int64_t c = 0; c < channels; ++c) {
                    part[c] += of.products[c] * scales[c / g.width];
                    part[channels + c] += of.sums[c];
                }
                of.find(g, weight, scales);
                combine_image(g, grads + start, values + start, of.a.data(), of.b.data(),
                              of.c.data(), to + start);
            }
        });
        for (int64_t c = 0; c < channels; ++c) {
            double of_weight = 0, of_bias = 0;
            for (int64_t k = 0; k < blocks; ++k) {
                of_weight += parts[k * 2 * channels + c];
                of_bias += parts[k * 2 * channels + channels + c];
            }
            data_of<T>(gw.get())[c] = static_cast<T>(of_weight);
            data_of<T>(gb.get())[c] = static_cast<T>(of_bias);
        }
    }
    return pack_in_order_of(like, gx, gw, gb);
}

PyObject* group_norm_backward(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView grad, given, x;
    Plan plan;
    Groups g;
    if (nargs != 6 || !view(args[0], grad) || !view(args[1], given) || grad.type != given.type ||
        !same_shape(grad, given) || (given.type != NPY_FLOAT && given.type != NPY_DOUBLE))
        return nullptr;
    const Owned planned(with_plan(given, plan));
    if (!planned || !view(planned.get(), x) || !read_groups(args[5], x, plan, g)) return nullptr;
    return x.type == NPY_FLOAT ? group_norm_backward_of<float>(grad, given, x, g, args)
                               : group_norm_backward_of<double>(grad, given, x, g, args);
}

}  // namespace

PyMethodDef group_norm_methods[] = {
    method<"group_norm", group_norm>(
        "group_norm(x, weight, bias, groups, eps)\n--\n\n"
        "(y, mean, 1 / standard deviation) for groups of channels, dimension 1."),
    method<"group_norm_backward", group_norm_backward>(
        "group_norm_backward(grad, x, weight, mean, invstd, groups)\n--\n\n"
        "The gradients of x, weight and bias."),
    {}};

}  // namespace rushlight
