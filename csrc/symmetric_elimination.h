// The factorization of symmetric matrices of Bunch and Kaufman (1977).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "elimination.h"

namespace rushlight {

// A symmetric matrix by L and D, as LAPACK's sytrf has them of the lower triangle, a
// panel of columns at a time: what is left of a panel is a product.
template <class T>
class SymmetricElimination {
public:
    explicit SymmetricElimination(int64_t size)
        : size_(size), updated_((panel + 1) * size), scaled_((panel + 1) * size) {}

    // The place of the first zero in D, from 1 on, or 0.
    int32_t run(T* a, int32_t* pivots) {
        a_ = a;
        pivots_ = pivots;
        info_ = 0;
        for (int64_t first = 0; first < size_;) {
            const int64_t next = run_panel(first);
            subtract_panel(first, next);
            first = next;
        }
        for (int64_t i = 0; i < size_; ++i)
            std::fill(a + i * size_ + i + 1, a + (i + 1) * size_, T(0));
        return info_;
    }

private:
    static constexpr int64_t panel = 32;
    static constexpr double growth = 0.6403882032022076;  // (1 + sqrt(17)) / 8

    // Columns of a panel, each in one row: as they were when their turn came, and of L.
    T* updated(int64_t column) { return updated_.data() + (column - first_) * size_; }
    T* scaled(int64_t column) { return scaled_.data() + (column - first_) * size_; }
    T& at(int64_t row, int64_t column) { return a_[row * size_ + column]; }

    // The columns from `first` on, one or two at a time; the first one that is left.
    int64_t run_panel(int64_t first) {
        first_ = first;
        const int64_t end = size_ - first <= panel ? size_ : first + panel - 1;
        int64_t k = first;
        while (k < end) {
            update(k, k, updated(k));
            const auto [width, other] = choose(k);
            if (width == 0) {
                for (int64_t i = k; i < size_; ++i) at(i, k) = updated(k)[i];
                std::fill_n(updated(k), size_, T(0));
                std::fill_n(scaled(k), size_, T(0));
                if (info_ == 0) info_ = static_cast<int32_t>(k + 1);
                pivots_[k] = static_cast<int32_t>(k + 1);
                ++k;
                continue;
            }
            const int64_t last = k + width - 1;
            if (other != last) exchange(k, last, other);
            width == 1 ? keep_one(k) : keep_two(k);
            const auto pivot = static_cast<int32_t>(other + 1);
            for (int64_t i = k; i <= last; ++i) pivots_[i] = width == 1 ? pivot : -pivot;
            k += width;
        }
        return k;
    }

    // A column from row k on, less what the columns of this panel before k take from it.
    void update(int64_t k, int64_t column, T* into) {
        for (int64_t i = k; i < column; ++i) into[i] = at(column, i);
        for (int64_t i = std::max(k, column); i < size_; ++i) into[i] = at(i, column);
        for (int64_t j = first_; j < k; ++j)
            subtract(into + k, scaled(j) + k, updated(j)[column], size_ - k);
    }

    // The largest from `begin` on, but for that in row `skipped`; nan if there is one.
    std::pair<T, int64_t> largest(const T* x, int64_t begin, int64_t skipped) const {
        T most = 0;
        int64_t place = begin;
        for (int64_t i = begin; i < size_ && most == most; ++i) {
            const T size = i == skipped ? T(0) : std::abs(x[i]);
            if (size > most || size != size) {
                most = size;
                place = i;
            }
        }
        return {most, place};
    }

    // How many columns make the next block of D, and which row comes to its last place.
    std::pair<int, int64_t> choose(int64_t k) {
        const T diagonal = std::abs(updated(k)[k]), bound = T(growth);
        const auto [most, row] = largest(updated(k), k, k);
        if ((diagonal == 0 && !(most > 0)) || diagonal != diagonal) return {0, k};
        if (diagonal >= bound * most) return {1, k};
        T* const others = updated(k + 1);
        update(k, row, others);
        const T in_row = largest(others, k, row).first;
        if (diagonal >= bound * most * (most / in_row)) return {1, k};
        if (!(std::abs(others[row]) >= bound * in_row)) return {2, row};
        std::copy(others + k, others + size_, updated(k) + k);
        return {1, row};
    }

    // Exchanges two rows and columns of what is left. Column `last` will be written anew.
    void exchange(int64_t k, int64_t last, int64_t other) {
        at(other, other) = at(last, last);
        for (int64_t i = last + 1; i < other; ++i) at(other, i) = at(i, last);
        for (int64_t i = other + 1; i < size_; ++i) at(i, other) = at(i, last);
        for (int64_t j = first_; j <= last; ++j) std::swap(updated(j)[last], updated(j)[other]);
        for (int64_t j = first_; j < k; ++j) std::swap(scaled(j)[last], scaled(j)[other]);
    }

    void keep_one(int64_t k) {
        const T *column = updated(k), divisor = column[k];
        T* const into = scaled(k);
        at(k, k) = divisor;
        for (int64_t i = k + 1; i < size_; ++i) at(i, k) = into[i] = column[i] / divisor;
    }

    void keep_two(int64_t k) {
        const T *first = updated(k), *second = updated(k + 1);
        T *const to_first = scaled(k), *const to_second = scaled(k + 1);
        at(k, k) = first[k];
        at(k + 1, k) = first[k + 1];
        at(k + 1, k + 1) = second[k + 1];
        // D's inverse by the element beside the diagonal, which is the largest: no overflow.
        const T beside = first[k + 1], a = second[k + 1] / beside, b = first[k] / beside;
        const T factor = 1 / (a * b - 1) / beside;
        for (int64_t i = k + 2; i < size_; ++i) {
            at(i, k) = to_first[i] = factor * (a * first[i] - second[i]);
            at(i, k + 1) = to_second[i] = factor * (b * second[i] - first[i]);
        }
    }

    // What is behind the panel, less L times what the columns were, by blocks of rows: beyond the
    // diagonal nothing is read.
    void subtract_panel(int64_t first, int64_t next) {
        constexpr int64_t block = 96;
        for (int64_t row = next; row < size_; row += block) {
            const int64_t end = std::min(row + block, size_);
            subtract_product(end - row, end - next, next - first, scaled(first) + row, int64_t{1},
                             size_, updated(first) + next, size_, &at(row, next), size_);
        }
    }

    int64_t size_, first_ = 0;
    T* a_ = nullptr;
    int32_t* pivots_ = nullptr;
    int32_t info_ = 0;
    std::vector<T> updated_, scaled_;
};

}  // namespace rushlight
