// Convolution and its gradients, images channels-last. Those of float32 by Winograd's algorithm, by
// loops of our own for few channels, as a matrix product for few places, or by oneDNN, whichever was
// measured to be the fastest; those of bfloat16 by oneDNN, where the processor has instructions for
// them.
#include "allocator.h"
#include "direct_convolution.h"
#include "geometry.h"
#include "onednn.h"
#include "unfolded_convolution.h"
#include "winograd.h"

namespace rushlight {

namespace {

using dnnl::memory;

struct Geometry {
    int spatial;  // of the arrays; 1-d convolutions are 2-d ones of height 1
    int type = NPY_FLOAT;
    int64_t batch, channels, out_channels, groups;
    Sizes input, output, kernel, stride, padding, dilation;

    // The type is that of `array`, where it is one of those that there are.
    bool read(PyObject* tuple, PyObject* array) {
        if (onednn::takes_bfloat16(array)) type = bfloat16_type;
        if (!PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) != 7) return false;
        PyObject* const* items = &PyTuple_GET_ITEM(tuple, 0);
        if (!read_sizes(items[0], 2, 1, input) || !read_sizes(items[1], 2, 1, kernel) ||
            !read_sizes(items[2], 2, 1, output) || !read_sizes(items[3], 0, 1, stride) ||
            !read_sizes(items[4], 0, 0, padding) || !read_sizes(items[5], 0, 1, dilation))
            return false;
        spatial = static_cast<int>(PyTuple_GET_SIZE(items[0])) - 2;
        batch = number_at(items[0], 0);
        channels = number_at(items[0], 1);
        out_channels = number_at(items[1], 0);
        groups = number_at(tuple, 6);
        return !PyErr_Occurred() && groups > 0 && input_size() > 0 && output_size() > 0;
    }

    int64_t input_size() const { return batch * channels * input.product(); }
    int64_t output_size() const { return batch * out_channels * output.product(); }
    int64_t weight_size() const { return out_channels * (channels / groups) * kernel.product(); }
    double operations() const {
        return 2.0 * static_cast<double>(batch * output.product() * weight_size());
    }
    bool is_plain() const {  // what our own loops cover
        return type == NPY_FLOAT && spatial <= 2 && groups == 1 && dilation.product() == 1;
    }

    DirectConvolution direct() const {
        DirectConvolution g{channels, input[1],  input[2],  out_channels, output[1],  output[2],
                            kernel[1], kernel[2], stride[1], stride[2],    padding[1], padding[2],
                            1};
        g.fold = direct::fold_of(g);
        return g;
    }
    // The images are whole shares for the threads, or small enough for one.
    bool direct_is_faster(direct::Pass pass, int threads) const {
        return is_plain() && (threads == 1 || batch >= 2 * threads) &&
               direct::is_faster(direct(), pass);
    }

    bool is_winograd() const {
        return is_plain() && kernel[1] == 3 && kernel[2] == 3 && stride.product() == 1;
    }
    WinogradConvolution winograd() const {
        return {batch,     channels,   input[1],   input[2], out_channels,
                output[1], output[2], padding[1], padding[2], false};
    }
    // The gradient of the input: the convolution of the gradient with the filters turned around.
    WinogradConvolution winograd_backward() const {
        return {batch,    out_channels, output[1],      output[2],      channels,
                input[1], input[2],     2 - padding[1], 2 - padding[2], true};
    }
};

enum class Algorithm { winograd, direct, unfolded, onednn };

// What was measured to be the fastest, but for `unfolded`.
Algorithm fastest(const Geometry& g, direct::Pass pass, int threads) {
    if (g.is_winograd()) {
        const bool is_faster = pass == direct::forward_pass ? winograd::is_faster(g.winograd())
                               : pass == direct::backward_input_pass
                                   ? winograd::is_faster(g.winograd_backward())
                                   : winograd::weight_gradient_is_faster(g.winograd());
        if (is_faster) return Algorithm::winograd;
    }
    return g.direct_is_faster(pass, threads) ? Algorithm::direct : Algorithm::onednn;
}

// --- oneDNN --------------------------------------------------------------------------------------

enum PlanKind { forward_plan = 100, backward_input_plan, backward_weight_plan };

memory::data_type data_type_of(const Geometry& g) {
    return g.type == NPY_FLOAT ? memory::data_type::f32 : memory::data_type::bf16;
}

// The sizes and layouts in oneDNN's terms.
struct Descriptors {
    memory::dims input, output, weight, bias, stride, padding, dilation;
    memory::desc images, results, plain_weight, any_weight, plain_bias;

    explicit Descriptors(const Geometry& g) {
        const int first = g.spatial == 3 ? 0 : 1;
        const auto joined = [&](memory::dims head, const Sizes& sizes) {
            head.insert(head.end(), sizes.of + first, sizes.of + most_spatial);
            return head;
        };
        input = joined({g.batch, g.channels}, g.input);
        output = joined({g.batch, g.out_channels}, g.output);
        weight = joined({g.out_channels / g.groups, g.channels / g.groups}, g.kernel);
        if (g.groups > 1) weight.insert(weight.begin(), g.groups);
        stride = joined({}, g.stride);
        padding = joined({}, g.padding);
        dilation = joined({}, g.dilation);
        for (auto& d : dilation) --d;  // oneDNN counts the places left out
        const bool volumes = g.spatial == 3;
        using tag = memory::format_tag;
        const auto type = data_type_of(g);
        images = {input, type, volumes ? tag::ndhwc : tag::nhwc};
        results = {output, type, volumes ? tag::ndhwc : tag::nhwc};
        plain_weight = {weight, type,
                        g.groups > 1 ? (volumes ? tag::goidhw : tag::goihw)
                                     : (volumes ? tag::oidhw : tag::oihw)};
        any_weight = {weight, type, tag::any};
        plain_bias = {{g.out_channels}, type, tag::x};
    }
};

dnnl::primitive_attr attributes() {
    dnnl::primitive_attr result;
    result.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return result;
}

constexpr auto by_definition = dnnl::algorithm::convolution_direct;

dnnl::convolution_forward::primitive_desc forward_description(const Descriptors& d,
                                                              bool with_bias) {
    return {onednn::engine(), dnnl::prop_kind::forward_training, by_definition, d.images,
            d.any_weight,
            with_bias ? d.plain_bias : memory::desc(), d.results, d.stride, d.dilation, d.padding,
            d.padding, attributes()};
}

using onednn::Plan;

std::unique_ptr<Plan> make_forward(const Geometry& g, bool with_bias) {
    const Descriptors d(g);
    const auto made = forward_description(d, with_bias);
    if (onednn::is_reference(made)) return nullptr;
    std::vector<Plan::Operand> operands{
        {DNNL_ARG_SRC, Plan::in, d.images, made.src_desc()},
        {DNNL_ARG_WEIGHTS, Plan::in, d.plain_weight, made.weights_desc()},
        {DNNL_ARG_DST, Plan::out, d.results, made.dst_desc()}};
    if (with_bias)
        operands.push_back({DNNL_ARG_BIAS, Plan::in, d.plain_bias, made.bias_desc()});
    return std::make_unique<Plan>(dnnl::convolution_forward(made), operands,
                                  made.scratchpad_desc());
}

std::unique_ptr<Plan> make_backward_input(const Geometry& g) {
    const Descriptors d(g);
    const auto forward = forward_description(d, false);
    using Description = dnnl::convolution_backward_data::primitive_desc;
    const auto describe = [&](const memory::desc& grad) {
        return Description(onednn::engine(), by_definition, d.images, d.any_weight, grad, d.stride,
                           d.dilation, d.padding, d.padding, forward, attributes());
    };
    // Left to choose the gradient's layout, oneDNN 3.2 takes another implementation, which for 16
    // channels or fewer is up to 1.8 times as fast, and mostly takes channels-last just the same.
    Description made = describe(d.results);
    if (g.channels <= 16) {
        const Description other = describe({d.output, data_type_of(g), memory::format_tag::any});
        if (other.diff_dst_desc() == d.results) made = other;
    }
    if (onednn::is_reference(made)) return nullptr;
    const std::vector<Plan::Operand> operands{
        {DNNL_ARG_DIFF_DST, Plan::in, d.results, made.diff_dst_desc()},
        {DNNL_ARG_WEIGHTS, Plan::in, d.plain_weight, made.weights_desc()},
        {DNNL_ARG_DIFF_SRC, Plan::out, d.images, made.diff_src_desc()}};
    return std::make_unique<Plan>(dnnl::convolution_backward_data(made), operands,
                                  made.scratchpad_desc());
}

std::unique_ptr<Plan> make_backward_weight(const Geometry& g, bool with_bias) {
    const Descriptors d(g);
    const dnnl::convolution_backward_weights::primitive_desc made(
        onednn::engine(), by_definition, d.images, d.any_weight,
        with_bias ? d.plain_bias : memory::desc(), d.results, d.stride, d.dilation, d.padding,
        d.padding, forward_description(d, with_bias), attributes());
    if (onednn::is_reference(made)) return nullptr;
    std::vector<Plan::Operand> operands{
        {DNNL_ARG_DIFF_DST, Plan::in, d.results, made.diff_dst_desc()},
        {DNNL_ARG_SRC, Plan::in, d.images, made.src_desc()},
        {DNNL_ARG_DIFF_WEIGHTS, Plan::out, d.plain_weight, made.diff_weights_desc()}};
    if (with_bias)
        operands.push_back({DNNL_ARG_DIFF_BIAS, Plan::out, d.plain_bias, made.diff_bias_desc()});
    return std::make_unique<Plan>(dnnl::convolution_backward_weights(made), operands,
                                  made.scratchpad_desc());
}

onednn::Key key_of(PlanKind kind, const onednn::Team& team, const Geometry& g, bool with_bias) {
    onednn::Key key(kind, team);
    key.add(g.spatial).add(g.batch).add(g.channels).add(g.out_channels).add(g.groups);
    key.add(with_bias).add(g.type);
    for (const Sizes* sizes : {&g.input, &g.kernel, &g.stride, &g.padding, &g.dilation})
        key.add_all(*sizes, most_spatial);
    return key;
}

// --- what the passes share -----------------------------------------------------------------------

// The result if the work was done. `done` false without a Python error says that there was no
// memory.
PyObject* finish(bool done, Owned& result) {
    if (done) return result.hand_on();
    return PyErr_Occurred() ? nullptr : PyErr_NoMemory();
}

// The result made by oneDNN; nullptr where it has no plan, or with a Python error set.
PyObject* run_plan(Plan* plan, const void* const* data, bool release, Owned& result) {
    return plan ? finish(plan->run(data, release), result) : nullptr;
}

template <class Loops>
Outcome run_unlocked(bool release, const Loops& loops) {
    AllowThreads allow(release);
    return loops();
}

constexpr double release_from = 1e6;  // operations, as release_lock_from is in elements

// --- the kernels ---------------------------------------------------------------------------------

PyObject* convolution(PyObject* const* args, Py_ssize_t nargs) {
    Geometry g;
    Ordered x, weight, bias;
    if (nargs != 4 || !g.read(args[3], args[0]) || !x.take_images(args[0], g.type, g.input_size()) ||
        !weight.take_contiguous(args[1], g.type, g.weight_size()))
        return nullptr;
    const bool with_bias = args[2] != Py_None;
    if (with_bias && !bias.take_contiguous(args[2], g.type, g.out_channels)) return nullptr;
    const float *from = x.data<float>(), *filters = weight.data<float>();
    const float* start = with_bias ? bias.data<float>() : nullptr;

    const onednn::Team team(g.operations());
    const bool release = g.operations() >= release_from;
    Algorithm algorithm = fastest(g, direct::forward_pass, team.threads);
    if (algorithm == Algorithm::onednn && g.is_plain() && unfolded::is_faster(g.direct(), g.batch))
        algorithm = Algorithm::unfolded;
    Owned result(new_images(g.type, g.batch, g.out_channels, g.output, g.spatial));
    if (!result) return nullptr;
    float* const y = data_of<float>(result.get());
    if (algorithm != Algorithm::onednn) {
        const Outcome outcome = run_unlocked(release, [&] {
            if (algorithm == Algorithm::winograd)
                return winograd::forward(g.winograd(), team.threads, from, filters, start, y);
            const auto run =
                algorithm == Algorithm::direct ? direct::forward : unfolded::forward;
            return run(g.direct(), g.batch, team.threads, from, filters, start, y);
        });
        if (outcome != Outcome::not_finite) return finish(outcome == Outcome::done, result);
    }
    const void* data[] = {from, filters, y, start};
    return run_plan(onednn::find_plan(key_of(forward_plan, team, g, with_bias),
                                      [&] { return make_forward(g, with_bias); }),
                    data, release, result);
}

PyObject* backward_input(PyObject* const* args, Py_ssize_t nargs) {
    Geometry g;
    Ordered grad, weight;
    if (nargs != 3 || !g.read(args[2], args[0]) ||
        !grad.take_images(args[0], g.type, g.output_size()) ||
        !weight.take_contiguous(args[1], g.type, g.weight_size()))
        return nullptr;
    const float *from = grad.data<float>(), *filters = weight.data<float>();

    const onednn::Team team(g.operations());
    const bool release = g.operations() >= release_from;
    const Algorithm algorithm = fastest(g, direct::backward_input_pass, team.threads);
    Owned result(new_images(g.type, g.batch, g.channels, g.input, g.spatial));
    if (!result) return nullptr;
    float* const gx = data_of<float>(result.get());
    if (algorithm != Algorithm::onednn) {
        const Outcome outcome = run_unlocked(release, [&] {
            return algorithm == Algorithm::winograd
                       ? winograd::forward(g.winograd_backward(), team.threads, from, filters,
                                           nullptr, gx)
                       : direct::backward_input(g.direct(), g.batch, team.threads, from, filters,
                                                gx);
        });
        if (outcome != Outcome::not_finite) return finish(outcome == Outcome::done, result);
    }
    const void* data[] = {from, filters, gx};
    return run_plan(onednn::find_plan(key_of(backward_input_plan, team, g, false),
                                      [&] { return make_backward_input(g); }),
                    data, release, result);
}

PyObject* backward_weight(PyObject* const* args, Py_ssize_t nargs) {
    Geometry g;
    Ordered grad, x;
    if (nargs != 4 || !g.read(args[2], args[0]) ||
        !grad.take_images(args[0], g.type, g.output_size()) ||
        !x.take_images(args[1], g.type, g.input_size()))
        return nullptr;
    const int with_bias = PyObject_IsTrue(args[3]);
    if (with_bias < 0) return nullptr;
    // Without AMX oneDNN 3.2 takes 3 times as long as for float32 (64 to 512 channels, 3x3).
    if (g.type != NPY_FLOAT && !onednn::has_amx()) return nullptr;
    const float *from = grad.data<float>(), *images = x.data<float>();

    const onednn::Team team(g.operations());
    const bool release = g.operations() >= release_from;
    const Algorithm algorithm = fastest(g, direct::backward_weight_pass, team.threads);
    npy_intp shape[2 + most_spatial] = {g.out_channels, g.channels / g.groups};
    for (int i = 0; i < g.spatial; ++i) shape[2 + i] = g.kernel[most_spatial - g.spatial + i];
    const Owned gw(new_array(g.type, 2 + g.spatial, shape));
    const Owned gb(with_bias ? new_array(g.type, 1, shape) : Py_NewRef(Py_None));
    Owned result(gw && gb ? PyTuple_Pack(2, gw.get(), gb.get()) : nullptr);
    if (!result) return nullptr;
    float* const weight_sums = data_of<float>(gw.get());
    float* const bias_sums = with_bias ? data_of<float>(gb.get()) : nullptr;
    if (algorithm != Algorithm::onednn) {
        const Outcome outcome = run_unlocked(release, [&] {
            return algorithm == Algorithm::winograd
                       ? winograd::backward_weight(g.winograd(), team.threads, from, images,
                                                   weight_sums, bias_sums)
                       : direct::backward_weight(g.direct(), g.batch, team.threads, from, images,
                                                 weight_sums, bias_sums);
        });
        if (outcome != Outcome::not_finite) return finish(outcome == Outcome::done, result);
    }
    const void* data[] = {from, images, weight_sums, bias_sums};
    return run_plan(onednn::find_plan(key_of(backward_weight_plan, team, g, with_bias),
                                      [&] { return make_backward_weight(g, with_bias); }),
                    data, release, result);
}

}  // namespace

PyMethodDef convolution_methods[] = {
    method<"convolution", convolution>(
        "convolution(x, weight, bias, geometry)\n--\n\nThe cross-correlation, channels-last."),
    method<"convolution_backward_input", backward_input>(
        "convolution_backward_input(grad, weight, geometry)\n--\n\nThe gradient of x."),
    method<"convolution_backward_weight", backward_weight>(
        "convolution_backward_weight(grad, x, geometry, with_bias)\n--\n\n"
        "The gradients of weight and bias (or None)."),
    {}};

}  // namespace rushlight
