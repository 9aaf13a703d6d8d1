#include "allocator.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else  // what the sanitizer is told of memory that nobody may touch
#define ASAN_POISON_MEMORY_REGION(address, bytes)
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes)
#endif

namespace rushlight::allocator {

namespace {

// Blocks of this size and more are mapped one by one, so that giving one back frees its memory at
// once; from the size of a huge page on, they ask for huge pages.
constexpr size_t mapped_block = size_t{1} << 20;
constexpr size_t huge_page = size_t{1} << 21;

// A block is this header, padded to a cache line, and the data. Cached blocks hang in two lists:
// the one of their size class, and the one of all in the order in which they came back.
struct Block {
    size_t capacity;  // bytes of data
    Block *class_newer, *class_older;
    Block *newer, *older;
};
constexpr size_t header = alignment;
static_assert(sizeof(Block) <= header);

char* data_of(Block* block) {
    return reinterpret_cast<char*>(block) + header;
}
Block* block_of(void* data) {
    return reinterpret_cast<Block*>(static_cast<char*>(data) - header);
}

// Size classes grow in steps of an eighth of a power of two: at most 12.5% is wasted.
constexpr int class_count = 8 * 64;

int class_of(size_t bytes, size_t* capacity) {
    const int shift = std::bit_width(bytes - 1) - 4;
    const size_t step = size_t{1} << shift;
    *capacity = (bytes + step - 1) / step * step;
    return 8 * shift + static_cast<int>(*capacity >> shift) - 8;
}

void* obtain(size_t bytes) {
    if (bytes < mapped_block) return std::aligned_alloc(alignment, bytes);
    const size_t margin = bytes >= huge_page ? huge_page : 0;
    void* mapped =
        mmap(nullptr, bytes + margin, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    if (!margin) return mapped;
    // Cut the mapping down to a start on a huge page's border.
    char* begin = static_cast<char*>(mapped);
    const size_t skip = -reinterpret_cast<uintptr_t>(begin) % huge_page;
    if (skip) munmap(begin, skip);
    if (margin - skip) munmap(begin + skip + bytes, margin - skip);
#ifdef MADV_HUGEPAGE
    madvise(begin + skip, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
    return begin + skip;
}

void give_back(Block* block) {
    ASAN_UNPOISON_MEMORY_REGION(data_of(block), block->capacity);
    const size_t bytes = block->capacity + header;
    if (bytes < mapped_block) {
        std::free(block);
    } else {
        munmap(block, bytes);
    }
}

class Cache {
public:
    void* allocate(size_t bytes) {
        size_t capacity;
        const int index = class_of(std::max(bytes, smallest_block), &capacity);
        std::lock_guard lock(mutex);
        Block* block = find(index);
        if (block) {
            unlink(block);
            ++reused_;
        } else {
            trim(capacity);
            block = static_cast<Block*>(obtain(capacity + header));
            if (!block) {
                trim_to(0);
                block = static_cast<Block*>(obtain(capacity + header));
                if (!block) return nullptr;
            }
            block->capacity = capacity;
            ASAN_POISON_MEMORY_REGION(data_of(block), capacity);
            ++obtained_;
        }
        in_use_ += block->capacity;
        peak_ = std::max(peak_, in_use_);
        recent_peak_ = std::max(recent_peak_, in_use_);
        if (++allocations_ % window == 0) {
            earlier_peak_ = recent_peak_;
            recent_peak_ = in_use_;
        }
        ASAN_UNPOISON_MEMORY_REGION(data_of(block), bytes);
        return data_of(block);
    }

    void release(void* data) {
        Block* block = block_of(data);
        std::lock_guard lock(mutex);
        in_use_ -= block->capacity;
        ASAN_POISON_MEMORY_REGION(data, block->capacity);
        link(block);
        trim(0);
    }

    void empty() {
        std::lock_guard lock(mutex);
        trim_to(0);
    }

    Statistics statistics() {
        std::lock_guard lock(mutex);
        return {in_use_, cached_, peak_, reused_, obtained_};
    }

    std::mutex mutex;

private:
    // What is in use and what is cached together may be a quarter more than the most that was in
    // use recently, that is within the last one to two windows of this many allocations (some tens
    // of training steps), and at least `always_kept`.
    static constexpr size_t window = 4096;
    static constexpr size_t always_kept = size_t{128} << 20;

    // A cached block of this class, or one that is less than twice as large.
    Block* find(int index) const {
        for (int i = index; i < std::min(index + 8, class_count); ++i)
            if (newest_of_class_[i]) return newest_of_class_[i];
        return nullptr;
    }

    void trim(size_t about_to_obtain) {
        const size_t needed = in_use_ + about_to_obtain;
        const size_t most = std::max({recent_peak_, earlier_peak_, needed});
        const size_t limit = std::max(most + most / 4, always_kept);
        trim_to(limit - std::min(limit, needed));
    }

    void trim_to(size_t bytes) {
        while (cached_ > bytes) {
            Block* block = oldest_;
            unlink(block);
            give_back(block);
        }
    }

    Block*& newest_of_class(const Block* block) {
        size_t capacity;
        return newest_of_class_[class_of(block->capacity, &capacity)];
    }

    void link(Block* block) {
        Block*& class_newest = newest_of_class(block);
        block->class_newer = nullptr;
        block->class_older = class_newest;
        if (class_newest) class_newest->class_newer = block;
        class_newest = block;
        block->newer = nullptr;
        block->older = newest_;
        (newest_ ? newest_->newer : oldest_) = block;
        newest_ = block;
        cached_ += block->capacity;
    }

    void unlink(Block* block) {
        (block->class_newer ? block->class_newer->class_older : newest_of_class(block)) =
            block->class_older;
        if (block->class_older) block->class_older->class_newer = block->class_newer;
        (block->newer ? block->newer->older : newest_) = block->older;
        (block->older ? block->older->newer : oldest_) = block->newer;
        cached_ -= block->capacity;
    }

    Block* newest_of_class_[class_count] = {};
    Block *newest_ = nullptr, *oldest_ = nullptr;
    size_t in_use_ = 0, cached_ = 0, peak_ = 0, recent_peak_ = 0, earlier_peak_ = 0;
    size_t reused_ = 0, obtained_ = 0, allocations_ = 0;
};

// Never destroyed: arrays may outlive the module. Its lock is held over a fork, so that the child
// does not inherit it locked by a thread that it does not have.
Cache& cache() {
    static Cache* instance = [] {
        auto* made = new Cache;
        pthread_atfork([] { cache().mutex.lock(); }, [] { cache().mutex.unlock(); },
                       [] { cache().mutex.unlock(); });
        return made;
    }();
    return *instance;
}

}  // namespace

void* allocate(size_t bytes) {
    return cache().allocate(bytes);
}
void release(void* data) {
    cache().release(data);
}

void* resize(void* data, size_t bytes) {
    const size_t capacity = block_of(data)->capacity;
    ASAN_UNPOISON_MEMORY_REGION(data, capacity);
    if (bytes <= capacity) return data;
    void* larger = allocate(bytes);
    if (!larger) return nullptr;
    std::memcpy(larger, data, capacity);
    release(data);
    return larger;
}

void empty_cache() {
    cache().empty();
}
Statistics statistics() {
    return cache().statistics();
}

}  // namespace rushlight::allocator
