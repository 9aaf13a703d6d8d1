// The module rushlight._native. Kernels are bare C functions (METH_FASTCALL), each family's in a
// table of its own: a call costs nothing but its work. The rest is bound by nanobind.
#define RUSHLIGHT_IMPORT_NUMPY
#include "array_view.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <string>

#include "allocator.h"
#include "instruction_sets.h"
#include "onednn.h"
#include "parallel.h"
#include "replay.h"

namespace nb = nanobind;

// Every family of kernels, each with a table in a file of its name.
#define FAMILIES \
    FAMILY(attention) FAMILY(compare_all) FAMILY(complex) FAMILY(convolution) FAMILY(copies) \
    FAMILY(creation) FAMILY(cross) FAMILY(ctc) FAMILY(distance) FAMILY(dropout) \
    FAMILY(elementwise) FAMILY(extremes) FAMILY(factorization) FAMILY(fft) FAMILY(grid) \
    FAMILY(group_norm) FAMILY(index) FAMILY(indexing) FAMILY(layer_norm) FAMILY(lbfgs) \
    FAMILY(loss) FAMILY(matmul) FAMILY(nonzero) FAMILY(normalization) FAMILY(optim) \
    FAMILY(padding) FAMILY(pooling) FAMILY(random) FAMILY(recurrent) FAMILY(reduction) \
    FAMILY(resampling) FAMILY(samplers) FAMILY(scan) FAMILY(searching) FAMILY(shape) \
    FAMILY(softmax) FAMILY(sorting) FAMILY(sparse) FAMILY(triangles)

namespace rushlight {
#define FAMILY(name) extern PyMethodDef name##_methods[];
FAMILIES
#undef FAMILY
}  // namespace rushlight

namespace {

nb::dict memory_stats() {
    const auto statistics = rushlight::allocator::statistics();
    nb::dict result;
    result["bytes_in_use"] = statistics.bytes_in_use;
    result["bytes_cached"] = statistics.bytes_cached;
    result["peak_bytes_in_use"] = statistics.peak_bytes_in_use;
    result["blocks_reused"] = statistics.reused;
    result["blocks_obtained"] = statistics.obtained;
    return result;
}

void set_num_threads(int count) {
    if (count < 1) throw nb::value_error("set_num_threads expects a positive integer");
    rushlight::set_num_threads(count);
}

void set_instruction_set(const std::string& name) {
    if (!rushlight::set_instruction_set(name))
        throw nb::value_error(("instruction set '" + name + "' is not available").c_str());
}

}  // namespace

NB_MODULE(_native, module) {
    if (PyArray_ImportNumPyAPI() < 0) throw nb::python_error();
#define FAMILY(name) rushlight::name##_methods,
    PyMethodDef* const families[] = {FAMILIES};
#undef FAMILY
    for (PyMethodDef* methods : families)
        if (PyModule_AddFunctions(module.ptr(), methods) < 0) throw nb::python_error();

    module.def("set_base", [](nb::object base) { rushlight::set_base(base.ptr()); },
               nb::arg("base"),
               "The object whose methods do what the functions of this module do not cover.");
    module.def("set_bfloat16", [](int type) { rushlight::bfloat16_type = type; }, nb::arg("type"),
               "The type number of bfloat16, which another library has added to NumPy's types.");
    rushlight::bind_replay(module);
    module.def("set_num_threads", &set_num_threads, nb::arg("count"));
    module.def("get_num_threads", [] { return rushlight::num_threads(); });
    module.def("available_instruction_sets", [] {
        nb::list names;
        for (const auto& name : rushlight::available_instruction_sets()) names.append(name);
        return names;
    });
    module.def("instruction_set", [] { return rushlight::instruction_set(); });
    module.def("set_instruction_set", &set_instruction_set, nb::arg("name"));
    module.def("onednn_version", &rushlight::onednn::version);
    module.def("memory_stats", &memory_stats, "The caching allocator's figures.");
    module.def("empty_cache", &rushlight::allocator::empty_cache,
               "Give the memory that the allocator keeps back to the operating system.");
}
