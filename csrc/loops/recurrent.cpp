// The gates of recurrent layers. A sum of products that a step reads again and again, its weights,
// is packed once, and its products are the tiles of tile.h.
#include "recurrent.h"

#include "math.h"
#include "tile.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

// Terms taken at once, whose part of a panel stays in the level-2 cache while the rows pass by.
constexpr int64_t depth_block = 512;

void product(int64_t rows, int64_t depth, int64_t columns, const float* a, const float* panel,
             const float* start, float* c, int64_t c_step) {
    TileArguments t{};
    t.segments = 1;
    t.a_step = depth;
    t.b_step = tile_columns;
    t.c = c;
    t.c_step = c_step;
    t.columns = columns;
    for (int64_t k = 0; k < depth; k += depth_block) {
        t.a = a + k;
        t.b = panel + k * tile_columns;
        t.depth = depth - k < depth_block ? depth - k : depth_block;
        t.start = k == 0 ? start : nullptr;
        multiply_rows<false>(t, rows);
    }
}

void lstm(int64_t units, int64_t gate_step, int64_t own_step, const float* gates, const float* own,
          const float* c_before, float* active, float* h, float* c) {
#pragma omp simd
    for (int64_t u = 0; u < units; ++u) {
        const float i = sigmoid(gates[u] + own[u]);
        const float f = sigmoid(gates[u + gate_step] + own[u + own_step]);
        const float g = tanh(gates[u + 2 * gate_step] + own[u + 2 * own_step]);
        const float o = sigmoid(gates[u + 3 * gate_step] + own[u + 3 * own_step]);
        const float cell = f * c_before[u] + i * g;
        active[u] = i;
        active[u + gate_step] = f;
        active[u + 2 * gate_step] = g;
        active[u + 3 * gate_step] = o;
        c[u] = cell;
        h[u] = o * tanh(cell);
    }
}

void lstm_backward(int64_t units, int64_t gate_step, const float* active, const float* c_before,
                   const float* grad, float* of_h, float* of_c, float* of_gates) {
#pragma omp simd
    for (int64_t u = 0; u < units; ++u) {
        const float i = active[u], f = active[u + gate_step];
        const float g = active[u + 2 * gate_step], o = active[u + 3 * gate_step];
        const float before = c_before[u];
        const float cell = tanh(f * before + i * g);
        const float dh = grad[u] + of_h[u];
        const float dc = of_c[u] + dh * o * (1.0f - cell * cell);
        of_gates[u] = dc * g * i * (1.0f - i);
        of_gates[u + gate_step] = dc * before * f * (1.0f - f);
        of_gates[u + 2 * gate_step] = dc * i * (1.0f - g * g);
        of_gates[u + 3 * gate_step] = dh * cell * o * (1.0f - o);
        of_h[u] = 0.0f;
        of_c[u] = dc * f;
    }
}

void gru(int64_t units, int64_t gate_step, int64_t own_step, const float* gates, const float* own,
         const float* h_before, float* active, float* h) {
#pragma omp simd
    for (int64_t u = 0; u < units; ++u) {
        const float r = sigmoid(gates[u] + own[u]);
        const float z = sigmoid(gates[u + gate_step] + own[u + own_step]);
        const float own_n = own[u + 2 * own_step];
        const float n = tanh(gates[u + 2 * gate_step] + r * own_n);
        active[u] = r;
        active[u + gate_step] = z;
        active[u + 2 * gate_step] = n;
        active[u + 3 * gate_step] = own_n;
        h[u] = n + z * (h_before[u] - n);
    }
}

void gru_backward(int64_t units, int64_t gate_step, const float* active, const float* h_before,
                  const float* grad, float* of_h, float* of_gates, float* of_own) {
#pragma omp simd
    for (int64_t u = 0; u < units; ++u) {
        const float r = active[u], z = active[u + gate_step];
        const float n = active[u + 2 * gate_step], own_n = active[u + 3 * gate_step];
        const float dh = grad[u] + of_h[u];
        const float dn = dh * (1.0f - z) * (1.0f - n * n);
        const float dr = dn * own_n * r * (1.0f - r);
        const float dz = dh * (h_before[u] - n) * z * (1.0f - z);
        of_gates[u] = of_own[u] = dr;
        of_gates[u + gate_step] = of_own[u + gate_step] = dz;
        of_gates[u + 2 * gate_step] = dn;
        of_own[u + 2 * gate_step] = dn * r;
        of_h[u] = dh * z;
    }
}

void rnn(int64_t units, bool rectified, const float* gates, const float* own, float* h) {
    if (rectified) {
#pragma omp simd
        for (int64_t u = 0; u < units; ++u) {
            const float x = gates[u] + own[u];
            h[u] = x < 0.0f ? 0.0f : x;  // NaN stays
        }
        return;
    }
#pragma omp simd
    for (int64_t u = 0; u < units; ++u) h[u] = tanh(gates[u] + own[u]);
}

void rnn_backward(int64_t units, bool rectified, const float* y, const float* grad, float* of_h,
                  float* of_gates) {
#pragma omp simd
    for (int64_t u = 0; u < units; ++u) {
        const float slope = rectified ? (y[u] > 0.0f ? 1.0f : 0.0f) : 1.0f - y[u] * y[u];
        of_gates[u] = (grad[u] + of_h[u]) * slope;
        of_h[u] = 0.0f;
    }
}

}  // namespace

void fill_recurrent(RecurrentLoops& loops) {
    loops = {pack_panel, product,       lstm,         gru,
             rnn,        lstm_backward, gru_backward, rnn_backward};
}

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
