#include "blob/s3_put.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "io/executor.h"

namespace domicile::blob::s3 {
namespace {

constexpr std::size_t kPartsMax = 10'000;
constexpr std::size_t kReserveAt = 1 << 20;    // a body that comes so far may fill a part
constexpr std::size_t kHashInline = 64 << 10;  // what is hashed on the reactor
constexpr Millis kLook{10'000};

struct Part {
    std::string bytes;
    std::string sha256;  // hex
    bool last = false;
};

// Cuts a source into parts.
class Cutter {
  public:
    Cutter(Source& source, const Expected& expected, std::size_t part_bytes)
        : source_(source), expected_(expected), part_bytes_(part_bytes) {}

    io::Task<Result<Part>> next() {
        Part part;
        CO_TRY_VOID(co_await fill(part.bytes));
        part.last = rest_.empty();
        if (part.bytes.size() <= kHashInline) {
            (void)hash(part);
        } else {
            CO_TRY_VOID(co_await hash_apart(part));
        }
        co_return part;
    }
    Stored finish() { return {size_, whole_.finish()}; }

  private:
    // Reads one piece further than the part, so that the last part is known to be it.
    io::Task<Result<void>> fill(std::string& bytes) {
        while (true) {
            if (rest_.empty()) {
                CO_TRY(rest_, co_await source_.read());
                size_ += rest_.size();
                CO_TRY_VOID(check_growth(size_, expected_, part_bytes_ * kPartsMax));
            }
            if (rest_.empty() || bytes.size() == part_bytes_) co_return Result<void>{};
            const std::string_view piece = rest_.substr(0, part_bytes_ - bytes.size());
            if (bytes.size() + piece.size() > kReserveAt) bytes.reserve(part_bytes_);
            bytes += piece;
            rest_.remove_prefix(piece.size());
        }
    }
    Result<bool> hash(Part& part) {
        part.sha256 = to_hex(crypto::sha256(part.bytes));
        whole_.update(part.bytes);
        return true;
    }
    io::Task<Result<bool>> hash_apart(Part& part) {
        return io::run_blocking([this, &part] { return hash(part); });
    }

    Source& source_;
    const Expected& expected_;
    const std::size_t part_bytes_;
    std::string_view rest_;  // of the source's last piece; valid until its next read
    crypto::Sha256 whole_;
    std::uint64_t size_ = 0;
};

class Put {
  public:
    Put(Client& client, Turn::Count parts, std::string key, Source& source, Expected expected)
        : client_(client),
          parts_(std::move(parts)),
          key_(std::move(key)),
          expected_(std::move(expected)),
          mark_(to_hex(io::Executor::current().random().bytes(16))),
          cutter_(source, expected_, client.options().part_bytes) {}

    io::Task<Result<Stored>> run() {
        CO_TRY(Part first, co_await cutter_.next());
        if (!first.last) co_return co_await run_upload(std::move(first));
        const Stored stored = cutter_.finish();
        CO_TRY_VOID(check_whole(stored, expected_));
        Request request = to_key(Operation::put, "PUT");
        add_conditions(request);
        request.headers.emplace_back(kMarkHeader, mark_);
        request.body = first.bytes;
        request.body_sha256 = first.sha256;
        CO_TRY_VOID(co_await write(request));
        co_return stored;
    }

  private:
    Request to_key(Operation operation, std::string_view method) const {
        Request request;
        request.operation = operation;
        request.method = method;
        request.key = key_;
        return request;
    }
    Request to_upload(Operation operation, std::string_view method) const {
        Request request = to_key(operation, method);
        request.query.emplace_back("uploadId", upload_id_);
        return request;
    }
    void add_conditions(Request& request) const {
        if (client_.options().conditional_writes)
            request.headers.emplace_back("if-none-match", "*");
    }

    // Sends what makes the body visible. After an attempt whose answer was lost, "it is there" and
    // "there is no such upload" may mean that this very attempt was carried out.
    io::Task<Result<void>> write(const Request& request) {
        History history;
        const auto done = co_await client_.call(request, history);
        if (done) co_return Result<void>{};
        const Error& error = done.error();
        const bool may_be_ours =
            error.code == Code::already_exists || error.reason == kReasonNoUpload;
        if (history.maybe_done && may_be_ours) {
            const Request look = to_key(Operation::head, "HEAD");
            History ignored;
            const auto there = co_await client_.call(look, ignored);
            if (there && there->mark == mark_) co_return Result<void>{};
        }
        if (error.reason == kReasonNoUpload)
            co_return fail(Code::unavailable, "The S3 service has lost the upload.");
        co_return std::unexpected(error);
    }

    io::Task<Result<Stored>> run_upload(Part first) {
        CO_TRY_VOID(co_await create());
        Result<Stored> out = co_await upload(std::move(first));
        if (!out) co_await abort();
        co_return out;
    }

    io::Task<Result<void>> create() {
        Request request = to_key(Operation::create, "POST");
        request.query.emplace_back("uploads", "");
        request.headers.emplace_back(kMarkHeader, mark_);
        History history;
        CO_TRY(const Answer answer, co_await client_.call(request, history));
        CO_TRY(upload_id_, decode_upload_id(answer.body));
        co_return Result<void>{};
    }

    io::Task<Result<Stored>> upload(Part part) {
        Result<void> read;
        while (true) {
            const bool last = part.last;
            ++under_way_;
            etags_.emplace_back();
            io::spawn(send_part(std::move(part), etags_.size()));
            if (last) break;
            co_await wait_for_room();
            if (failure_) break;
            auto next = co_await cutter_.next();
            if (!next) read = std::unexpected(std::move(next.error()));
            if (!read) break;
            part = std::move(*next);
        }
        history_.give_up = !read;  // what is under way need not be tried again
        while (under_way_ > 0) (void)co_await changed_.wait_until(io::deadline_in(kLook));
        CO_TRY_VOID(std::move(read));
        if (failure_) co_return std::unexpected(std::move(*failure_));
        const Stored stored = cutter_.finish();
        CO_TRY_VOID(check_whole(stored, expected_));
        CO_TRY_VOID(co_await complete());
        co_return stored;
    }

    // The part being read needs a place in memory beside those under way. One is this put's for as
    // long as it lives, others only while there are some left.
    io::Task<void> wait_for_room() {
        while (!failure_ && under_way_ > extra_.size()) {
            if (under_way_ < client_.options().parts_at_once) {
                auto turn = Turn::take(parts_, client_.options().parts_in_memory_max);
                if (turn) extra_.push_back(std::move(*turn));
                if (turn) continue;
            }
            (void)co_await changed_.wait_until(io::deadline_in(kLook));
        }
    }

    io::Task<void> send_part(Part part, std::size_t number) {
        Request request = to_upload(Operation::part, "PUT");
        request.query.emplace_back("partNumber", std::to_string(number));
        request.body = part.bytes;
        request.body_sha256 = part.sha256;
        const auto answer = co_await client_.call(request, history_);
        if (answer) {
            etags_[number - 1] = answer->etag;
            if (answer->etag.empty())
                fail_with({Code::unavailable, "The S3 service gives a part no ETag.", {}});
        } else {
            fail_with(answer.error());
        }
        part = {};
        --under_way_;
        changed_.notify_all();
    }
    void fail_with(Error error) {
        if (!failure_) failure_ = std::move(error);
        history_.give_up = true;
    }

    io::Task<Result<void>> complete() {
        const std::string body = encode_parts(etags_);
        Request request = to_upload(Operation::complete, "POST");
        add_conditions(request);
        request.headers.emplace_back("content-type", "application/xml");
        request.body = body;
        co_return co_await write(request);
    }

    // Where this fails, the bucket's lifecycle rule has to do it.
    io::Task<void> abort() {
        const Request request = to_upload(Operation::abort, "DELETE");
        History history;
        const auto done = co_await client_.call(request, history);
        if (!done && done.error().reason != kReasonNoUpload) client_.note_leftover();
    }

    Client& client_;
    const Turn::Count parts_;
    const std::string key_;
    const Expected expected_;
    const std::string mark_;
    Cutter cutter_;
    std::string upload_id_;
    std::vector<std::string> etags_;
    std::vector<Turn> extra_;
    std::size_t under_way_ = 0;
    io::Event changed_;
    History history_;  // of all parts
    std::optional<Error> failure_;
};

}  // namespace

io::Task<Result<Stored>> put(Client& client, Turn turn, Turn::Count parts, std::string key,
                             Source& source, Expected expected) {
    const Turn held = std::move(turn);
    Put put(client, std::move(parts), std::move(key), source, std::move(expected));
    co_return co_await put.run();
}

}  // namespace domicile::blob::s3
