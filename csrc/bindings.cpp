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

namespace rushlight {
extern PyMethodDef attention_methods[];
extern PyMethodDef compare_all_methods[];
extern PyMethodDef complex_methods[];
extern PyMethodDef convolution_methods[];
extern PyMethodDef copies_methods[];
extern PyMethodDef creation_methods[];
extern PyMethodDef cross_methods[];
extern PyMethodDef ctc_methods[];
extern PyMethodDef distance_methods[];
extern PyMethodDef dropout_methods[];
extern PyMethodDef elementwise_methods[];
extern PyMethodDef factorization_methods[];
extern PyMethodDef fft_methods[];
extern PyMethodDef grid_methods[];
extern PyMethodDef group_norm_methods[];
extern PyMethodDef index_methods[];
extern PyMethodDef indexing_methods[];
extern PyMethodDef loss_methods[];
extern PyMethodDef matmul_methods[];
extern PyMethodDef nonzero_methods[];
extern PyMethodDef layer_norm_methods[];
extern PyMethodDef normalization_methods[];
extern PyMethodDef optim_methods[];
extern PyMethodDef padding_methods[];
extern PyMethodDef pooling_methods[];
extern PyMethodDef random_methods[];
extern PyMethodDef recurrent_methods[];
extern PyMethodDef reduction_methods[];
extern PyMethodDef resampling_methods[];
extern PyMethodDef samplers_methods[];
extern PyMethodDef searching_methods[];
extern PyMethodDef shape_methods[];
extern PyMethodDef softmax_methods[];
extern PyMethodDef scan_methods[];
extern PyMethodDef sorting_methods[];
extern PyMethodDef sparse_methods[];
extern PyMethodDef triangles_methods[];
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
    PyMethodDef* const families[] = {
        rushlight::attention_methods,   rushlight::compare_all_methods,
        rushlight::complex_methods,     rushlight::convolution_methods,
        rushlight::copies_methods,      rushlight::creation_methods,
        rushlight::cross_methods,       rushlight::ctc_methods,
        rushlight::distance_methods,
        rushlight::dropout_methods,     rushlight::elementwise_methods,
        rushlight::factorization_methods, rushlight::fft_methods, rushlight::grid_methods,
        rushlight::group_norm_methods,
        rushlight::index_methods,
        rushlight::indexing_methods,    rushlight::layer_norm_methods,
        rushlight::loss_methods,        rushlight::matmul_methods,
        rushlight::nonzero_methods,     rushlight::normalization_methods,
        rushlight::optim_methods,       rushlight::padding_methods,
        rushlight::pooling_methods,     rushlight::random_methods,
        rushlight::recurrent_methods,   rushlight::reduction_methods,
        rushlight::resampling_methods,  rushlight::samplers_methods,
        rushlight::scan_methods,        rushlight::searching_methods,
        rushlight::shape_methods,       rushlight::softmax_methods,
        rushlight::sorting_methods,     rushlight::sparse_methods,
        rushlight::triangles_methods};
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
