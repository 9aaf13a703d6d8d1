#include "instruction_sets.h"

namespace rushlight {

Loops<float> float_loops;
Loops<double> double_loops;
BitLoops bit_loops;

namespace {

std::string current;

struct Build {
    const char* name;
    bool available;
    void (*fill)();
};

template <void (*of_float)(Loops<float>&), void (*of_double)(Loops<double>&),
          void (*of_bits)(BitLoops&)>
void fill_tables() {
    of_float(float_loops);
    of_double(double_loops);
    of_bits(bit_loops);
}

std::vector<Build> builds() {
    std::vector<Build> all{
        {"baseline", true, fill_tables<baseline::fill, baseline::fill, baseline::fill>}};
#ifdef RUSHLIGHT_WITH_AVX2
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    all.push_back({"avx2", has_avx2, fill_tables<avx2::fill, avx2::fill, avx2::fill>});
#endif
#ifdef RUSHLIGHT_WITH_AVX512
    const bool has_avx512 =
        has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    all.push_back({"avx512", has_avx512, fill_tables<avx512::fill, avx512::fill, avx512::fill>});
#endif
    return all;
}

const bool chosen_at_load = set_instruction_set(available_instruction_sets().back());

}  // namespace

std::vector<std::string> available_instruction_sets() {
    std::vector<std::string> names;
    for (const Build& build : builds())
        if (build.available) names.emplace_back(build.name);
    return names;
}

const std::string& instruction_set() {
    return current;
}

bool set_instruction_set(const std::string& name) {
    for (const Build& build : builds()) {
        if (!build.available || name != build.name) continue;
        build.fill();
        current = name;
        return true;
    }
    return false;
}

}  // namespace rushlight
