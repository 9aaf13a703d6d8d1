// Attention of one head. Scores lie as panels: a row for each key, in it the block's queries side by
// side. So maxima, sums and products with them run over whole registers, keys and values are read as
// they lie, and the softmax is plain, as all scores of a query are there.
#include "attention.h"

#include "math.h"
#include "panel.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

// Keys that are taken at once: their part of the panel, and what is read beside it, stay in the
// first-level cache.
constexpr int64_t key_block = 128;

// Queries that are better taken one by one, along the keys' rows, as most of a panel would be empty.
constexpr int64_t few_queries = 4;

template <class T>
constexpr T nothing = -__builtin_huge_val();

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

template <class T>
int64_t padded(int64_t columns) {
    return (columns + lanes<T> - 1) / lanes<T> * lanes<T>;
}

// exp(x) for the weights of a softmax: what is below the smallest normal number is 0. At most 1 ulp.
inline float weight_of(float x) {
    constexpr float rounder = 0x1.8p23f;
    const float shifted = multiply_add(x, 1.44269504088896341f, rounder);
    const float n = shifted - rounder;
    float r = multiply_add(n, -ln2_high, x);
    r = multiply_add(n, -ln2_low, r);
    const float q = polynomial(r, {0.00139504907584f, 0.00836888927445f, 0.0416662058091f,
                                   0.166665188406f, 0.500000009518f});
    const float power = 1.0f + multiply_add(r * r, q, r);
    const uint32_t scale = static_cast<uint32_t>(bits_of(shifted) - bits_of(rounder) + 127) << 23;
    return x < -87.0f ? 0.0f : power * float_of(static_cast<int32_t>(scale));
}
// The Taylor series, whose rest is 5e-18.
inline double weight_of(double x) {
    constexpr double rounder = 0x1.8p52;
    const double shifted = multiply_add(x, 1.44269504088896340736, rounder);
    const double n = shifted - rounder;
    double r = multiply_add(n, -0x1.62e42fefap-1, x);
    r = multiply_add(n, -0x1.cf79abc9e3b39p-40, r);
    const double q = polynomial(
        r, {1 / 6227020800.0, 1 / 479001600.0, 1 / 39916800.0, 1 / 3628800.0, 1 / 362880.0,
            1 / 40320.0, 1 / 5040.0, 1 / 720.0, 1 / 120.0, 1 / 24.0, 1 / 6.0, 1 / 2.0});
    const double power = 1.0 + multiply_add(r * r, q, r);
    const uint64_t scale = (__builtin_bit_cast(uint64_t, shifted) -
                            __builtin_bit_cast(uint64_t, rounder) + 1023) << 52;
    return x < -708.0 ? 0.0 : power * __builtin_bit_cast(double, scale);
}

// A row of queries or of their results, its elements side by side and the rest of it zeros.
template <class T>
void pack_rows(int64_t rows, int64_t columns, const T* from, int64_t row_step, T factor, T* to) {
    const int64_t to_step = padded<T>(columns);
    for (int64_t r = 0; r < rows; ++r, from += row_step, to += to_step) {
        for (int64_t c = 0; c < columns; ++c) to[c] = from[c] * factor;
        for (int64_t c = columns; c < to_step; ++c) to[c] = 0;
    }
}

// The same as a panel: a row for each column, and zeros for the queries that are missing.
template <class T>
void pack_panel(int64_t rows, int64_t columns, const T* from, int64_t row_step, T factor, T* to) {
    if (rows < panel<T>)
        for (int64_t i = 0; i < columns * panel<T>; ++i) to[i] = 0;
    turn(rows, columns, from, row_step, 1, to, panel<T>);
    if (factor != T(1))
        for (int64_t i = 0; i < columns * panel<T>; ++i) to[i] *= factor;
}

// A block of queries.
template <class T>
struct Block {
    const AttentionHead<T>& head;
    int64_t begin, rows;
    T* buffer;  // key_block rows of a panel

    int64_t seen() const {
        return head.is_causal ? smaller(begin + rows, head.keys) : head.keys;
    }

    // Calls body(first key, keys) for the keys that are seen, in order.
    template <class Body>
    void each_key_block(const Body& body) const {
        for (int64_t key = 0; key < seen(); key += key_block)
            body(key, smaller(key_block, seen() - key));
    }

    // The part of a mask for keys [key, key + count), as a panel in the buffer.
    template <class From>
    const T* spread(const Spread<From>& mask, int64_t key, int64_t count) const {
        const From* from = mask.data + begin * mask.row_step + key * mask.column_step;
        if (mask.row_step == 0) {
            for (int64_t k = 0; k < count; ++k) {
                const T value = static_cast<T>(from[k * mask.column_step]);
                for (int64_t j = 0; j < panel<T>; ++j) buffer[k * panel<T> + j] = value;
            }
            return buffer;
        }
        if (rows < panel<T>)
            for (int64_t i = 0; i < count * panel<T>; ++i) buffer[i] = 0;
        turn(rows, count, from, mask.row_step, mask.column_step, buffer, panel<T>);
        return buffer;
    }

    // Scores of keys [key, key + count) with the queries, which are scaled: a panel.
    void score(const T* queries, int64_t key, int64_t count, T* scores) const {
        multiply_panel<T, 2, false>({count, head.width, head.key + key * head.key_step,
                                     head.key_step, queries, panel<T>, scores, panel<T>, false});
        if (head.is_causal) {
            for (int64_t k = begin + 1 > key ? begin + 1 - key : 0; k < count; ++k)
                for (int64_t j = 0; j < smaller(key + k - begin, panel<T>); ++j)
                    scores[k * panel<T> + j] = nothing<T>;
        } else if (head.added.data) {
            const T* added = spread(head.added, key, count);
            for (int64_t i = 0; i < count * panel<T>; ++i) scores[i] += added[i];
        } else if (head.seen.data) {
            const T* counts = spread(head.seen, key, count);
            for (int64_t i = 0; i < count * panel<T>; ++i)
                scores[i] = counts[i] != T(0) ? scores[i] : nothing<T>;
        }
    }

    // What dropout multiplies the weights by, a panel.
    const T* factors(int64_t key, int64_t count) const {
        spread(head.kept, key, count);
        for (int64_t i = 0; i < count * panel<T>; ++i) buffer[i] *= head.kept_scale;
        return buffer;
    }
};

template <class T>
void find_largest(int64_t count, const T* scores, T* largest) {
    for (int64_t k = 0; k < count; ++k) {
        const T* row = scores + k * panel<T>;
#pragma omp simd
        for (int64_t j = 0; j < panel<T>; ++j)
            largest[j] = row[j] > largest[j] ? row[j] : largest[j];
    }
}

// Scores become weights that are not yet divided by their sums, which these are added to.
template <class T>
void exponentiate(int64_t count, const T* largest, T* scores, T* totals) {
    T part[panel<T>] = {};
    for (int64_t k = 0; k < count; ++k) {
        T* row = scores + k * panel<T>;
#pragma omp simd
        for (int64_t j = 0; j < panel<T>; ++j) {
            row[j] = weight_of(row[j] - largest[j]);
            part[j] += row[j];
        }
    }
    for (int64_t j = 0; j < panel<T>; ++j) totals[j] += part[j];
}

// The maximum and the sum of a query as they are kept: without NaN, and of one that sees nothing.
template <class T>
inline T kept_largest(T largest) {
    return largest == nothing<T> ? T(0) : largest;
}
template <class T>
inline T kept_total(T total) {
    return total == T(0) ? -nothing<T> : total;
}

// --- a few queries, along the rows of keys and values

// Dot products of a vector with as many rows as a register has lanes, side by side.
template <class T>
typename Registers<T>::Type dot_rows(int64_t n, const T* x, const T* rows, int64_t step) {
    constexpr int count = lanes<T>;
    typename Registers<T>::Type sums[count] = {};
    int64_t i = 0;
    for (; i + count <= n; i += count) {
        const typename Registers<T>::Type part = load_whole(x + i);
        RUSHLIGHT_UNROLL for (int r = 0; r < count; ++r)
            sums[r] += part * load_whole(rows + r * step + i);
    }
    transpose(sums);
    RUSHLIGHT_UNROLL for (int half = count / 2; half > 0; half /= 2) {
        RUSHLIGHT_UNROLL for (int r = 0; r < half; ++r) sums[r] += sums[r + half];
    }
    for (; i < n; ++i) {
        for (int r = 0; r < count; ++r) sums[0][r] += x[i] * rows[r * step + i];
    }
    return sums[0];
}

template <class T>
void dot_all(int64_t count, int64_t n, const T* x, const T* rows, int64_t step, T* to) {
    int64_t r = 0;
    for (; r + lanes<T> <= count; r += lanes<T>)
        store_whole(to + r, dot_rows(n, x, rows + r * step, step));
    for (; r < count; ++r) {
        T total = 0;
#pragma omp simd reduction(+ : total)
        for (int64_t i = 0; i < n; ++i) total += x[i] * rows[r * step + i];
        to[r] = total;
    }
}

// The sum of weights times rows, `registers` of their columns. Every other row has a sum of its own,
// as an addition must wait for the one before it.
template <int registers, class T>
void weigh_columns(int64_t count, const T* weights, const T* rows, int64_t step, T factor, T* to) {
    using Register = typename Registers<T>::Type;
    Register even[registers] = {}, odd[registers] = {};
    int64_t k = 0;
    for (; k + 2 <= count; k += 2, rows += 2 * step) {
        const Register first = weights[k] - Register{}, second = weights[k + 1] - Register{};
        RUSHLIGHT_UNROLL for (int v = 0; v < registers; ++v) {
            even[v] += first * load_whole(rows + v * lanes<T>);
            odd[v] += second * load_whole(rows + step + v * lanes<T>);
        }
    }
    RUSHLIGHT_UNROLL for (int v = 0; v < registers; ++v) {
        if (k < count) even[v] += weights[k] * load_whole(rows + v * lanes<T>);
        store_whole(to + v * lanes<T>, (even[v] + odd[v]) * factor);
    }
}
template <class T>
void weigh_rows(int64_t count, int64_t columns, const T* weights, const T* rows, int64_t step,
                T factor, T* to) {
    int64_t c = 0;
    for (; c + 4 * lanes<T> <= columns; c += 4 * lanes<T>)
        weigh_columns<4>(count, weights, rows + c, step, factor, to + c);
    for (; c + 2 * lanes<T> <= columns; c += 2 * lanes<T>)
        weigh_columns<2>(count, weights, rows + c, step, factor, to + c);
    for (; c + lanes<T> <= columns; c += lanes<T>)
        weigh_columns<1>(count, weights, rows + c, step, factor, to + c);
    for (; c < columns; ++c) {
        T total = 0;
        for (int64_t k = 0; k < count; ++k) total += weights[k] * rows[k * step + c];
        to[c] = total * factor;
    }
}

// One query. Scratch: the query and its scores.
template <class T>
void attend_one(const AttentionHead<T>& h, int64_t row, T* result, T* sums, T* scratch) {
    const int64_t seen = h.is_causal ? smaller(row + 1, h.keys) : h.keys;
    T *query = scratch, *scores = scratch + h.width;
    for (int64_t c = 0; c < h.width; ++c)
        query[c] = h.query[row * h.query_step + c] * h.scale;
    dot_all(seen, h.width, query, h.key, h.key_step, scores);
    if (!h.is_causal && h.added.data) {
        const T* added = h.added.data + row * h.added.row_step;
        for (int64_t k = 0; k < seen; ++k) scores[k] += added[k * h.added.column_step];
    } else if (!h.is_causal && h.seen.data) {
        const uint8_t* counts = h.seen.data + row * h.seen.row_step;
        for (int64_t k = 0; k < seen; ++k)
            if (!counts[k * h.seen.column_step]) scores[k] = nothing<T>;
    }
    T largest = nothing<T>;
#pragma omp simd reduction(max : largest)
    for (int64_t k = 0; k < seen; ++k) largest = scores[k] > largest ? scores[k] : largest;
    largest = kept_largest(largest);
    T total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t k = 0; k < seen; ++k) {
        scores[k] = weight_of(scores[k] - largest);
        total += scores[k];
    }
    total = kept_total(total);
    sums[0] = largest;
    sums[1] = total;
    if (h.kept.data) {
        const uint8_t* kept = h.kept.data + row * h.kept.row_step;
        for (int64_t k = 0; k < seen; ++k)
            scores[k] *= static_cast<T>(kept[k * h.kept.column_step]) * h.kept_scale;
    }
    weigh_rows(seen, h.out_width, scores, h.value, h.value_step, 1 / total, result);
}

// --- blocks of queries

// Scratch: the queries, the results, a buffer, and the scores.
template <class T>
int64_t scratch_size(const AttentionHead<T>& h) {
    return (h.width + h.out_width + key_block + h.keys) * panel<T>;
}

template <class T>
void forward(const AttentionHead<T>& h, int64_t begin, int64_t end, T* result,
             int64_t result_step, T* sums, T* scratch) {
    constexpr int64_t n = panel<T>;
    if (end - begin <= few_queries) {
        for (int64_t r = begin; r < end; ++r)
            attend_one(h, r, result + r * result_step, sums + r * 2, scratch);
        return;
    }
    T *queries = scratch, *results = queries + h.width * n, *buffer = results + h.out_width * n;
    T* scores = buffer + key_block * n;
    const Block<T> block{h, begin, end - begin, buffer};
    pack_panel(block.rows, h.width, h.query + begin * h.query_step, h.query_step, h.scale,
               queries);
    T largest[n], totals[n] = {};
    for (T& x : largest) x = nothing<T>;
    block.each_key_block([&](int64_t key, int64_t count) {
        block.score(queries, key, count, scores + key * n);
        find_largest(count, scores + key * n, largest);
    });
    for (T& x : largest) x = kept_largest(x);
    block.each_key_block([&](int64_t key, int64_t count) {
        T* part = scores + key * n;
        exponentiate(count, largest, part, totals);
        if (h.kept.data) {
            const T* factors = block.factors(key, count);
            for (int64_t i = 0; i < count * n; ++i) part[i] *= factors[i];
        }
        multiply_panel<T, 2, true>({h.out_width, count, h.value + key * h.value_step, h.value_step,
                                    part, n, results, n, key > 0});
    });
    T inverse[n];
    for (int64_t j = 0; j < n; ++j) inverse[j] = 1 / kept_total(totals[j]);
    for (int64_t c = 0; c < h.out_width; ++c)
        for (int64_t j = 0; j < n; ++j) results[c * n + j] *= inverse[j];
    turn(h.out_width, block.rows, results, n, 1, result + begin * result_step, result_step);
    for (int64_t r = 0; r < block.rows; ++r) {
        sums[(begin + r) * 2] = largest[r];
        sums[(begin + r) * 2 + 1] = kept_total(totals[r]);
    }
}

// Scratch: queries and gradients as panels and as rows, the queries' gradients, two buffers, and
// the weights and their gradients.
template <class T>
int64_t backward_scratch_size(const AttentionHead<T>& h) {
    return (2 * h.width + h.out_width + padded<T>(h.width) + padded<T>(h.out_width) +
            2 * key_block + 2 * h.keys) * panel<T>;
}

template <class T>
void backward(const AttentionHead<T>& h, const AttentionGradients<T>& g, int64_t begin,
              int64_t end, T* scratch) {
    constexpr int64_t n = panel<T>;
    const int64_t key_width = padded<T>(h.width), value_width = padded<T>(h.out_width);
    T *queries = scratch, *grads = queries + h.width * n, *query_grads = grads + h.out_width * n;
    T *query_rows = query_grads + h.width * n, *grad_rows = query_rows + key_width * n;
    T *buffer = grad_rows + value_width * n, *passed = buffer + key_block * n;
    T *weights = passed + key_block * n, *changes = weights + h.keys * n;
    const Block<T> block{h, begin, end - begin, buffer};
    const int64_t rows = block.rows;
    const T *query = h.query + begin * h.query_step, *grad = g.grad + begin * g.grad_step;
    pack_panel(rows, h.width, query, h.query_step, h.scale, queries);
    pack_rows(rows, h.width, query, h.query_step, h.scale, query_rows);
    pack_panel(rows, h.out_width, grad, g.grad_step, T(1), grads);
    pack_rows(rows, h.out_width, grad, g.grad_step, T(1), grad_rows);
    T largest[n] = {}, inverse[n] = {}, totals[n] = {};
    for (int64_t r = 0; r < rows; ++r) {
        largest[r] = g.sums[(begin + r) * 2];
        inverse[r] = 1 / g.sums[(begin + r) * 2 + 1];
    }
    block.each_key_block([&](int64_t key, int64_t count) {
        T *weight = weights + key * n, *change = changes + key * n;
        block.score(queries, key, count, weight);
        multiply_panel<T, 2, false>({count, h.out_width, h.value + key * h.value_step,
                                     h.value_step, grads, n, change, n, false});
        for (int64_t k = 0; k < count; ++k) {
#pragma omp simd
            for (int64_t j = 0; j < n; ++j) {
                const int64_t i = k * n + j;
                weight[i] = weight_of(weight[i] - largest[j]) * inverse[j];
            }
        }
        const T* used = weight;
        if (h.kept.data) {
            const T* factors = block.factors(key, count);
            for (int64_t i = 0; i < count * n; ++i) {
                change[i] *= factors[i];
                passed[i] = weight[i] * factors[i];
            }
            used = passed;
        }
        for (int64_t k = 0; k < count; ++k) {
#pragma omp simd
            for (int64_t j = 0; j < n; ++j) totals[j] += weight[k * n + j] * change[k * n + j];
        }
        multiply_panels<T, false>({count, rows, used, n, grad_rows, value_width,
                                   g.value + key * value_width, value_width, true},
                                  value_width);
    });
    block.each_key_block([&](int64_t key, int64_t count) {
        const T* weight = weights + key * n;
        T* change = changes + key * n;
        for (int64_t k = 0; k < count; ++k) {
#pragma omp simd
            for (int64_t j = 0; j < n; ++j)
                change[k * n + j] = weight[k * n + j] * (change[k * n + j] - totals[j]);
        }
        multiply_panel<T, 2, true>({h.width, count, h.key + key * h.key_step, h.key_step, change,
                                    n, query_grads, n, key > 0});
        multiply_panels<T, false>({count, rows, change, n, query_rows, key_width,
                                   g.key + key * key_width, key_width, true},
                                  key_width);
    });
    for (int64_t i = 0; i < h.width * n; ++i) query_grads[i] *= h.scale;
    turn(h.width, rows, query_grads, n, 1, g.query + begin * g.query_step, g.query_step);
}

}  // namespace

template <class T>
void fill_attention(AttentionLoops<T>& loops) {
    loops.block = panel<T>;
    loops.padded = padded<T>;
    loops.scratch = scratch_size<T>;
    loops.backward_scratch = backward_scratch_size<T>;
    loops.forward = forward<T>;
    loops.backward = backward<T>;
}
template void fill_attention(AttentionLoops<float>&);
template void fill_attention(AttentionLoops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
