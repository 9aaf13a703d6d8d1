#include "instruction_sets.h"

namespace rushlight {

Tables tables;

namespace {

std::string current;

struct Build {
    const char* name;
    bool available;
    void (*fill)(Tables&);
};

std::vector<Build> builds() {
    std::vector<Build> all{{"baseline", true, baseline::fill}};
#ifdef RUSHLIGHT_WITH_AVX2
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    all.push_back({"avx2", has_avx2, avx2::fill});
#endif
#ifdef RUSHLIGHT_WITH_AVX512
    const bool has_avx512 =
        has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    all.push_back({"avx512", has_avx512, avx512::fill});
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
        build.fill(tables);
        current = name;
        return true;
    }
    return false;
}

}  // namespace rushlight
