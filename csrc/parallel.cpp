#include "parallel.h"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace rushlight {

namespace {

// CPUs' worth of time that one cgroup directory allows, or infinity.
double quota_of(const std::string& directory, bool unified) {
    double quota = -1, period = 0;
    if (unified) {
        std::ifstream file(directory + "/cpu.max");  // "max 100000" or "150000 100000"
        if (!(file >> quota >> period)) return INFINITY;
    } else {
        std::ifstream(directory + "/cpu.cfs_quota_us") >> quota;
        std::ifstream(directory + "/cpu.cfs_period_us") >> period;
    }
    return quota > 0 && period > 0 ? quota / period : INFINITY;
}

// The smallest CPU quota of this process's cgroup and those above it, of either cgroup version.
// https://docs.kernel.org/admin-guide/cgroup-v2.html, cgroup-v1/cgroups.html,
// scheduler/sched-bwc.html
double cpu_quota() {
    double smallest = INFINITY;
    std::ifstream groups("/proc/self/cgroup");  // lines "4:cpu,cpuacct:/path" (v1), "0::/path" (v2)
    for (std::string line; std::getline(groups, line);) {
        const auto first = line.find(':'), second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const auto controllers = "," + line.substr(first + 1, second - first - 1) + ",";
        const bool unified = controllers == ",,";
        if (!unified && controllers.find(",cpu,") == std::string::npos) continue;
        const std::string root = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu";
        std::string path = line.substr(second + 1);
        for (; !path.empty();
             path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/')))
            smallest = std::min(smallest, quota_of(root + path, unified));
        smallest = std::min(smallest, quota_of(root, unified));
    }
    return smallest;
}

// OMP_NUM_THREADS where it is set; else what the affinity mask and the quota allow.
int default_threads() {
    if (std::getenv("OMP_NUM_THREADS")) return omp_get_max_threads();
    const double allowed = std::min<double>(omp_get_num_procs(), std::floor(cpu_quota()));
    return std::max(1, static_cast<int>(allowed));
}

std::atomic<int> team_size{0};  // 0: not yet asked for
std::atomic<bool> forked{false};

// In nanoseconds: the time that a grain of work takes, the longest wait that is believed (a longer
// one was an accident), and what this thread has lately waited for its team, which fades by this
// factor with each piece of work that is not shared for it.
constexpr double grain_time = 13e3, longest_wait = 1e6, fading = 0.995;
thread_local double recent_wait = 0;

thread_local int handed_over = 0;  // the team size that this thread's OpenMP setting has

void after_fork_in_child() {
    forked = true;
    omp_set_num_threads(1);
    handed_over = 1;
}

int initial_team_size() {
    pthread_atfork(nullptr, nullptr, after_fork_in_child);
    return default_threads();
}

}  // namespace

int num_threads() {
    if (forked || omp_in_parallel()) return 1;
    int size = team_size.load(std::memory_order_relaxed);
    if (size == 0) {
        static const int initial = initial_team_size();
        int expected = 0;
        team_size.compare_exchange_strong(expected, initial);
        size = team_size;
    }
    if (handed_over != size) {
        omp_set_num_threads(size);
        handed_over = size;
    }
    return size;
}

bool worth_sharing(int64_t pieces) {
    if (pieces < 2) return false;
    const int threads = num_threads();
    if (threads == 1) return false;
    const double saved = static_cast<double>(pieces) * grain_time * (1 - 1.0 / threads);
    if (recent_wait <= saved) return true;
    recent_wait *= fading;
    return false;
}

void note_times(std::chrono::nanoseconds own_work, std::chrono::nanoseconds wait) {
    // Chunks may be uneven: a wait as long as this thread's own chunk says nothing.
    const auto excess = static_cast<double>((wait - own_work).count());
    recent_wait += (std::clamp(excess, 0.0, longest_wait) - recent_wait) / 2;
}

void set_num_threads(int count) {
    num_threads();  // so that the default never comes after the wish
    team_size = count;
    num_threads();
}

}  // namespace rushlight
