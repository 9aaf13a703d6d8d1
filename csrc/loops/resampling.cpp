// Linear maps of axes: resizing, and means over parts.
#include "loops.h"

namespace rushlight::RUSHLIGHT_INSTRUCTION_SET {

namespace {

template <int width, class T>
void map_full_lines(const AxisMap<T>& map, int64_t rows, const T* from, T* to) {
    for (int64_t row = 0; row < rows; ++row, from += map.inputs, to += map.outputs) {
#pragma omp simd
        for (int64_t j = 0; j < map.outputs; ++j) {
            T sum = map.weights[j * width] * from[map.places[j * width]];
            for (int k = 1; k < width; ++k)
                sum += map.weights[j * width + k] * from[map.places[j * width + k]];
            to[j] = sum;
        }
    }
}

template <class T>
void map_lines(const AxisMap<T>& map, int64_t rows, const T* from, T* to) {
    if (map.is_full && map.width == 1) return map_full_lines<1>(map, rows, from, to);
    if (map.is_full && map.width == 2) return map_full_lines<2>(map, rows, from, to);
    if (map.is_full && map.width == 4) return map_full_lines<4>(map, rows, from, to);
    for (int64_t row = 0; row < rows; ++row, from += map.inputs, to += map.outputs)
        for (int64_t j = 0; j < map.outputs; ++j) {
            const int64_t* places = map.places + j * map.width;
            const T* weights = map.weights + j * map.width;
            T sum = 0;
            for (int64_t k = 0; k < map.counts[j]; ++k) sum += weights[k] * from[places[k]];
            to[j] = sum;
        }
}

template <class T>
void map_rows(const AxisMap<T>& map, int64_t inner, const T* from, int64_t from_step, T* to,
              int64_t to_step) {
    for (int64_t j = 0; j < map.outputs; ++j, to += to_step) {
        const int64_t* places = map.places + j * map.width;
        const T* weights = map.weights + j * map.width;
        const int64_t count = map.counts[j];
        const T* first = count ? from + places[0] * from_step : from;
        const T weight = count ? weights[0] : T(0);
        if (count == 2) {
            const T *second = from + places[1] * from_step, other = weights[1];
#pragma omp simd
            for (int64_t i = 0; i < inner; ++i) to[i] = weight * first[i] + other * second[i];
            continue;
        }
#pragma omp simd
        for (int64_t i = 0; i < inner; ++i) to[i] = count ? weight * first[i] : T(0);
        for (int64_t k = 1; k < count; ++k) {
            const T *next = from + places[k] * from_step, its_weight = weights[k];
#pragma omp simd
            for (int64_t i = 0; i < inner; ++i) to[i] += its_weight * next[i];
        }
    }
}

}  // namespace

template <class T>
void fill_resampling(Loops<T>& loops) {
    loops.map_lines = map_lines<T>;
    loops.map_rows = map_rows<T>;
}

template void fill_resampling(Loops<float>&);
template void fill_resampling(Loops<double>&);

}  // namespace rushlight::RUSHLIGHT_INSTRUCTION_SET
