// What takes multiples of rows away from other rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>

#include "instruction_sets.h"
#include "parallel.h"

namespace rushlight {

constexpr int64_t work_of_a_chunk = 1 << 15;  // multiplications

template <class T>
struct Number {
    static T times(T a, T b) { return a * b; }
    static T size(T a) { return std::abs(a); }
};

// The products of complex numbers that std::complex makes look for nan in every one of them.
template <class T>
struct Number<std::complex<T>> {
    using Complex = std::complex<T>;
    static Complex times(Complex a, Complex b) {
        return {a.real() * b.real() - a.imag() * b.imag(),
                a.real() * b.imag() + a.imag() * b.real()};
    }
    // LAPACK's measure for pivots.
    static T size(Complex a) { return std::abs(a.real()) + std::abs(a.imag()); }
};

// A row less a multiple of another.
template <class T>
void subtract(T* row, const T* other, T factor, int64_t count) {
    for (int64_t j = 0; j < count; ++j) row[j] -= Number<T>::times(factor, other[j]);
}

// C less the product of A and B, the rows shared by the team.
template <class T>
void subtract_product(int64_t rows, int64_t columns, int64_t depth, const T* a, int64_t a_row,
                      int64_t a_column, const T* b, int64_t b_step, T* c, int64_t c_step) {
    const int64_t of_row = std::max<int64_t>(columns * depth, 1);
    parallel_for(rows, std::max<int64_t>(24, 16 * work_of_a_chunk / of_row),
                 [=](int64_t begin, int64_t end) {
        loops<T>().subtract_product(end - begin, columns, depth, a + begin * a_row, a_row,
                                    a_column, b, b_step, c + begin * c_step, c_step);
    });
}

}  // namespace rushlight
