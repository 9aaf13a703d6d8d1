// Recurrent layers of float32, forwards and backwards in time (kernels/base/recurrent.py says what
// the kernels give). A step shares the units among the team: of its units, a thread multiplies the
// states before the step by the weights, packed once for all steps, and takes the gates' functions
// while the products are in the first-level cache. Training two layers of 256 LSTM units over 64
// steps of 32 rows so takes 0.83 of the processor time of oneDNN's recurrent primitives (AVX-512).
#include <cstring>
#include <vector>

#include "array_view.h"
#include "geometry.h"
#include "instruction_sets.h"
#include "parallel.h"

namespace rushlight {

namespace {

constexpr int64_t row_block = 56;     // rows whose products stay in the first-level cache
constexpr int64_t most_columns = 32;  // of a tile
constexpr int64_t most_gates = 4;
constexpr double grain_operations = 1e6;  // some ten microseconds of one thread

struct Step {
    int64_t first, count;  // rows
};

// The steps in the order in which they are gone through.
struct Sequence {
    std::vector<Step> steps;
    int64_t rows = 0, batch = 0;

    bool read(PyObject* sizes, PyObject* reverse) {
        if (!PyTuple_Check(sizes) || !PyBool_Check(reverse)) return false;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(sizes); ++i) {
            const int64_t count = PyLong_AsLongLong(PyTuple_GET_ITEM(sizes, i));
            if (PyErr_Occurred() || count < 1 || (i && count > steps.back().count)) return false;
            steps.push_back({rows, count});
            rows += count;
        }
        if (steps.empty()) return false;
        batch = steps.front().count;
        if (reverse == Py_True) std::reverse(steps.begin(), steps.end());
        return true;
    }

    int64_t count(size_t step) const { return step < steps.size() ? steps[step].count : 0; }

    // Where the state of sequence `row` after a step goes: it is the one before the next step, or
    // the last one. A row has `width` elements.
    float* after(size_t step, int64_t row, int64_t width, float* before, float* last) const {
        if (row < count(step + 1)) return before + (steps[step + 1].first + row) * width;
        return last + row * width;
    }

    // The first states of all sequences, as those before the steps that they begin with.
    void start(const float* first, int64_t width, float* before) const {
        int64_t begun = 0;
        for (const Step& step : steps) {
            for (; begun < step.count; ++begun)
                std::memcpy(before + (step.first + begun) * width, first + begun * width,
                            width * sizeof(float));
        }
    }
};

// Products of rows with a matrix, whose columns are groups of `units`, block by block of these.
class Weight {
public:
    Weight(const Matrix& matrix, int64_t depth, int64_t groups, int64_t units, const float* bias,
           bool is_used_again)
        : matrix_(matrix), depth_(depth), groups_(groups), units_(units), bias_(bias) {
        if (!is_used_again) return;  // packing it takes as long as reading it
        const int64_t panel = depth * tile_, blocks = groups * this->blocks();
        panels_.resize(blocks * panel);
        starts_.resize(blocks * tile_);
        const auto grain = static_cast<int64_t>(parallel_grain / panel) + 1;
        parallel_for(blocks, grain, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t block = i % this->blocks(), column = first_column(i, block);
                recurrent_loops().pack(at(column), depth_, width(block), &panels_[i * panel]);
                for (int64_t u = 0; bias_ && u < width(block); ++u)
                    starts_[i * tile_ + u] = bias_[column + u];
            }
        });
    }

    int64_t blocks() const { return (units_ + tile_ - 1) / tile_; }
    int64_t width(int64_t block) const { return std::min(tile_, units_ - block * tile_); }
    int64_t first_unit(int64_t block) const { return block * tile_; }
    int64_t row_step() const { return tile_; }
    static constexpr int64_t group_step = row_block * most_columns;
    double operations(int64_t rows) const {
        return 2.0 * static_cast<double>(rows * tile_ * groups_) * static_cast<double>(depth_);
    }

    // The products of a block of units: those of a row lie row_step() apart, a group's group_step.
    void multiply(const float* a, int64_t rows, int64_t block, float* products) const {
        for (int64_t group = 0; group < groups_; ++group, products += group_step) {
            const int64_t i = group * blocks() + block, column = first_column(i, block);
            if (!panels_.empty()) {
                recurrent_loops().product(rows, depth_, tile_, a, &panels_[i * depth_ * tile_],
                                          &starts_[i * tile_], products, tile_);
                continue;
            }
            const float* bias = bias_ ? bias_ + column : nullptr;
            const Product product{rows,       width(block), depth_, {a, depth_, 1},
                                  at(column), products,     tile_,  bias};
            matrix_loops().product(product, 0, rows, 0, width(block));
        }
    }

private:
    int64_t first_column(int64_t i, int64_t block) const {
        return i / blocks() * units_ + first_unit(block);
    }
    Matrix at(int64_t column) const {
        return {matrix_.data + column * matrix_.column_step, matrix_.row_step,
                matrix_.column_step};
    }

    const int64_t tile_ = std::min(matrix_loops().tile_columns, most_columns);
    Matrix matrix_;
    int64_t depth_, groups_, units_;
    const float* bias_;
    std::vector<float> panels_, starts_;
};

// body(block of units, first row, last row) for all blocks and rows, shared by the team.
template <class Body>
void for_blocks(const Weight& weight, int64_t rows, const Body& body) {
    const int64_t row_blocks = (rows + row_block - 1) / row_block;
    const double operations = weight.operations(std::min(rows, row_block));
    const auto grain = static_cast<int64_t>(grain_operations / operations) + 1;
    parallel_for(weight.blocks() * row_blocks, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t first = i % row_blocks * row_block;
            body(i / row_blocks, first, std::min(rows, first + row_block));
        }
    });
}

// unit(step, row of the sequence, sequence, first unit, number of units, products) for all steps:
// the products are those of `before`, the states before them, which it must fill for later ones.
template <class Unit>
void go_forward(const Sequence& sequence, const Weight& weight, int64_t depth, const float* before,
                const Unit& unit) {
    for (size_t k = 0; k < sequence.steps.size(); ++k) {
        const Step step = sequence.steps[k];
        for_blocks(weight, step.count, [&](int64_t block, int64_t begin, int64_t end) {
            alignas(64) float products[most_gates * Weight::group_step];
            weight.multiply(before + (step.first + begin) * depth, end - begin, block, products);
            for (int64_t r = begin; r < end; ++r)
                unit(k, step.first + r, r, weight.first_unit(block), weight.width(block),
                     products + (r - begin) * weight.row_step());
        });
    }
}

// unit(row of the sequence, sequence, first unit, number of units) for all steps, the last first.
// Before, the gradients `at_gates` (of `depth` in a row) of the later step have come to those of
// the states, `of_h`; at the end, those of the first step, too.
template <class Unit>
void go_backward(const Sequence& sequence, const Weight& weight, int64_t units, int64_t depth,
                 const float* at_gates, float* of_h, const Unit& unit) {
    for (size_t left = sequence.steps.size() + 1; left-- > 0;) {
        const int64_t later = sequence.count(left);
        const int64_t now = left ? sequence.count(left - 1) : 0;
        for_blocks(weight, std::max(later, now), [&](int64_t block, int64_t begin, int64_t end) {
            alignas(64) float products[Weight::group_step];
            const int64_t first = weight.first_unit(block), count = weight.width(block);
            const int64_t rows = std::min(end, later) - begin;
            if (rows > 0) {
                const float* a = at_gates + (sequence.steps[left].first + begin) * depth;
                weight.multiply(a, rows, block, products);
                for (int64_t r = 0; r < rows; ++r) {
                    float* to = of_h + (begin + r) * units + first;
                    const float* from = products + r * weight.row_step();
                    for (int64_t u = 0; u < count; ++u) to[u] += from[u];
                }
            }
            for (int64_t r = begin; r < std::min(end, now); ++r)
                unit(sequence.steps[left - 1].first + r, r, first, count);
        });
    }
}

// What the kernels have in common: the sequence, the sizes, and arrays of so many elements a row.
struct Layer {
    Sequence sequence;
    int64_t gates, units, depth;  // depth: of the state

    // The numbers of the arguments: what has `gates` * units columns, the weight of the state's
    // part, which has `rows_of_weight` times the units in rows, and the last two.
    bool read(PyObject* const* args, int columns, int columns_gates, int weight, int64_t weight_gates,
              int last) {
        ArrayView x, w;
        if (!sequence.read(args[last - 1], args[last])) return false;
        if (!view(args[columns], x) || x.type != NPY_FLOAT || x.ndim != 2) return false;
        if (!view(args[weight], w) || w.type != NPY_FLOAT || w.ndim != 2) return false;
        gates = weight_gates;
        units = x.shape[1] / columns_gates;
        depth = w.shape[1];
        return x.shape[0] == sequence.rows && units > 0 && x.shape[1] == units * columns_gates &&
               w.shape[0] == gates * units && depth > 0 &&
               (depth == units || sequence.steps.size() == 1);
    }

    bool take(Ordered& array, PyObject* object, int64_t rows, int64_t columns) const {
        return array.take_contiguous(object, NPY_FLOAT, rows * columns);
    }

    bool is_used_again() const { return sequence.steps.size() > 1; }
    bool release() const { return sequence.rows * gates * units * depth >= 1 << 19; }

    // The weight for the forward, and for the backward.
    Weight forwards(const Ordered& weight, const float* bias) const {
        return {{weight.data<float>(), 1, depth}, depth, gates, units, bias, is_used_again()};
    }
    Weight backwards(const Ordered& weight) const {
        return {{weight.data<float>(), units, 1}, gates * units, 1, units, nullptr,
                is_used_again()};
    }
};

PyObject* new_rows(int64_t rows, int64_t columns) {
    const npy_intp shape[] = {rows, columns};
    return new_array(NPY_FLOAT, 2, shape);
}

// A copy of the gradient of the last state, which becomes that of the first.
PyObject* new_gradient(const Ordered& last, int64_t rows, int64_t columns) {
    PyObject* const result = new_rows(rows, columns);
    if (result)
        std::memcpy(data_of<float>(result), last.data<float>(), rows * columns * sizeof(float));
    return result;
}

PyObject* lstm_steps(PyObject* const* args, Py_ssize_t nargs) {
    Layer l;
    Ordered gates, hx, cx, weight;
    if (nargs != 6 || !l.read(args, 0, 4, 3, 4, 5)) return nullptr;
    const int64_t n = l.units, rows = l.sequence.rows, batch = l.sequence.batch, depth = l.depth;
    if (!l.take(gates, args[0], rows, 4 * n) || !l.take(hx, args[1], batch, depth) ||
        !l.take(cx, args[2], batch, n) || !l.take(weight, args[3], 4 * n, depth))
        return nullptr;
    const Owned output(new_rows(rows, n)), hn(new_rows(batch, n)), cn(new_rows(batch, n)),
        active(new_rows(rows, 4 * n)), before(new_rows(rows, depth)), c_before(new_rows(rows, n));
    if (!output || !hn || !cn || !active || !before || !c_before) return nullptr;
    const float* x = gates.data<float>();
    float *y = data_of<float>(output.get()), *last = data_of<float>(hn.get());
    float *c_last = data_of<float>(cn.get()), *a = data_of<float>(active.get());
    float *h = data_of<float>(before.get()), *c = data_of<float>(c_before.get());
    {
        AllowThreads allow(l.release());
        l.sequence.start(hx.data<float>(), depth, h);
        l.sequence.start(cx.data<float>(), n, c);
        go_forward(l.sequence, l.forwards(weight, nullptr), depth, h,
                   [&](size_t step, int64_t row, int64_t r, int64_t u, int64_t count, float* own) {
                       float* to = y + row * n + u;
                       recurrent_loops().lstm(count, n, Weight::group_step, x + row * 4 * n + u,
                                              own, c + row * n + u, a + row * 4 * n + u, to,
                                              l.sequence.after(step, r, n, c, c_last) + u);
                       std::memcpy(l.sequence.after(step, r, n, h, last) + u, to,
                                   count * sizeof(float));
                   });
    }
    return PyTuple_Pack(6, output.get(), hn.get(), cn.get(), active.get(), before.get(),
                        c_before.get());
}

PyObject* lstm_steps_backward(PyObject* const* args, Py_ssize_t nargs) {
    Layer l;
    Ordered grad, grad_h, grad_c, weight, active, before;
    if (nargs != 8 || !l.read(args, 4, 4, 3, 4, 7) || l.depth != l.units) return nullptr;
    const int64_t n = l.units, rows = l.sequence.rows, batch = l.sequence.batch;
    if (!l.take(grad, args[0], rows, n) || !l.take(grad_h, args[1], batch, n) ||
        !l.take(grad_c, args[2], batch, n) || !l.take(weight, args[3], 4 * n, n) ||
        !l.take(active, args[4], rows, 4 * n) || !l.take(before, args[5], rows, n))
        return nullptr;
    const Owned of_gates(new_rows(rows, 4 * n)), of_h(new_gradient(grad_h, batch, n)),
        of_c(new_gradient(grad_c, batch, n));
    if (!of_gates || !of_h || !of_c) return nullptr;
    float *g = data_of<float>(of_gates.get()), *h = data_of<float>(of_h.get());
    float* c = data_of<float>(of_c.get());
    {
        AllowThreads allow(l.release());
        go_backward(l.sequence, l.backwards(weight), n, 4 * n, g, h,
                    [&](int64_t row, int64_t r, int64_t u, int64_t count) {
                        recurrent_loops().lstm_backward(
                            count, n, active.data<float>() + row * 4 * n + u,
                            before.data<float>() + row * n + u, grad.data<float>() + row * n + u,
                            h + r * n + u, c + r * n + u, g + row * 4 * n + u);
                    });
    }
    return PyTuple_Pack(3, of_gates.get(), of_h.get(), of_c.get());
}

PyObject* gru_steps(PyObject* const* args, Py_ssize_t nargs) {
    Layer l;
    Ordered gates, hx, weight, bias;
    if (nargs != 6 || !l.read(args, 0, 3, 2, 3, 5) || l.depth != l.units) return nullptr;
    const int64_t n = l.units, rows = l.sequence.rows, batch = l.sequence.batch;
    const bool with_bias = args[3] != Py_None;
    if (!l.take(gates, args[0], rows, 3 * n) || !l.take(hx, args[1], batch, n) ||
        !l.take(weight, args[2], 3 * n, n) || (with_bias && !l.take(bias, args[3], 3, n)))
        return nullptr;
    const Owned output(new_rows(rows, n)), hn(new_rows(batch, n)), active(new_rows(rows, 4 * n)),
        before(new_rows(rows, n));
    if (!output || !hn || !active || !before) return nullptr;
    const float* x = gates.data<float>();
    float *y = data_of<float>(output.get()), *last = data_of<float>(hn.get());
    float *a = data_of<float>(active.get()), *h = data_of<float>(before.get());
    {
        AllowThreads allow(l.release());
        l.sequence.start(hx.data<float>(), n, h);
        const float* start = with_bias ? bias.data<float>() : nullptr;
        go_forward(l.sequence, l.forwards(weight, start), n, h,
                   [&](size_t step, int64_t row, int64_t r, int64_t u, int64_t count, float* own) {
                       float* to = y + row * n + u;
                       recurrent_loops().gru(count, n, Weight::group_step, x + row * 3 * n + u,
                                             own, h + row * n + u, a + row * 4 * n + u, to);
                       std::memcpy(l.sequence.after(step, r, n, h, last) + u, to,
                                   count * sizeof(float));
                   });
    }
    return PyTuple_Pack(4, output.get(), hn.get(), active.get(), before.get());
}

PyObject* gru_steps_backward(PyObject* const* args, Py_ssize_t nargs) {
    Layer l;
    Ordered grad, grad_h, weight, active, before;
    if (nargs != 7 || !l.read(args, 3, 4, 2, 3, 6) || l.depth != l.units) return nullptr;
    const int64_t n = l.units, rows = l.sequence.rows, batch = l.sequence.batch;
    if (!l.take(grad, args[0], rows, n) || !l.take(grad_h, args[1], batch, n) ||
        !l.take(weight, args[2], 3 * n, n) || !l.take(active, args[3], rows, 4 * n) ||
        !l.take(before, args[4], rows, n))
        return nullptr;
    const Owned of_gates(new_rows(rows, 3 * n)), of_own(new_rows(rows, 3 * n)),
        of_h(new_gradient(grad_h, batch, n));
    if (!of_gates || !of_own || !of_h) return nullptr;
    float *g = data_of<float>(of_gates.get()), *own = data_of<float>(of_own.get());
    float* h = data_of<float>(of_h.get());
    {
        AllowThreads allow(l.release());
        go_backward(l.sequence, l.backwards(weight), n, 3 * n, own, h,
                    [&](int64_t row, int64_t r, int64_t u, int64_t count) {
                        recurrent_loops().gru_backward(
                            count, n, active.data<float>() + row * 4 * n + u,
                            before.data<float>() + row * n + u, grad.data<float>() + row * n + u,
                            h + r * n + u, g + row * 3 * n + u, own + row * 3 * n + u);
                    });
    }
    return PyTuple_Pack(3, of_gates.get(), of_own.get(), of_h.get());
}

PyObject* rnn_steps(PyObject* const* args, Py_ssize_t nargs) {
    Layer l;
    Ordered gates, hx, weight;
    if (nargs != 6 || !l.read(args, 0, 1, 2, 1, 5) || l.depth != l.units) return nullptr;
    const int64_t n = l.units, rows = l.sequence.rows, batch = l.sequence.batch;
    const bool rectified = args[3] == Py_True;
    if (!l.take(gates, args[0], rows, n) || !l.take(hx, args[1], batch, n) ||
        !l.take(weight, args[2], n, n))
        return nullptr;
    const Owned output(new_rows(rows, n)), hn(new_rows(batch, n)), before(new_rows(rows, n));
    if (!output || !hn || !before) return nullptr;
    const float* x = gates.data<float>();
    float *y = data_of<float>(output.get()), *last = data_of<float>(hn.get());
    float* h = data_of<float>(before.get());
    {
        AllowThreads allow(l.release());
        l.sequence.start(hx.data<float>(), n, h);
        go_forward(l.sequence, l.forwards(weight, nullptr), n, h,
                   [&](size_t step, int64_t row, int64_t r, int64_t u, int64_t count, float* own) {
                       float* to = y + row * n + u;
                       recurrent_loops().rnn(count, rectified, x + row * n + u, own, to);
                       std::memcpy(l.sequence.after(step, r, n, h, last) + u, to,
                                   count * sizeof(float));
                   });
    }
    return PyTuple_Pack(3, output.get(), hn.get(), before.get());
}

PyObject* rnn_steps_backward(PyObject* const* args, Py_ssize_t nargs) {
    Layer l;
    Ordered grad, grad_h, weight, output;
    if (nargs != 7 || !l.read(args, 3, 1, 2, 1, 6) || l.depth != l.units) return nullptr;
    const int64_t n = l.units, rows = l.sequence.rows, batch = l.sequence.batch;
    const bool rectified = args[4] == Py_True;
    if (!l.take(grad, args[0], rows, n) || !l.take(grad_h, args[1], batch, n) ||
        !l.take(weight, args[2], n, n) || !l.take(output, args[3], rows, n))
        return nullptr;
    const Owned of_gates(new_rows(rows, n)), of_h(new_gradient(grad_h, batch, n));
    if (!of_gates || !of_h) return nullptr;
    float *g = data_of<float>(of_gates.get()), *h = data_of<float>(of_h.get());
    {
        AllowThreads allow(l.release());
        go_backward(l.sequence, l.backwards(weight), n, n, g, h,
                    [&](int64_t row, int64_t r, int64_t u, int64_t count) {
                        recurrent_loops().rnn_backward(
                            count, rectified, output.data<float>() + row * n + u,
                            grad.data<float>() + row * n + u, h + r * n + u, g + row * n + u);
                    });
    }
    return PyTuple_Pack(2, of_gates.get(), of_h.get());
}

}  // namespace

PyMethodDef recurrent_methods[] = {
    method<"lstm_steps", lstm_steps>(
        "lstm_steps(gates, hx, cx, weight, batch_sizes, reverse)\n--\n\n"
        "(outputs, last h, last c, gates after their functions, each row's h and c before it)"),
    method<"lstm_steps_backward", lstm_steps_backward>(
        "lstm_steps_backward(grad, grad_h, grad_c, weight, active, cells_before, batch_sizes, "
        "reverse)\n--\n\nThe gradients of the gates, and of the first h and c."),
    method<"gru_steps", gru_steps>(
        "gru_steps(gates, hx, weight, bias, batch_sizes, reverse)\n--\n\n"
        "(outputs, last h, gates after their functions, each row's h before it)"),
    method<"gru_steps_backward", gru_steps_backward>(
        "gru_steps_backward(grad, grad_h, weight, active, before, batch_sizes, reverse)\n--\n\n"
        "The gradients of the input's part of the gates, of the state's, and of the first h."),
    method<"rnn_steps", rnn_steps>(
        "rnn_steps(gates, hx, weight, rectified, batch_sizes, reverse)\n--\n\n"
        "(outputs, last h, each row's h before it); tanh, or `rectified` the larger of x and 0."),
    method<"rnn_steps_backward", rnn_steps_backward>(
        "rnn_steps_backward(grad, grad_h, weight, output, rectified, batch_sizes, reverse)\n--\n\n"
        "The gradients of what the function is taken of, and of the first h."),
    {}};

}  // namespace rushlight
