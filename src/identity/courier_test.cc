#include "identity/courier.h"

#include <gtest/gtest.h>

#include <deque>

#include "directory/testing.h"
#include "identity/mail_words.h"
#include "identity/users.h"
#include "io/files.h"
#include "io/runtime.h"
#include "io/testing.h"
#include "sql/engine_testing.h"

namespace domicile::identity {
namespace {

using io::Task;
using Sent = std::vector<std::string>;

constexpr Millis kDay{24 * 3'600'000LL};

// A mail server that says what the test wants, then takes everything.
struct Server {
    std::deque<Error> says;
    Sent asked, took;

    Task<Result<void>> take(Mail mail) {
        asked.push_back(mail.to);
        if (!says.empty()) {
            Error error = std::move(says.front());
            says.pop_front();
            co_return std::unexpected(std::move(error));
        }
        took.push_back(mail.to + ": " + mail.text);
        co_return Result<void>();
    }
};

const Error kRefused{Code::invalid_argument, "550", "mail_refused"};
const Error kLater{Code::unavailable, "451", "mail_later"};
const Error kDown{Code::unavailable, "down", ""};

// One region's outbox with a courier, which lives as long as a journey.
class World {
  public:
    World() : database_(sql::testing::open_database(folder_.file("data.db"))) {
        keys_ = sql::testing::open_database(folder_.file("keys.db"));
    }

    Result<void> run(Task<Result<void>> (*journey)(World&)) {
        return io::run_task<Result<void>>([this, journey] { return with_courier(*this, journey); });
    }

    // As Home does it: the mail, and that it is to be sent, in one commit.
    Task<Result<void>> post(std::string sub, Millis lifetime = kDay) {
        Mail mail;
        mail.id = io::system_random().uuid();
        mail.to = sub + "@example.de";
        mail.subject = "s";
        mail.text = "123456";
        mail.sent_at = clock.now();
        std::vector<sql::Statement> batch = courier->queueing(mail.id, clock.now() + lifetime);
        CO_TRY(sql::Statement insertion,
               co_await outbox->insertion(std::move(sub), std::move(mail)));
        batch.push_back(std::move(insertion));
        CO_TRY_VOID(co_await database_->write(std::move(batch)));
        co_return Result<void>();
    }
    Task<Result<std::size_t>> kept() {
        CO_TRY(const auto mails, co_await outbox->list(100));
        co_return mails.size();
    }
    Task<Result<std::size_t>> waiting() {
        std::vector<sql::Statement> batch;
        batch.push_back({"SELECT count(*) FROM identity_deliveries", {}});
        CO_TRY(const auto found, co_await database_->read(std::move(batch)));
        co_return static_cast<std::size_t>(found[0].rows[0].integer(0));
    }
    // Until the table has so many.
    Task<Result<bool>> until_waiting(std::size_t count) {
        for (int look = 0; look < 15'000; ++look) {
            CO_TRY(const std::size_t now, co_await waiting());
            if (now == count) co_return true;
            co_await io::sleep_for(Millis(2));
        }
        co_return false;
    }

    directory::testing::StillClock clock;
    Server server;
    bool keeps = false;
    std::int64_t queue_max = 10'000;
    std::unique_ptr<keyring::Keyring> keyring;
    std::unique_ptr<Outbox> outbox;
    std::unique_ptr<Courier> courier;

  private:
    static Task<Result<void>> with_courier(World& self, Task<Result<void>> (*journey)(World&)) {
        self.keyring = std::make_unique<keyring::Keyring>(*self.keys_, io::system_random(),
                                                          std::string(32, 'm'));
        CO_TRY_VOID(co_await self.keyring->open());
        Users users(*self.database_, *self.keyring, self.clock,
                    [](const auto&) { return nullptr; });
        CO_TRY_VOID(co_await users.migrate());
        self.outbox = std::make_unique<Outbox>(*self.database_, *self.keyring);
        Courier::Options options;
        options.send = [&self](Mail mail) { return self.server.take(std::move(mail)); };
        options.look = Millis(1);
        options.queue_max = self.queue_max;
        options.at_once = 1;
        self.courier = std::make_unique<Courier>(
            *self.database_, *self.outbox, self.clock, nullptr, [&self] { return self.keeps; },
            std::move(options));
        CO_TRY_VOID(co_await self.courier->open());
        auto done = co_await journey(self);
        co_await self.courier->stop();
        co_return done;
    }

    io::testing::TemporaryFolder folder_;
    std::unique_ptr<sql::Database> database_, keys_;
};

void expect_ok(const Result<void>& done) { EXPECT_TRUE(done) << done.error().message; }

Task<Result<void>> send_one(World& world) {
    world.courier->start();
    CO_TRY_VOID(co_await world.post("anna"));
    CO_TRY(const bool gone, co_await world.until_waiting(0));
    EXPECT_TRUE(gone);
    EXPECT_EQ(world.server.took, Sent{"anna@example.de: 123456"});
    CO_TRY(const std::size_t kept, co_await world.kept());
    EXPECT_EQ(kept, world.keeps ? 1u : 0u);
    co_return Result<void>();
}
TEST(Courier, what_the_server_took_is_here_no_more) {
    World world;
    expect_ok(world.run(send_one));
}
TEST(Courier, an_outbox_for_people_keeps_what_was_sent) {
    World world;
    world.keeps = true;
    expect_ok(world.run(send_one));
}

Task<Result<void>> post_one(World& world) { co_return co_await world.post("anna"); }
Task<Result<void>> only_send(World& world) {
    world.courier->start();
    CO_TRY(const bool gone, co_await world.until_waiting(0));
    EXPECT_TRUE(gone);
    co_return Result<void>();
}
TEST(Courier, a_mail_outlives_the_process_that_took_it) {
    World world;
    expect_ok(world.run(post_one));  // ends before anything is sent
    EXPECT_TRUE(world.server.asked.empty());
    expect_ok(world.run(only_send));
    EXPECT_EQ(world.server.took.size(), 1u);
}

Task<Result<void>> send_two(World& world) {
    world.server.says = {kRefused};
    CO_TRY_VOID(co_await world.post("anna"));
    world.clock.pass(Millis(1));
    CO_TRY_VOID(co_await world.post("bert"));
    world.courier->start();
    CO_TRY(const bool gone, co_await world.until_waiting(0));
    EXPECT_TRUE(gone);
    EXPECT_EQ(world.server.asked, (Sent{"anna@example.de", "bert@example.de"}));
    EXPECT_EQ(world.server.took, Sent{"bert@example.de: 123456"});
    co_return Result<void>();
}
TEST(Courier, a_refused_mail_is_given_up_and_keeps_nobody_waiting) {
    World world;
    expect_ok(world.run(send_two));
}

Task<Result<void>> send_later(World& world) {
    world.server.says = {kLater, kLater};
    CO_TRY_VOID(co_await world.post("anna"));
    world.clock.pass(Millis(1));
    CO_TRY_VOID(co_await world.post("bert"));
    world.courier->start();
    // Bert's first attempt fails as well; both are due in half a minute.
    EXPECT_TRUE(co_await io::testing::until([&world] { return world.server.asked.size() == 2; }));
    CO_TRY(const bool both, co_await world.until_waiting(2));
    EXPECT_TRUE(both);
    world.clock.pass(Millis(29'000));
    CO_TRY_VOID(co_await world.post("cleo"));
    CO_TRY(const bool third, co_await world.until_waiting(2));
    EXPECT_TRUE(third);
    EXPECT_EQ(world.server.took, Sent{"cleo@example.de: 123456"});
    world.clock.pass(Millis(2'000));
    CO_TRY(const bool gone, co_await world.until_waiting(0));
    EXPECT_TRUE(gone);
    EXPECT_EQ(world.server.took.size(), 3u);
    co_return Result<void>();
}
TEST(Courier, a_mail_that_is_wanted_later_waits_alone) {
    World world;
    expect_ok(world.run(send_later));
}

Task<Result<void>> send_nothing_in_vain(World& world) {
    world.server.says = {kDown};
    for (const char* who : {"anna", "bert", "cleo"}) {
        CO_TRY_VOID(co_await world.post(who));
        world.clock.pass(Millis(1));
    }
    world.courier->start();
    CO_TRY(const bool gone, co_await world.until_waiting(0));
    EXPECT_TRUE(gone);
    // The first one tried twice; nobody else was tried in between.
    const Sent asked{"anna@example.de", "anna@example.de", "bert@example.de", "cleo@example.de"};
    EXPECT_EQ(world.server.asked, asked);
    EXPECT_EQ(world.server.took.size(), 3u);
    co_return Result<void>();
}
TEST(Courier, while_the_server_is_away_one_mail_tries_for_all) {
    World world;
    expect_ok(world.run(send_nothing_in_vain));
}

Task<Result<void>> send_in_time(World& world) {
    CO_TRY_VOID(co_await world.post("anna", Millis(1'000)));
    CO_TRY_VOID(co_await world.post("bert", Millis(3'000)));
    CO_TRY_VOID(co_await world.post("cleo"));
    CO_TRY_VOID(co_await world.keyring->destroy("cleo"));
    world.clock.pass(Millis(2'000));
    world.courier->start();
    CO_TRY(const bool gone, co_await world.until_waiting(0));
    EXPECT_TRUE(gone);
    EXPECT_EQ(world.server.took, Sent{"bert@example.de: 123456"});
    co_return Result<void>();
}
TEST(Courier, a_mail_too_late_to_be_of_use_or_without_its_key_is_not_sent) {
    World world;
    expect_ok(world.run(send_in_time));
}

Task<Result<void>> fill(World& world) {
    EXPECT_TRUE(world.courier->check_room());
    CO_TRY_VOID(co_await world.post("anna"));
    CO_TRY_VOID(co_await world.post("bert"));
    const auto room = world.courier->check_room();
    EXPECT_EQ(room.error().code, Code::resource_exhausted);
    EXPECT_EQ(room.error().reason, reason::kDelivery);
    world.courier->start();
    EXPECT_TRUE(co_await io::testing::until([&world] { return world.server.took.size() == 2; }));
    EXPECT_TRUE(
        co_await io::testing::until([&world] { return world.courier->check_room().has_value(); }));
    co_return Result<void>();
}
TEST(Courier, the_queue_has_a_bound) {
    World world;
    world.queue_max = 2;
    expect_ok(world.run(fill));
}

// ---- Words --------------------------------------------------------------------------------------

config::Mail words() {
    config::Mail out;
    out.templates.push_back({"verification", "Code", "Your code: {####}, {username}"});
    out.templates.push_back({"verification.de", "Code", "Dein Code: {####}"});
    return out;
}

TEST(MailWords, are_those_of_the_persons_language) {
    const auto text = [](const char* locale) {
        return write_mail(words(), MailKind::verification, {"123456", "anna", locale}).text;
    };
    EXPECT_EQ(text("de"), "Dein Code: 123456");
    EXPECT_EQ(text("de-AT"), "Dein Code: 123456");
    EXPECT_EQ(text("DE_de"), "Dein Code: 123456");
    EXPECT_EQ(text("fr"), "Your code: 123456, anna");
    EXPECT_EQ(text(""), "Your code: 123456, anna");
    EXPECT_EQ(write_mail(words(), MailKind::password_reset, {"123456", "anna", "de"}).text,
              "Your password reset code is 123456.");
}

TEST(MailWords, what_a_person_wrote_is_no_template) {
    EXPECT_EQ(fill_in("{username} {####} {x} {", {"123456", "{####}", ""}), "{####} 123456 {x} {");
}

}  // namespace
}  // namespace domicile::identity
