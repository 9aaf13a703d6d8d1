// Pictures of bytes at another size, as Pillow makes them: `Image.resize` with its filters, whose
// result this is, bit for bit, in a third of the time.
#include <algorithm>
#include <cmath>
#include <vector>

#include "array_view.h"

#include <nanobind/nanobind.h>

#include "instruction_sets.h"
#include "parallel.h"
#include "pictures.h"

namespace rushlight {

namespace {

double triangle(double x) {
    x = std::abs(x);
    return x < 1 ? 1 - x : 0;
}

double cubic(double x) {  // Keys' with a slope of -0.5
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

// Which pixels make each pixel of an axis, and with what weight. The order of operations is that of
// Pillow's precompute_coeffs: one ulp may round to another byte.
class Map {
public:
    Map(int64_t inputs, int64_t outputs, bool is_cubic) : first_(outputs), counts_(outputs) {
        const double scale = static_cast<double>(inputs) / static_cast<double>(outputs);
        const double stretch = std::max(scale, 1.0);  // of the filter, where the picture shrinks
        const double support = (is_cubic ? 2.0 : 1.0) * stretch, step = 1.0 / stretch;
        width_ = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
        weights_.assign(outputs * width_, 0);
        std::vector<double> exact(width_);
        for (int64_t j = 0; j < outputs; ++j) {
            const double center = (static_cast<double>(j) + 0.5) * scale;
            const auto first = std::max<int64_t>(static_cast<int64_t>(center - support + 0.5), 0);
            const auto end = std::min<int64_t>(static_cast<int64_t>(center + support + 0.5), inputs);
            double sum = 0;
            for (int64_t k = 0; k < end - first; ++k) {
                const double x = (static_cast<double>(k + first) - center + 0.5) * step;
                exact[k] = is_cubic ? cubic(x) : triangle(x);
                sum += exact[k];
            }
            first_[j] = first;
            counts_[j] = end - first;
            for (int64_t k = 0; k < end - first; ++k)
                weights_[j * width_ + k] = whole(sum != 0 ? exact[k] / sum : exact[k]);
        }
    }
    ByteMap map() const {
        return {static_cast<int64_t>(first_.size()), width_, first_.data(), counts_.data(),
                weights_.data()};
    }
    int64_t begin() const { return first_.front(); }
    int64_t end() const { return first_.back() + counts_.back(); }

private:
    static int32_t whole(double weight) {
        return static_cast<int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << 22));
    }

    int64_t width_;
    std::vector<int64_t> first_, counts_;
    std::vector<int32_t> weights_;
};

void resize(const uint8_t* from, int64_t width, int channels, const Map& columns, const Map& rows,
            uint8_t* to) {
    const ByteMap across = columns.map(), down = rows.map();
    const int64_t line = across.outputs * channels;
    std::vector<uint8_t> padded(width * channels + 3), lines(rows.end() * line);
    for (int64_t i = rows.begin(); i < rows.end(); ++i) {
        std::copy_n(from + i * width * channels, width * channels, padded.data());
        bit_loops.resize_line(channels, across, padded.data(), lines.data() + i * line);
    }
    for (int64_t j = 0; j < down.outputs; ++j)
        bit_loops.resize_rows(down, j, line, lines.data(), to + j * line);
}

nb::object resize_picture(nb::object pixels, int64_t height, int64_t width, bool is_cubic) {
    ArrayView x;
    if (!view(pixels.ptr(), x) || x.type != NPY_UBYTE || x.ndim != 3 || !x.is_contiguous ||
        x.size() == 0 || x.shape[2] > 4 || x.shape[2] == 2 || height < 1 || width < 1)
        throw nb::value_error("resize_picture: a picture is of bytes (height, width, 1, 3 or 4)");
    const npy_intp shape[] = {height, width, x.shape[2]};
    nb::object result = nb::steal(new_array(NPY_UBYTE, 3, shape));
    if (!result.is_valid()) throw nb::python_error();
    AllowThreads allow(true);
    resize(x.as<uint8_t>(), x.shape[1], static_cast<int>(x.shape[2]),
           Map(x.shape[1], width, is_cubic), Map(x.shape[0], height, is_cubic),
           data_of<uint8_t>(result.ptr()));
    return result;
}

}  // namespace

void bind_pictures(nb::module_& module) {
    module.def("resize_picture", &resize_picture, nb::arg("pixels"), nb::arg("height"),
               nb::arg("width"), nb::arg("cubic"),
               "A picture of bytes (height, width, channels) at another size.");
}

}  // namespace rushlight
