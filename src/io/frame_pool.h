// Memory of coroutine frames. A proxied request makes some thirty of them, most of a few hundred
// bytes, all gone when it ends: each thread keeps a few of each size and hands them out again,
// which costs a tenth of what malloc and free do.
//
// A frame may be freed on another thread than the one that made it; it then joins that thread's.
// Everything comes from operator new in the end. Under sanitizers nothing is kept, so that they see
// every use of a frame that is gone.
#pragma once

#include <cstddef>

namespace domicile::io {

inline constexpr std::size_t kFrameStep = 64;          // sizes are rounded up to a multiple
inline constexpr std::size_t kFrameBytesMax = 2048;    // larger frames are not kept
inline constexpr std::size_t kFrameKeptBytes = 65536;  // of each size and thread, at most

void* allocate_frame(std::size_t bytes);
// `bytes` as it was asked for.
void free_frame(void* frame, std::size_t bytes) noexcept;
// How many bytes this thread keeps.
std::size_t kept_frame_bytes();

}  // namespace domicile::io
