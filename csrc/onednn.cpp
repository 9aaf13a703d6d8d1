#include "onednn.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <unordered_map>

#include "allocator.h"
#include "parallel.h"

namespace rushlight::onednn {

namespace {

// Past so many plans a thread starts anew: a program with ever new shapes must not grow for ever.
constexpr size_t most_plans = 1024;

dnnl_stream_t stream() {
    thread_local dnnl::stream own(engine());
    return own.get();
}

size_t aligned(size_t bytes) {
    return (bytes + allocator::alignment - 1) / allocator::alignment * allocator::alignment;
}

struct Hash {
    size_t operator()(const Key& key) const { return key.hash(); }
};

}  // namespace

std::string version() {
    const dnnl_version_t* v = dnnl_version();
    return std::to_string(v->major) + "." + std::to_string(v->minor) + "." +
           std::to_string(v->patch);
}

const dnnl::engine& engine() {
    static const dnnl::engine only(dnnl::engine::kind::cpu, 0);
    return only;
}

bool has_bfloat16() {
    static const bool has = [] {
        switch (dnnl::get_effective_cpu_isa()) {
            case dnnl::cpu_isa::avx512_core_bf16:
            case dnnl::cpu_isa::avx512_core_fp16:
            case dnnl::cpu_isa::avx512_core_amx:
            case dnnl::cpu_isa::avx512_core_amx_fp16: return true;
            default: return false;
        }
    }();
    return has;
}

bool has_amx() {
    static const bool has = [] {
        const auto isa = dnnl::get_effective_cpu_isa();
        return isa == dnnl::cpu_isa::avx512_core_amx || isa == dnnl::cpu_isa::avx512_core_amx_fp16;
    }();
    return has;
}

bool takes_bfloat16(PyObject* object) {
    ArrayView x;
    return view(object, x) && x.type == bfloat16_type && has_bfloat16();
}

Team::Team(double operations) : threads(num_threads()) {
    if (operations >= worth_sharing || threads == 1) return;
    put_aside_ = threads;
    threads = 1;
    omp_set_num_threads(1);
}

Team::~Team() {
    if (put_aside_) omp_set_num_threads(put_aside_);
}

Plan::Plan(const dnnl::primitive& primitive, const std::vector<Operand>& operands,
           const dnnl::memory::desc& scratchpad) {
    Step main{primitive, {}};
    std::vector<Step> after;
    for (size_t i = 0; i < operands.size(); ++i) {
        const Operand& operand = operands[i];
        const dnnl_memory_t user = add_place(operand.user, static_cast<int>(i));
        if (operand.user == operand.internal) {
            main.arguments.push_back({operand.argument, user});
            continue;
        }
        const dnnl_memory_t internal = add_place(operand.internal, -1);
        main.arguments.push_back({operand.argument, internal});
        const bool before = operand.direction == in;
        const auto& from = before ? operand.user : operand.internal;
        const auto& to = before ? operand.internal : operand.user;
        Step reorder{dnnl::reorder({engine(), from, engine(), to}),
                     {{DNNL_ARG_FROM, before ? user : internal},
                      {DNNL_ARG_TO, before ? internal : user}}};
        (before ? steps_ : after).push_back(std::move(reorder));
    }
    if (scratchpad.get_size())
        main.arguments.push_back({DNNL_ARG_SCRATCHPAD, add_place(scratchpad, -1)});
    steps_.push_back(std::move(main));
    std::move(after.begin(), after.end(), std::back_inserter(steps_));
}

dnnl_memory_t Plan::add_place(const dnnl::memory::desc& description, int operand) {
    places_.push_back({dnnl::memory(description, engine(), nullptr), operand, scratch_bytes_});
    if (operand < 0) scratch_bytes_ += aligned(description.get_size());
    return places_.back().memory.get();
}

void Plan::execute(const void* const* data) {
    const allocator::Scratch scratch(scratch_bytes_);
    if (scratch_bytes_ && !scratch.data()) throw allocator::NoMemory(scratch_bytes_);
    for (const Place& place : places_) {
        void* address = place.operand < 0 ? static_cast<char*>(scratch.data()) + place.offset
                                          : const_cast<void*>(data[place.operand]);
        dnnl_memory_set_data_handle(place.memory.get(), address);
    }
    for (const Step& step : steps_) {
        const int count = static_cast<int>(step.arguments.size());
        const dnnl_status_t status = dnnl_primitive_execute(step.primitive.get(), stream(), count,
                                                            step.arguments.data());
        dnnl::error::wrap_c_api(status, "could not execute a primitive");
    }
}

bool Plan::run(const void* const* data, bool release_lock) {
    try {
        AllowThreads allow(release_lock);
        execute(data);
        return true;
    } catch (...) {
        set_error_from_exception("oneDNN");
        return false;
    }
}

bool Key::operator==(const Key& other) const {
    return count_ == other.count_ &&
           std::equal(numbers_.begin(), numbers_.begin() + count_, other.numbers_.begin());
}

size_t Key::hash() const {
    uint64_t hash = 0;
    for (int i = 0; i < count_; ++i) {
        hash = (hash ^ static_cast<uint64_t>(numbers_[i])) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash;
}

Slot& slot_of(const Key& key) {
    thread_local std::unordered_map<Key, Slot, Hash> plans;
    const auto found = plans.find(key);
    if (found != plans.end()) return found->second;
    if (plans.size() >= most_plans) plans.clear();
    return plans[key];
}

}  // namespace rushlight::onednn

namespace rushlight {

void set_error_from_exception(const char* name) {
    try {
        throw;
    } catch (const allocator::NoMemory& error) {
        PyErr_Format(PyExc_MemoryError, "you tried to allocate %zu bytes", error.bytes);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const dnnl::error& error) {
        if (error.status == dnnl_out_of_memory)
            PyErr_NoMemory();
        else
            PyErr_Format(PyExc_RuntimeError, "%s: oneDNN %s: %s", name,
                         onednn::version().c_str(), error.what());
    } catch (const std::exception& error) {
        PyErr_Format(PyExc_RuntimeError, "%s: %s", name, error.what());
    }
}

}  // namespace rushlight
