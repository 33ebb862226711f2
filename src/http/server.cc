#include "http/server.h"

#include <unordered_set>

#include "base/check.h"
#include "http/connection.h"

namespace domicile::http {

struct Server::Impl {
    Impl(std::unique_ptr<io::Listener> l, ServerOptions o, Handler h)
        : listener(std::move(l)), state(o, std::move(h)) {}

    io::Task<void> accept();
    io::Task<void> serve(std::unique_ptr<io::Stream> stream);
    enum class Which : std::uint8_t { between_requests, idle, all };
    void cancel(Which which);

    std::unique_ptr<io::Listener> listener;
    ServerState state;
    std::unordered_set<Connection*> connections;
    io::Event room;  // a connection ended, or the server stops
    io::TaskGroup tasks;
};

io::Task<void> Server::Impl::accept() {
    while (!state.stopping) {
        if (connections.size() >= state.options.connections_max) {
            if (const auto* metrics = state.options.metrics) metrics->full.add();
            co_await room.wait_until(io::deadline_in(Seconds(1)));
            continue;
        }
        auto stream = co_await listener->accept();
        if (stream) {
            tasks.spawn(serve(std::move(*stream)));
        } else if (stream.error().code == Code::cancelled) {
            co_return;
        } else {
            // Out of descriptors or memory: wait for some to come free.
            co_await room.wait_until(io::deadline_in(Millis(50)));
        }
    }
}

io::Task<void> Server::Impl::serve(std::unique_ptr<io::Stream> stream) {
    Connection connection(state, std::move(stream));
    connections.insert(&connection);
    if (const auto* metrics = state.options.metrics) metrics->opened.add();
    co_await connection.run();
    if (const auto* metrics = state.options.metrics) metrics->closed.add();
    connections.erase(&connection);
    room.notify_all();
}

// Cancelling resumes the connection, which may end it at once; hence the copy and the look-up.
void Server::Impl::cancel(Which which) {
    const std::vector<Connection*> all(connections.begin(), connections.end());
    for (Connection* connection : all) {
        if (!connections.contains(connection)) continue;
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
std::size_t Server::unhandled() const { return impl_->state.unhandled; }

void Server::start() { impl_->tasks.spawn(impl_->accept()); }

void Server::set_header_bytes_max(std::size_t bytes) { impl_->state.limits.bytes_max = bytes; }
void Server::retire() { impl_->state.retiring = true; }

io::Task<bool> Server::drain(Instant deadline) {
    impl_->state.retiring = impl_->state.stopping = true;
    impl_->listener->close();
    impl_->room.notify_all();
    // One turn of the reactor, so that what has arrived by now is seen, and served.
    co_await io::sleep_for(Millis(1));
    impl_->cancel(Impl::Which::between_requests);
    const Instant first = std::min(deadline, io::deadline_in(kFirstRequest));
    const bool drained = co_await impl_->tasks.drain(first);
    if (drained) co_return true;
    impl_->state.closing = true;
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
