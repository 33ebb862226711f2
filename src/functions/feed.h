// The Runtime API without a request for each event and each answer: one connection on which a
// process takes several events at a time and answers them in any order. What goes over it is in
// docs/formats/feed.md. Internal to functions.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/executor.h"
#include "io/network.h"

namespace domicile::functions {

// What a process says to an event.
struct FeedReply {
    std::uint32_t number = 0;  // of the event
    bool raised = false;       // an error of the handler
    bool too_large = false;    // then the payload is empty
    std::string payload;
};

// Finds replies in the bytes of a process; a function of bytes.
class FeedReader {
  public:
    using Sink = std::function<void(FeedReply reply)>;
    explicit FeedReader(std::size_t payload_bytes_max) : payload_bytes_max_(payload_bytes_max) {}

    // Calls `sink` for every reply that is whole. malformed for good when it is none.
    Result<void> take(std::string_view bytes, const Sink& sink);

    static constexpr std::size_t kHeadBytes = 9;

  private:
    bool begin();

    const std::size_t payload_bytes_max_;
    std::string head_;         // up to kHeadBytes
    std::size_t left_ = 0;     // of the payload under way
    bool in_payload_ = false;  // the head has been read
    FeedReply reply_;
};

// What a process is told of an event beside its number.
struct FeedEvent {
    std::string_view request_id, trace, client_context;
    std::int64_t deadline_ms = 0;  // Unix time
    std::string_view event;
};
void print_event(std::uint32_t number, const FeedEvent& event, std::string& out);

// The connection. Everything that is sent in one turn of the reactor leaves it together.
class Feed : public std::enable_shared_from_this<Feed> {
  public:
    explicit Feed(io::Stream& stream) : stream_(&stream) {}

    void send(std::uint32_t number, const FeedEvent& event);
    // Hands on what the process says until it has closed the connection, or does not keep to the
    // format (malformed), or cannot be written to. Sends nothing afterwards.
    io::Task<Result<void>> run(std::string_view read_ahead, std::size_t payload_bytes_max,
                               FeedReader::Sink sink);

  private:
    io::Task<Result<void>> read(FeedReader& reader, FeedReader::Sink& sink);
    void flush();
    io::Task<void> write_out();

    io::Stream* stream_;  // null once it is closed
    std::string waiting_, sending_;
    bool scheduled_ = false;
    io::TaskGroup writer_;
};

}  // namespace domicile::functions
