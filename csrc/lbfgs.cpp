// What L-BFGS asks of its history: inner products and weighted sums of many long vectors, each of
// which is read once.
#include <algorithm>
#include <vector>

#include "array_view.h"
#include "instruction_sets.h"
#include "items.h"
#include "parallel.h"

namespace rushlight {

namespace {

// Vectors of one type and length.
struct Vectors {
    References arrays;  // a list may change while other threads run
    std::vector<const void*> data;
    int type = NPY_NOTYPE;
    int64_t size = 0;

    bool read(PyObject* sequence) {
        Items items;
        if (!items.read(sequence) || items.count == 0) return false;
        for (Py_ssize_t i = 0; i < items.count; ++i) {
            ArrayView vector;
            if (!view(items.items[i], vector) || vector.ndim != 1 || !vector.is_contiguous)
                return false;
            if (i > 0 && (vector.type != type || vector.size() != size)) return false;
            type = vector.type;
            size = vector.size();
            data.push_back(vector.as<char>());
            arrays.keep(Py_NewRef(items.items[i]));
        }
        return type == NPY_FLOAT || type == NPY_DOUBLE;
    }
    int64_t count() const { return static_cast<int64_t>(data.size()); }
    template <class T>
    std::vector<const T*> of() const {
        std::vector<const T*> result;
        for (const void* vector : data) result.push_back(static_cast<const T*>(vector));
        return result;
    }
};

// The pieces that threads take, the same for any number of them.
struct Pieces {
    int64_t size, length, count;

    explicit Pieces(int64_t size)
        : size(size), length(std::max<int64_t>(16384, (size + 63) / 64)),
          count((size + length - 1) / length) {}

    // work(piece, begin, end), of so many elements each
    template <class Work>
    void share(int64_t operations, const Work& work) const {
        AllowThreads allow(size * operations >= release_lock_from);
        const int64_t grain = std::max<int64_t>(1, parallel_grain / (length * operations));
        parallel_for(count, grain, [&](int64_t first, int64_t last) {
            for (int64_t piece = first; piece < last; ++piece)
                work(piece, piece * length, std::min(size, (piece + 1) * length));
        });
    }
};

template <class T>
void multiply(const Vectors& vectors, const Vectors& others, double* result) {
    const auto rows = vectors.of<T>(), columns = others.of<T>();
    const int64_t products = vectors.count() * others.count();
    const Pieces pieces(vectors.size);
    std::vector<double> sums(pieces.count * products);
    pieces.share(products, [&](int64_t piece, int64_t begin, int64_t end) {
        loops<T>().inner_products(begin, end, vectors.count(), rows.data(), others.count(),
                                  columns.data(), sums.data() + piece * products);
    });
    std::fill_n(result, products, 0.0);
    for (int64_t piece = 0; piece < pieces.count; ++piece)
        for (int64_t i = 0; i < products; ++i) result[i] += sums[piece * products + i];
}

PyObject* inner_products(PyObject* const* args, Py_ssize_t nargs) {
    Vectors vectors, others;
    if (nargs != 2 || !vectors.read(args[0]) || !others.read(args[1]) ||
        vectors.type != others.type || vectors.size != others.size)
        return nullptr;
    const npy_intp shape[] = {vectors.count(), others.count()};
    Owned result(new_array(NPY_DOUBLE, 2, shape));
    if (!result) return nullptr;
    const auto run = vectors.type == NPY_FLOAT ? multiply<float> : multiply<double>;
    run(vectors, others, data_of<double>(result.get()));
    return result.hand_on();
}

template <class T>
void add_up(const Vectors& vectors, const std::vector<double>& weights, T* result) {
    const auto rows = vectors.of<T>();
    Pieces(vectors.size).share(vectors.count(), [&](int64_t, int64_t begin, int64_t end) {
        loops<T>().weighted_sum(begin, end, vectors.count(), rows.data(), weights.data(), result);
    });
}

PyObject* weighted_sum(PyObject* const* args, Py_ssize_t nargs) {
    Vectors vectors;
    Items items;
    if (nargs != 2 || !items.read(args[1])) return nullptr;
    std::vector<double> weights;
    for (Py_ssize_t i = 0; i < items.count; ++i) {
        if (!PyFloat_CheckExact(items.items[i])) return nullptr;  // others may run Python
        weights.push_back(PyFloat_AS_DOUBLE(items.items[i]));
    }
    if (!vectors.read(args[0]) || items.count != vectors.count()) return nullptr;
    const npy_intp shape[] = {vectors.size};
    Owned result(new_array(vectors.type, 1, shape));
    if (!result) return nullptr;
    if (vectors.type == NPY_FLOAT)
        add_up(vectors, weights, data_of<float>(result.get()));
    else
        add_up(vectors, weights, data_of<double>(result.get()));
    return result.hand_on();
}

}  // namespace

PyMethodDef lbfgs_methods[] = {
    method<"inner_products", inner_products>(
        "inner_products(vectors, others)\n--\n\n"
        "The inner products of each of the vectors with each of the others: a matrix of float64,\n"
        "of sums of 1,024 products in the vectors' own type."),
    method<"weighted_sum", weighted_sum>(
        "weighted_sum(vectors, weights)\n--\n\n"
        "The vectors, each times its weight, added up in their own type."),
    {}};

}  // namespace rushlight
