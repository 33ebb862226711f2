#include "io/frame_pool.h"

#include <array>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DOMICILE_FRAMES_KEPT 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define DOMICILE_FRAMES_KEPT 0
#endif
#endif
#ifndef DOMICILE_FRAMES_KEPT
#define DOMICILE_FRAMES_KEPT 1
#endif

namespace domicile::io {

#if DOMICILE_FRAMES_KEPT

namespace {

struct Free {
    Free* next;
};

struct List {
    Free* first = nullptr;
    std::size_t bytes = 0;
};

// A class without destructor: frames may be freed after the thread's other objects are gone, and
// reading this is then still allowed.
struct Lists {
    std::array<List, kFrameBytesMax / kFrameStep> of_size;
    enum class State : unsigned char { fresh, in_use, closed } state = State::fresh;
};
constinit thread_local Lists lists;

// Gives back what a thread keeps when it ends.
struct Closer {
    ~Closer() {
        lists.state = Lists::State::closed;
        for (List& list : lists.of_size) {
            while (Free* frame = list.first) {
                list.first = frame->next;
                ::operator delete(frame);
            }
            list.bytes = 0;
        }
    }
    void register_destructor() {}
};
thread_local Closer closer;

std::size_t index_of(std::size_t bytes) { return (bytes - 1) / kFrameStep; }
std::size_t size_of(std::size_t index) { return (index + 1) * kFrameStep; }

}  // namespace

void* allocate_frame(std::size_t bytes) {
    const std::size_t index = index_of(bytes);
    if (index >= lists.of_size.size()) return ::operator new(bytes);
    List& list = lists.of_size[index];
    if (Free* frame = list.first) {
        list.first = frame->next;
        list.bytes -= size_of(index);
        return frame;
    }
    return ::operator new(size_of(index));
}

void free_frame(void* frame, std::size_t bytes) noexcept {
    const std::size_t index = index_of(bytes);
    if (index >= lists.of_size.size()) return ::operator delete(frame);
    List& list = lists.of_size[index];
    if (lists.state != Lists::State::in_use) {
        if (lists.state == Lists::State::closed) return ::operator delete(frame);
        closer.register_destructor();
        lists.state = Lists::State::in_use;
    }
    if (list.bytes + size_of(index) > kFrameKeptBytes) return ::operator delete(frame);
    list.first = new (frame) Free{list.first};
    list.bytes += size_of(index);
}

std::size_t kept_frame_bytes() {
    std::size_t bytes = 0;
    for (const List& list : lists.of_size) bytes += list.bytes;
    return bytes;
}

#else

void* allocate_frame(std::size_t bytes) { return ::operator new(bytes); }
void free_frame(void* frame, std::size_t) noexcept { ::operator delete(frame); }
std::size_t kept_frame_bytes() { return 0; }

#endif

}  // namespace domicile::io
