// Scaled dot-product attention of float32, some queries of a head at a time: all their scores are
// in a core's cache together, so that the softmax is plain.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "array_view.h"
#include "instruction_sets.h"
#include "parallel.h"

namespace rushlight {

namespace {

constexpr int64_t tile_scores = 1 << 16;  // 256 KB
constexpr int64_t most_rows = 128;

// Matrices (batch, heads, rows, columns) whose columns lie side by side; steps in elements.
struct Heads {
    const float* data;
    int64_t batch, heads, rows, columns, steps[3];

    bool read(PyObject* object) {
        ArrayView x;
        constexpr npy_intp item = sizeof(float);
        if (!view(object, x) || x.type != NPY_FLOAT || x.ndim != 4 || x.size() == 0 ||
            (x.strides[3] != item && x.shape[3] != 1))
            return false;
        for (int i = 0; i < 3; ++i) {
            if (x.strides[i] % item) return false;
            steps[i] = x.strides[i] / item;
        }
        // A product reads rows, not an element again and again.
        if (steps[2] < x.shape[3]) return false;
        data = x.as<float>();
        batch = x.shape[0], heads = x.shape[1], rows = x.shape[2], columns = x.shape[3];
        return true;
    }
    const float* matrix(int64_t image, int64_t head) const {
        return data + image * steps[0] + head * steps[1];
    }
};

struct Attention {
    Heads query, key, value;
    float scale;
    bool is_causal;
    float *result, *sums;

    int64_t height() const {
        return std::clamp<int64_t>(tile_scores / key.rows, 8, std::min(most_rows, query.rows) + 7);
    }
    int64_t tiles() const { return (query.rows + height() - 1) / height(); }

    // Tile number `unit` of all heads; `scores` has room for its scores.
    void attend(int64_t unit, float* scores) const {
        const int64_t tile = unit % tiles(), number = unit / tiles();
        const int64_t image = number / query.heads, head = number % query.heads;
        const int64_t group = head / (query.heads / key.heads);
        const int64_t begin = tile * height(), end = std::min(begin + height(), query.rows);
        const int64_t rows = end - begin;
        const int64_t seen = is_causal ? std::min(end, key.rows) : key.rows;
        const Matrix queries{query.matrix(image, head) + begin * query.steps[2], query.steps[2], 1};
        const Matrix keys{key.matrix(image, group), 1, key.steps[2]};
        multiply({rows, seen, query.columns, queries, keys, scores, seen, nullptr});
        const int64_t first = number * query.rows + begin;
        for (int64_t r = 0; r < rows; ++r) {
            float* row = scores + r * seen;
            const int64_t own = is_causal ? std::min(begin + r + 1, seen) : seen;
            weigh(row, own, sums + (first + r) * 2);
            std::fill(row + own, row + seen, 0.0f);
        }
        float* to = result + first * value.columns;
        const Matrix values{value.matrix(image, group), value.steps[2], 1};
        const Matrix weights{scores, seen, 1};
        multiply({rows, value.columns, seen, weights, values, to, value.columns, nullptr});
        for (int64_t r = 0; r < rows; ++r) {
            const float total = sums[(first + r) * 2 + 1];
            for (int64_t c = 0; c < value.columns; ++c) to[r * value.columns + c] /= total;
        }
    }

private:
    static void multiply(const Product& product) {
        matrix_loops().product(product, 0, product.rows, 0, product.columns);
    }

    // exp(scores - the largest), that, and the sum; infinite where nothing is seen.
    void weigh(float* scores, int64_t n, float* largest_and_sum) const {
        const Loops<float>& all = loops<float>();
        float largest = scale * (scale < 0 ? all.smallest : all.largest).row(n, scores);
        if (largest == -std::numeric_limits<float>::infinity()) largest = 0;
        const auto total = static_cast<float>(all.exponentials(n, scale, largest, scores));
        largest_and_sum[0] = largest;
        largest_and_sum[1] = total == 0 ? std::numeric_limits<float>::infinity() : total;
    }
};

PyObject* attention(PyObject* const* args, Py_ssize_t nargs) {
    Attention a;
    if (nargs != 8 || args[3] != Py_None || args[4] != Py_None || !a.query.read(args[0]) ||
        !a.key.read(args[1]) || !a.value.read(args[2]) || !PyFloat_Check(args[5]))
        return nullptr;
    const Heads &q = a.query, &k = a.key, &v = a.value;
    if (q.batch != k.batch || k.batch != v.batch || k.heads != v.heads || k.rows != v.rows ||
        q.columns != k.columns || q.heads % k.heads)
        return nullptr;
    a.scale = static_cast<float>(PyFloat_AS_DOUBLE(args[5]));
    a.is_causal = PyObject_IsTrue(args[6]) == 1;
    const npy_intp shape[] = {q.batch, q.heads, q.rows, v.columns};
    const npy_intp sums_shape[] = {q.batch, q.heads, q.rows, 2};
    Owned result(new_array(NPY_FLOAT, 4, shape)), sums(new_array(NPY_FLOAT, 4, sums_shape));
    if (!result || !sums) return nullptr;
    a.result = data_of<float>(result.get());
    a.sums = data_of<float>(sums.get());
    {
        const int64_t units = q.batch * q.heads * a.tiles();
        const int64_t work = a.height() * k.rows * (q.columns + v.columns) / 8 + 1;
        AllowThreads allow(units * work >= release_lock_from);
        parallel_for(units, std::max<int64_t>(1, parallel_grain / work),
                     [&](int64_t begin, int64_t end) {
            std::vector<float> scores(a.height() * k.rows);
            for (int64_t unit = begin; unit < end; ++unit) a.attend(unit, scores.data());
        });
    }
    return PyTuple_Pack(2, result.get(), sums.get());
}

}  // namespace

PyMethodDef attention_methods[] = {
    method<"attention", attention>(
        "attention(query, key, value, mask, kept, scale, is_causal, kept_scale)\n--\n\n"
        "softmax(query @ key.T * scale) @ value, and the softmax's maxima and sums."),
    {}};

}  // namespace rushlight
