// One connection of a server: a coroutine that reads requests and hands each to the handler. It is
// itself the Exchange, since there is never more than one at a time and nothing is allocated anew.
#pragma once

#include <array>

#include "http/inbound.h"
#include "http/server.h"

namespace domicile::http {

// What the connections of a server share. One executor uses it, so that nothing here is locked.
class ServerState {
  public:
    ServerState(ServerOptions o, Handler h);

    ServerOptions options;  // the times change with Server::set_limits
    const Handler handler;
    HeadLimits limits;
    bool retiring = false;  // every answer is the last on its connection
    bool stopping = false;  // nothing is accepted any more, nor a second request
    bool closing = false;   // nor a first one
    std::size_t unhandled = 0;

    std::string_view date();                // of this second, as the Date header wants it
    Timestamp now() const { return now_; }  // when the last date() was asked for

  private:
    Timestamp now_;
    std::int64_t date_second_ = -1;
    std::string date_;
};

class Connection final : public Exchange, private io::EndWatcher {
  public:
    Connection(ServerState& state, std::unique_ptr<io::Stream> stream);

    io::Task<void> run();
    // Waits for a request of which nothing has come, not even into the kernel's buffer.
    bool idle() const { return idle_ && stream_->is_idle(); }
    bool between_requests() const { return idle() && served_; }
    void cancel();

    const RequestHead& request() const override { return request_; }
    const io::PeerInfo& peer() const override { return peer_; }
    const std::string& request_id() const override;
    bool responded() const override { return sent_ != Sent::nothing; }
    std::optional<std::uint64_t> content_length() const override;
    io::Task<Result<std::string_view>> read() override;
    std::optional<std::string_view> trailer(std::string_view name) const override {
        return inbound_.trailer(name);
    }
    io::Task<Result<std::string>> read_all(std::size_t bytes_max) override;
    io::Task<Result<void>> respond(ResponseHead head, std::string_view body) override;
    io::Task<Result<void>> start(ResponseHead head, std::optional<std::uint64_t> length) override;
    io::Task<Result<void>> write(std::string_view piece) override;
    io::Task<Result<void>> finish() override;
    void watch_client(io::EndWatcher* watcher) override {
        client_watcher_ = watcher;
        stream_->watch_end(watcher == nullptr ? nullptr : this);
    }
    io::Task<Result<Tunnel>> switch_protocols(ResponseHead head,
                                              std::string_view protocol) override;

  private:
    // `held`: start() was called, and its head waits in out_ for the first piece.
    enum class Sent : std::uint8_t { nothing, held, head, all };

    void peer_ended() override {
        client_left_ = true;
        std::exchange(client_watcher_, nullptr)->peer_ended();
    }
    io::Task<bool> prepare();
    io::Task<bool> next_request();
    bool parse(std::string_view head);
    io::Task<void> serve();
    bool is_settled() const;
    io::Task<void> settle(bool handled);
    io::Task<void> drain();
    io::Task<void> linger();
    io::Task<void> send_problem(int status);
    io::Task<Result<void>> send(std::string_view body, std::string_view tail);
    Result<void> print(const ResponseHead& head, std::optional<std::uint64_t> length, bool chunked);
    void begin_report(Instant& deadline, Millis timeout);
    void begin_context();
    void end_report();
    void record_span(telemetry::Tracer& tracer) const;
    void write_access_line(const telemetry::Route& route, telemetry::Nanos duration);
    void note_unhandled();
    std::unexpected<Error> fail_body(Code code, int status, const char* message);
    bool must_close() const;
    bool bodiless(int status) const;

    ServerState& state_;
    std::unique_ptr<io::Stream> stream_;
    io::PeerInfo peer_;
    Inbound inbound_;
    RequestHead request_;
    Framing framing_;
    std::array<std::uint8_t, 16> request_number_{};  // random, as a UUID has it
    mutable std::string request_id_;                 // its text, made when asked for
    std::array<std::uint8_t, 8> parent_span_{};      // of the caller, if it named one
    std::string network_;                            // of the client, for the access log
    std::string out_;
    std::uint64_t body_read_ = 0;
    // For the report of the request under way.
    std::int64_t started_ns_ = 0, ended_ns_ = 0;  // the end of the request before, while idle
    std::uint64_t received_bytes_ = 0, sent_bytes_ = 0;
    int status_ = 0;                 // of the response; 0: none
    std::uint64_t length_left_ = 0;  // of a response whose length was promised
    int refusal_ = 0;                // status that the request, or its body, deserves; 0: none
    Sent sent_ = Sent::nothing;
    io::EndWatcher* client_watcher_ = nullptr;
    bool client_left_ = false;  // while it was watched
    bool idle_ = false;
    bool served_ = false;  // a request was answered before
    bool keep_alive_ = true;
    bool broken_ = false;     // the connection cannot be written to or read any more
    bool continued_ = false;  // 100-continue was sent, or need not be
    bool body_failed_ = false;
    bool chunked_ = false;
    bool silent_ = false;  // the response has no body whatever is written
    bool ends_by_close_ = false;
};

}  // namespace domicile::http
