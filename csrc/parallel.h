// Threads: one OpenMP team, shared with oneDNN, and the Python lock.
#pragma once

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>

#include "array_view.h"

namespace rushlight {

// Elements of a cheap elementwise loop below which waking the team costs more than it saves.
constexpr int64_t parallel_grain = 65536;

// Elements of work from which other Python threads may run meanwhile: letting go of the lock and
// taking it back costs 0.1 us, and far more when another thread has it.
constexpr int64_t release_lock_from = 1 << 16;

// Size of the team that a parallel region entered now by this thread gets: 1 inside a region and
// in a forked child, where the team's threads do not exist. Call it (parallel_for does) before
// every oneDNN primitive too: it hands the setting over to OpenMP threads that Python made.
int num_threads();
void set_num_threads(int count);

// Whether work of `pieces` grains is worth waking the team for. That depends on how long the team
// has lately kept this thread waiting: some microseconds on a quiet machine, hundreds where other
// programs have the processors and a thread of the team must wait for its turn. Then all but large
// work is done by this thread alone, until the memory of the wait has faded.
bool worth_sharing(int64_t pieces);
void note_times(std::chrono::nanoseconds own_work, std::chrono::nanoseconds wait);

// An exception on its way out of a parallel region, which it must not leave by itself.
class Thrown {
public:
    template <class Work>
    void watch(const Work& work) {
        try {
            work();
        } catch (...) {
#pragma omp critical(rushlight_thrown)
            exception_ = std::current_exception();
        }
    }
    void pass_on() const {
        if (exception_) std::rethrow_exception(exception_);
    }

private:
    std::exception_ptr exception_;
};

// body(begin, end) for chunks that cover [0, count), on the whole team or, where that is not worth
// it, on this thread alone. `grain` is what takes some ten microseconds. Never on part of the team:
// libgomp ends the threads that a smaller team leaves over and has to start them again. `body` must
// not touch Python, and must give results that do not depend on where the chunks are cut. What it
// throws, on whichever thread, is thrown to the caller.
template <class Body>
void parallel_for(int64_t count, int64_t grain, const Body& body) {
    if (count <= 0) return;  // first, as the grain of no work may be 0
    if (!worth_sharing(count / grain)) return body(int64_t{0}, count);
    using Clock = std::chrono::steady_clock;
    const Clock::time_point started = Clock::now();
    Clock::time_point finished;
    Thrown thrown;
#pragma omp parallel num_threads(num_threads())
    {
        const int64_t team = omp_get_num_threads(), me = omp_get_thread_num();
        // Whole grains where there are enough of them, so that the cuts fall on round places.
        const int64_t unit = count / grain >= 4 * team ? grain : 1;
        const int64_t units = (count + unit - 1) / unit;
        const int64_t begin = units * me / team * unit;
        const int64_t end = std::min(count, units * (me + 1) / team * unit);
        if (begin < end) thrown.watch([&] { body(begin, end); });
        if (me == 0) finished = Clock::now();
    }
    note_times(finished - started, Clock::now() - finished);
    thrown.pass_on();
}

// Lets other Python threads run while it lives, if there is work enough to make that worth while.
class AllowThreads {
public:
    explicit AllowThreads(bool enough_work) : state_(enough_work ? PyEval_SaveThread() : nullptr) {}
    ~AllowThreads() {
        if (state_) PyEval_RestoreThread(state_);
    }
    AllowThreads(const AllowThreads&) = delete;
    AllowThreads& operator=(const AllowThreads&) = delete;

private:
    PyThreadState* state_;
};

}  // namespace rushlight
