// oneDNN's primitives, made once for each combination of shapes, layouts and parameters and kept.
// https://oneapi-src.github.io/oneDNN
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "array_view.h"
#include "parallel.h"

namespace rushlight::onednn {

std::string version();

const dnnl::engine& engine();

// Whether the processor multiplies bfloat16 by instructions of its own. Elsewhere float32 is faster.
bool has_bfloat16();
bool has_amx();  // and multiplies whole tiles of them

// Whether a primitive is oneDNN's reference, whose loops are slower by far than converting bfloat16 to
// float32 and back. NumPy's products took a fortieth of its time for a gradient with steps of 8, and
// a ninth with steps and gaps.
template <class Description>
bool is_reference(const Description& made) {
    return std::string(made.impl_info_str()).rfind("ref", 0) == 0;
}

// Whether an object is an array of bfloat16 on such a processor.
bool takes_bfloat16(PyObject* object);

template <class T>
constexpr dnnl::memory::data_type type_of =
    std::is_same_v<T, float> ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;

// Floating-point operations from which a convolution or a product is shared by the team: 25 to
// 50 us of one thread. A team that still waits for work starts within 1 us, one that has gone to
// sleep within 30, and one whose processors are taken by other programs within milliseconds.
constexpr double worth_sharing = 4e6;

// The threads that oneDNN may use while it lives: the whole team, or this thread alone.
class Team {
public:
    explicit Team(double operations);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    int threads;

private:
    int put_aside_ = 0;
};

// A primitive with the reorders around it. An operand lies in the caller's memory as `user` says;
// where the primitive wants it in another layout, it is reordered on the way in or out.
class Plan {
public:
    enum Direction { in, out };
    struct Operand {
        int argument;  // DNNL_ARG_SRC, ...
        Direction direction;
        dnnl::memory::desc user, internal;
    };

    Plan(const dnnl::primitive& primitive, const std::vector<Operand>& operands,
         const dnnl::memory::desc& scratchpad);

    // `data` holds one address per operand. False with a Python error set when it fails. A plan
    // must not run on two threads at once: find_plan() gives each its own.
    bool run(const void* const* data, bool release_lock);

private:
    struct Step {
        dnnl::primitive primitive;
        std::vector<dnnl_exec_arg_t> arguments;
    };
    struct Place {  // where a memory object's data comes from
        dnnl::memory memory;
        int operand;    // index into `data`, or
        size_t offset;  // into the scratch memory if operand < 0
    };

    void execute(const void* const* data);
    dnnl_memory_t add_place(const dnnl::memory::desc& description, int operand);

    std::vector<Place> places_;
    std::vector<Step> steps_;
    size_t scratch_bytes_ = 0;
};

// Everything that distinguishes one plan from another, written down as numbers: what it computes,
// for how many threads (a primitive is made for a number of them), shapes, layouts and parameters.
class Key {
public:
    Key(int64_t kind, const Team& team) { add(kind).add(team.threads); }
    Key& add(int64_t number) {
        numbers_[count_++] = number;
        return *this;
    }
    template <class Numbers>
    Key& add_all(const Numbers& numbers, int count) {
        for (int i = 0; i < count; ++i) add(numbers[i]);
        return *this;
    }
    bool operator==(const Key& other) const;
    size_t hash() const;

private:
    std::array<int64_t, 48> numbers_;
    int count_ = 0;
};

// This thread's plan for `key`; make() makes it when it is asked for the first time. An empty one,
// nullptr, says that oneDNN does not cover the case, and is kept, too.
template <class Make>
Plan* find_plan(const Key& key, const Make& make);

// --- what find_plan() is made of ---
using Slot = std::optional<std::unique_ptr<Plan>>;
Slot& slot_of(const Key& key);

template <class Make>
Plan* find_plan(const Key& key, const Make& make) {
    Slot& slot = slot_of(key);
    if (!slot) {
        try {
            slot = make();
        } catch (const dnnl::error& error) {
            if (error.status == dnnl_out_of_memory) throw;
            slot = nullptr;
        }
    }
    return slot->get();
}

}  // namespace rushlight::onednn
