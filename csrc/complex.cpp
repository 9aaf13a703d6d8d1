// Complex numbers put together. NumPy takes 2 us to find their dtype and to fill their parts.
#include "array_view.h"
#include "parallel.h"

namespace rushlight {

namespace {

template <class T>
PyObject* complex_of(const ArrayView& real, const ArrayView& imag, int type) {
    PyObject* result = new_array(type, real.ndim, real.shape);
    if (!result) return nullptr;
    const T *a = real.as<T>(), *b = imag.as<T>();
    T* to = data_of<T>(result);
    AllowThreads allow(real.size() >= release_lock_from);
    parallel_for(real.size(), parallel_grain, [=](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            to[2 * i] = a[i];
            to[2 * i + 1] = b[i];
        }
    });
    return result;
}

PyObject* complex(PyObject* const* args, Py_ssize_t nargs) {
    ArrayView real, imag;
    if (nargs != 2 || !view(args[0], real) || !view(args[1], imag) || real.type != imag.type ||
        !same_shape(real, imag) || !real.is_contiguous || !imag.is_contiguous)
        return nullptr;
    if (real.type == NPY_FLOAT) return complex_of<float>(real, imag, NPY_CFLOAT);
    return real.type == NPY_DOUBLE ? complex_of<double>(real, imag, NPY_CDOUBLE) : nullptr;
}

}  // namespace

PyMethodDef complex_methods[] = {
    method<"complex", complex>("complex(real, imag, out=None)\n--\n\nreal + 1j * imag."), {}};

}  // namespace rushlight
