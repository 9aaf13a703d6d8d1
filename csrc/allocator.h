// A caching allocator for results and scratch memory. Blocks that are given back are kept and
// handed out again: memory fresh from the operating system costs a page fault for every 4 KiB,
// which is more than an elementwise operation costs itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

namespace rushlight::allocator {

constexpr size_t alignment = 64;          // a cache line, and a whole AVX-512 register
constexpr size_t smallest_block = 32768;  // below it, NumPy's own allocation is as good

// Thread-safe. nullptr when there is no memory.
void* allocate(size_t bytes);
void release(void* data);
void* resize(void* data, size_t bytes);

struct Statistics {
    size_t bytes_in_use, bytes_cached, peak_bytes_in_use, reused, obtained;
};
Statistics statistics();
void empty_cache();

// Thrown where there is none, so that the error can say how much was asked for.
struct NoMemory : std::bad_alloc {
    explicit NoMemory(size_t bytes) : bytes(bytes) {}
    size_t bytes;
};

// Scratch memory for the length of a scope.
class Scratch {
public:
    explicit Scratch(size_t bytes) : data_(allocate(bytes)) {}
    ~Scratch() {
        if (data_) release(data_);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    void* data() const { return data_; }  // nullptr when there was no memory

private:
    void* data_;
};

}  // namespace rushlight::allocator
