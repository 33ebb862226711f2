#include "http/server.h"

#include <unordered_set>

#include "base/check.h"
#include "http/connection.h"

namespace domicile::http {

namespace {

using Connections = std::unordered_set<Connection*>;

// Of each thing that a client does whom there is no room for.
constexpr Millis kTurnAwayTimeout{2'000};

ServerOptions turning_away(ServerOptions options) {
    options.head_timeout = options.body_timeout = kTurnAwayTimeout;
    options.idle_timeout = options.write_timeout = kTurnAwayTimeout;
    return options;
}

io::Task<Result<void>> turn_away(Exchange& exchange) {
    ResponseHead head;
    head.status = 503;
    head.add("Content-Type", "application/problem+json");
    head.add("Retry-After", "1");
    const std::string body =
        problem_json(503, {}, reason_phrase(503), "There are too many connections.");
    co_return co_await exchange.respond(std::move(head), body);
}

}  // namespace

// At the bound a connection is turned away at once rather than left in the kernel's backlog:
// whoever waits there knows nothing, and a front or balancer would not try the next node. Over TLS
// it is closed, since a handshake costs more than what is answered for; else its request gets 503.
// Those have a bound of their own and little time, and beyond it are closed as well.
struct Server::Impl {
    Impl(std::unique_ptr<io::Listener> l, ServerOptions o, Handler h)
        : listener(std::move(l)),
          state(o, std::move(h)),
          state_of_turned_away(turning_away(o), turn_away) {
        state_of_turned_away.retiring = true;
    }

    io::Task<void> accept();
    void take(std::unique_ptr<io::Stream> stream);
    io::Task<void> serve(std::unique_ptr<io::Stream> stream, ServerState& by, Connections& among);
    enum class Which : std::uint8_t { between_requests, idle, all };
    void cancel(Which which, Connections& among);
    void cancel(Which which) {
        cancel(which, connections);
        cancel(which, turned_away);
    }

    std::unique_ptr<io::Listener> listener;
    ServerState state;
    ServerState state_of_turned_away;
    Connections connections, turned_away;
    io::Event room;  // a connection ended, or the server stops
    io::TaskGroup tasks;
};

io::Task<void> Server::Impl::accept() {
    while (!state.stopping) {
        auto stream = co_await listener->accept();
        if (stream) {
            take(std::move(*stream));
        } else if (stream.error().code == Code::cancelled) {
            co_return;
        } else {
            // Out of descriptors or memory: wait for some to come free.
            co_await room.wait_until(io::deadline_in(Millis(50)));
        }
    }
}

void Server::Impl::take(std::unique_ptr<io::Stream> stream) {
    const ServerOptions& options = state.options;
    if (connections.size() < options.connections_max)
        return tasks.spawn(serve(std::move(stream), state, connections));
    if (options.metrics != nullptr) options.metrics->full.add();
    if (options.tls == nullptr && turned_away.size() < options.turned_away_max)
        tasks.spawn(serve(std::move(stream), state_of_turned_away, turned_away));
}

io::Task<void> Server::Impl::serve(std::unique_ptr<io::Stream> stream, ServerState& by,
                                   Connections& among) {
    Connection connection(by, std::move(stream));
    among.insert(&connection);
    if (const auto* metrics = state.options.metrics) metrics->opened.add();
    co_await connection.run();
    if (const auto* metrics = state.options.metrics) metrics->closed.add();
    among.erase(&connection);
    room.notify_all();
}

// Cancelling resumes the connection, which may end it at once; hence the copy and the look-up.
void Server::Impl::cancel(Which which, Connections& among) {
    const std::vector<Connection*> all(among.begin(), among.end());
    for (Connection* connection : all) {
        if (!among.contains(connection)) continue;
        const bool due = which == Which::all || (which == Which::idle && connection->idle()) ||
                         connection->between_requests();
        if (due) connection->cancel();
    }
}

Server::Server(std::unique_ptr<io::Listener> listener, ServerOptions options, Handler handler)
    : impl_(std::make_unique<Impl>(std::move(listener), options, std::move(handler))) {}

Server::~Server() { DOMICILE_CHECK(impl_->tasks.running() == 0); }

const io::Endpoint& Server::local() const { return impl_->listener->local(); }
std::size_t Server::connections() const { return impl_->connections.size(); }
std::size_t Server::unhandled() const {
    return impl_->state.unhandled + impl_->state_of_turned_away.unhandled;
}

void Server::start() { impl_->tasks.spawn(impl_->accept()); }

void Server::set_limits(const Limits& limits) {
    impl_->state.limits.bytes_max = limits.header_bytes_max;
    impl_->state_of_turned_away.limits.bytes_max = limits.header_bytes_max;
    impl_->state.options.head_timeout = limits.head_timeout;
    impl_->state.options.body_timeout = limits.body_timeout;
}
void Server::retire() { impl_->state.retiring = true; }

io::Task<bool> Server::drain(Instant deadline) {
    impl_->state.retiring = impl_->state.stopping = true;
    impl_->state_of_turned_away.stopping = true;
    impl_->listener->close();
    impl_->room.notify_all();
    // One turn of the reactor, so that what has arrived by now is seen, and served.
    co_await io::sleep_for(Millis(1));
    impl_->cancel(Impl::Which::between_requests);
    const Instant first = std::min(deadline, io::deadline_in(kFirstRequest));
    const bool drained = co_await impl_->tasks.drain(first);
    if (drained) co_return true;
    impl_->state.closing = impl_->state_of_turned_away.closing = true;
    impl_->cancel(Impl::Which::idle);
    co_return co_await impl_->tasks.drain(deadline);
}

io::Task<void> Server::stop(Instant deadline) {
    bool drained = co_await drain(deadline);
    while (!drained) {
        impl_->cancel(Impl::Which::all);
        const Instant next = io::deadline_in(Seconds(1));
        drained = co_await impl_->tasks.drain(next);
    }
}

}  // namespace domicile::http
