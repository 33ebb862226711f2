// Bodies of objects: immutable sequences of bytes under opaque keys. What a body is, whose, and
// what it is called is in sql; what is kept here has no meaning to whoever finds it, so the caller
// seals bodies that are about people. One contract suite (contract.h) runs over every engine.
//
// A key is written once in its life: a body that changes gets a new key (new_key), and then the row
// that names it is changed. So nobody ever sees half of two bodies, a copy is a row that names the
// same key, and what a crash leaves behind is a body that no row names: list() finds it by age.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/client.h"
#include "io/task.h"
#include "telemetry/registry.h"

namespace domicile::io {
class Random;
}

namespace domicile::blob {

// SPACE/ID: 1 to 32 of [a-z0-9], beginning with a letter, for the kind of body (known to the
// program, never derived from a request), and 32 hex digits. Nothing about a person goes into
// either. There is no character before '/' in them, so that a folder of folders is in their order.
inline constexpr std::size_t kSpaceBytesMax = 32;
inline constexpr std::size_t kIdBytes = 32;
inline constexpr std::size_t kListMax = 1000;

// Why a put is refused with invalid_argument: the body is not what was promised of it.
inline constexpr std::string_view kReasonDigest = "digest_mismatch";
inline constexpr std::string_view kReasonSize = "size_mismatch";
// Why a get is: the range begins behind the end.
inline constexpr std::string_view kReasonRange = "range_outside";

// Of 128 random bits: no two are ever the same.
std::string new_key(std::string_view space, io::Random& random);
// invalid_argument unless it has the form above.
Result<void> check_key(std::string_view key);
// The same for the beginning of keys, which may be empty.
Result<void> check_prefix(std::string_view prefix);

// Pieces of bytes of any size, as in http::BodySource; each read() has its own deadline.
using Source = http::BodySource;

// What is known of a body before it comes. A body that turns out otherwise is not stored.
struct Expected {
    std::optional<std::uint64_t> size = {};
    std::string sha256 = {};  // 32 raw bytes; empty: not known
};

struct Stored {
    std::uint64_t size = 0;
    std::string sha256;  // 32 raw bytes
};

struct Info {
    std::uint64_t size = 0;
    Timestamp modified;  // by the clock of whoever keeps it; S3 tells seconds
    bool operator==(const Info&) const = default;
};

struct Listed {
    std::string key;
    Info info;
    bool operator==(const Listed&) const = default;
};

// Bytes [offset, offset + length), or up to the end.
struct Range {
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> length = {};  // at least 1; may reach beyond the end
};

// A body that is being read. Dropping it early is fine.
class Body : public Source {
  public:
    virtual std::uint64_t size() const = 0;    // of the whole body
    virtual std::uint64_t length() const = 0;  // of what read() gives in all
};

// Thread-safe; works on every executor that calls it. Common errors: invalid_argument (the key),
// unavailable (the disk, the network, the other side; retries are over), resource_exhausted (too
// much at once).
class Store {
  public:
    virtual ~Store() = default;

    // Durable when it returns, and visible only as a whole. The source is read to its end or not
    // further than its first error, which is returned as it is: a source that checks what passes
    // through it needs nothing else to keep a bad body out. Of the body no more than a bounded
    // part is in memory at any time. already_exists: the key has a body, which stays (engines
    // without an atomic check may miss a put that runs beside this one); invalid_argument with one
    // of the reasons above; too_large. After unavailable the body may be there all the same, as a
    // whole.
    virtual io::Task<Result<Stored>> put(std::string key, Source& source, Expected expected) = 0;
    // not_found; invalid_argument with reason "range_outside".
    virtual io::Task<Result<std::unique_ptr<Body>>> get(std::string key, Range range) = 0;
    // not_found.
    virtual io::Task<Result<Info>> head(std::string key) = 0;
    // Durable. Deleting what is absent is no error. A body that is being read may end early.
    virtual io::Task<Result<void>> remove(std::string key) = 0;
    // Keys that start with prefix and are greater than `after`, in byte order, at most `limit`, at
    // most kListMax; fewer than that only at the end.
    virtual io::Task<Result<std::vector<Listed>>> list(std::string prefix, std::string after,
                                                       std::size_t limit) = 0;
    // Adds its metrics, if it has any, under this name. Once, at start.
    virtual void report_to(telemetry::Registry& registry, const std::string& name) {
        (void)registry, (void)name;
    }
};

}  // namespace domicile::blob
