#include "edge/edge.h"

#include <gtest/gtest.h>

#include <charconv>
#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "http/testing.h"
#include "io/testing.h"

namespace domicile::edge {
namespace {

struct Reply {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};

Reply parse(const std::string& all) {
    Reply reply;
    const auto end = all.find("\r\n\r\n");
    if (!all.starts_with("HTTP/1.1 ") || end == std::string::npos) return reply;
    std::from_chars(all.data() + 9, all.data() + 12, reply.status);
    auto at = all.find("\r\n") + 2;
    while (at < end + 2) {
        const auto line_end = all.find("\r\n", at);
        const auto colon = all.find(": ", at);
        reply.headers[to_lower(all.substr(at, colon - at))] =
            all.substr(colon + 2, line_end - colon - 2);
        at = line_end + 2;
    }
    reply.body = all.substr(end + 4);
    return reply;
}

io::Task<std::string> serve_one(http::Handler handler, std::string request) {
    auto server = http::serve(std::move(handler));
    std::string all = co_await http::exchange(server->local(), request);
    EXPECT_EQ(server->unhandled(), 0u) << request;
    co_await server->stop(http::soon());
    co_return all;
}

// `line` is "GET /path"; `headers` are whole lines.
Reply ask(const http::Handler& handler, const std::string& line, const std::string& headers = {},
          const std::string& host = "a.example") {
    const std::string request =
        line + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers + "Connection: close\r\n\r\n";
    return parse(io::run_task<std::string>([&] { return serve_one(handler, request); }));
}

io::Task<Result<void>> say_hello(http::Exchange& exchange) {
    http::ResponseHead head;
    co_return co_await exchange.respond(std::move(head), "hello");
}

TEST(Edge, dispatches_by_host_whatever_its_case_and_port) {
    Edge edge;
    edge.add("app.example", say_hello);
    const http::Handler handler = [&](http::Exchange& exchange) { return edge.handle(exchange); };
    EXPECT_EQ(ask(handler, "GET /", "", "app.example").body, "hello");
    EXPECT_EQ(ask(handler, "GET /", "", "App.EXAMPLE:8443").body, "hello");
}

TEST(Edge, a_name_that_nobody_answers_to_is_misdirected) {
    Edge edge;
    edge.add("app.example", say_hello);
    const http::Handler handler = [&](http::Exchange& exchange) { return edge.handle(exchange); };
    for (const char* host : {"other.example", "x.app.example", "app.example.evil", "127.0.0.1"}) {
        const Reply reply = ask(handler, "GET /", "", host);
        EXPECT_EQ(reply.status, 421) << host;
        EXPECT_EQ(reply.headers.at("content-type"), "application/problem+json");
    }
}

const std::string kScript = "console.log('the script');";

class SiteTest : public ::testing::Test {
  protected:
    SiteTest() {
        put("outside.txt", "outside");
        put("site/index.html", "<h1>home</h1>");
        put("site/ten.txt", "0123456789");
        put("site/empty.txt", "");
        put("site/assets/app-1a2b.js", kScript);
        put("site/assets/app-1a2b.js.br", "BROTLI");
        put("site/assets/app-1a2b.js.gz", "GZIP");
        put("site/assets/only.css", "p{}");
        put("site/assets/only.css.gz", "GZIPPED-CSS");
        put("site/.env", "secret");
        put("site/.git/config", "secret");
        make("index.html");
    }

    void put(const std::string& name, const std::string& bytes) {
        const std::filesystem::path path = folder_.file(name);
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
    }
    void make(std::string fallback) {
        SiteOptions options;
        options.directory = folder_.file("site");
        options.fallback = std::move(fallback);
        options.content_policy = "default-src 'self'";
        options.documents["/domicile.json"] = R"({"region":"r"})";
        site_ = std::make_unique<Site>(std::move(options), io::system_files());
    }
    Reply get(const std::string& path, const std::string& headers = {}) {
        return request("GET " + path, headers);
    }
    Reply request(const std::string& line, const std::string& headers = {}) {
        return ask([this](http::Exchange& exchange) { return site_->handle(exchange); }, line,
                   headers);
    }

    io::testing::TemporaryFolder folder_;
    std::unique_ptr<Site> site_;
};

TEST_F(SiteTest, serves_a_page_with_its_policy_and_revalidation) {
    const Reply reply = get("/");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "<h1>home</h1>");
    EXPECT_EQ(reply.headers.at("content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(reply.headers.at("content-length"), "13");
    EXPECT_EQ(reply.headers.at("cache-control"), "no-cache");
    EXPECT_EQ(reply.headers.at("content-security-policy"), "default-src 'self'");
    EXPECT_EQ(reply.headers.at("x-content-type-options"), "nosniff");
    EXPECT_TRUE(parse_http_date(reply.headers.at("last-modified")));
}

TEST_F(SiteTest, hashed_assets_are_cached_for_a_year_and_are_not_pages) {
    const Reply reply = get("/assets/app-1a2b.js");
    EXPECT_EQ(reply.headers.at("cache-control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(reply.headers.at("content-type"), "text/javascript; charset=utf-8");
    EXPECT_FALSE(reply.headers.contains("content-security-policy"));
}

TEST_F(SiteTest, documents_of_the_program_are_never_cached) {
    const Reply reply = get("/domicile.json");
    EXPECT_EQ(reply.body, R"({"region":"r"})");
    EXPECT_EQ(reply.headers.at("content-type"), "application/json");
    EXPECT_EQ(reply.headers.at("cache-control"), "no-store");
}

TEST_F(SiteTest, an_unchanged_file_is_answered_with_304_and_no_body) {
    const std::string etag = get("/ten.txt").headers.at("etag");
    for (const std::string& list :
         {etag, "W/" + etag, "\"other\", " + etag, etag + ",\"other\"", std::string("*")}) {
        const Reply reply = get("/ten.txt", "If-None-Match: " + list + "\r\n");
        EXPECT_EQ(reply.status, 304) << list;
        EXPECT_EQ(reply.body, "") << list;
        EXPECT_EQ(reply.headers.at("etag"), etag) << list;
        EXPECT_EQ(reply.headers.at("cache-control"), "no-cache") << list;
    }
}

TEST_F(SiteTest, a_changed_file_is_sent_again) {
    const std::string etag = get("/ten.txt").headers.at("etag");
    put("site/ten.txt", "changed and longer");
    for (const std::string& list : {etag, std::string("\"x\", \"y\""), std::string(",,")}) {
        const Reply reply = get("/ten.txt", "If-None-Match: " + list + "\r\n");
        EXPECT_EQ(reply.status, 200) << list;
        EXPECT_EQ(reply.body, "changed and longer") << list;
        EXPECT_NE(reply.headers.at("etag"), etag);
    }
}

TEST_F(SiteTest, sends_one_range) {
    struct Case {
        const char *range, *body, *content_range;
    };
    for (const Case& one : {Case{"bytes=2-4", "234", "bytes 2-4/10"},
                            {"bytes=0-0", "0", "bytes 0-0/10"},
                            {"bytes=7-", "789", "bytes 7-9/10"},
                            {"bytes=7-999", "789", "bytes 7-9/10"},
                            {"bytes=-3", "789", "bytes 7-9/10"},
                            {"bytes=-999", "0123456789", "bytes 0-9/10"}}) {
        const Reply reply = get("/ten.txt", std::string("Range: ") + one.range + "\r\n");
        EXPECT_EQ(reply.status, 206) << one.range;
        EXPECT_EQ(reply.body, one.body) << one.range;
        EXPECT_EQ(reply.headers.at("content-range"), one.content_range);
    }
}

TEST_F(SiteTest, a_range_beyond_the_file_cannot_be_satisfied) {
    for (const char* range : {"bytes=10-", "bytes=99-100", "bytes=-0"}) {
        const Reply reply = get("/ten.txt", std::string("Range: ") + range + "\r\n");
        EXPECT_EQ(reply.status, 416) << range;
        EXPECT_EQ(reply.headers.at("content-range"), "bytes */10") << range;
        EXPECT_EQ(reply.body, "") << range;
    }
    EXPECT_EQ(get("/empty.txt", "Range: bytes=0-\r\n").status, 416);
    EXPECT_EQ(get("/empty.txt").status, 200);
}

TEST_F(SiteTest, ranges_that_are_not_understood_are_ignored) {
    for (const char* range : {"bytes=4-2", "bytes=a-b", "bytes=-", "bytes=1", "items=0-1",
                              "bytes=0-1,3-4", "bytes=99999999999999999999-"}) {
        const Reply reply = get("/ten.txt", std::string("Range: ") + range + "\r\n");
        EXPECT_EQ(reply.status, 200) << range;
        EXPECT_EQ(reply.body, "0123456789") << range;
    }
}

TEST_F(SiteTest, a_range_is_sent_only_of_the_version_that_if_range_names) {
    const std::string etag = get("/ten.txt").headers.at("etag");
    EXPECT_EQ(get("/ten.txt", "Range: bytes=0-1\r\nIf-Range: " + etag + "\r\n").status, 206);
    for (const std::string& other : {std::string("\"other\""), "W/" + etag}) {
        const Reply reply = get("/ten.txt", "Range: bytes=0-1\r\nIf-Range: " + other + "\r\n");
        EXPECT_EQ(reply.status, 200) << other;
        EXPECT_EQ(reply.body, "0123456789") << other;
    }
}

TEST_F(SiteTest, picks_the_precompressed_variant_that_the_client_takes) {
    struct Case {
        const char *accepted, *body, *coding;
    };
    for (const Case& one : {Case{"gzip, deflate, br", "BROTLI", "br"},
                            {"BR;q=0.1 , gzip", "BROTLI", "br"},
                            {"gzip", "GZIP", "gzip"},
                            {"br;q=0, gzip", "GZIP", "gzip"},
                            {"br; q=0.000, gzip;q=0.5", "GZIP", "gzip"}}) {
        const Reply reply =
            get("/assets/app-1a2b.js", std::string("Accept-Encoding: ") + one.accepted + "\r\n");
        EXPECT_EQ(reply.body, one.body) << one.accepted;
        EXPECT_EQ(reply.headers.at("content-encoding"), one.coding) << one.accepted;
        EXPECT_EQ(reply.headers.at("content-type"), "text/javascript; charset=utf-8");
        EXPECT_EQ(reply.headers.at("vary"), "Accept-Encoding");
    }
    for (const char* none : {"identity", "br;q=0, gzip;q=0.0", "brotli, gzipped", "deflate"}) {
        const Reply reply =
            get("/assets/app-1a2b.js", std::string("Accept-Encoding: ") + none + "\r\n");
        EXPECT_EQ(reply.body, kScript) << none;
        EXPECT_FALSE(reply.headers.contains("content-encoding")) << none;
        EXPECT_EQ(reply.headers.at("vary"), "Accept-Encoding");
    }
    EXPECT_EQ(get("/assets/only.css", "Accept-Encoding: br, gzip\r\n").body, "GZIPPED-CSS");
}

TEST_F(SiteTest, variants_have_etags_of_their_own) {
    const std::string path = "/assets/app-1a2b.js", gzip = "Accept-Encoding: gzip\r\n";
    const std::string plain = get(path).headers.at("etag");
    const std::string zipped = get(path, gzip).headers.at("etag");
    EXPECT_NE(plain, zipped);
    EXPECT_EQ(get(path, gzip + "If-None-Match: " + plain + "\r\n").status, 200);
    EXPECT_EQ(get(path, gzip + "If-None-Match: " + zipped + "\r\n").status, 304);
}

TEST_F(SiteTest, nothing_outside_of_the_folder_and_nothing_hidden_is_served) {
    for (const char* path :
         {"/../outside.txt", "/%2e%2e/outside.txt", "/assets/../../outside.txt",
          "/assets/%2e%2e/%2e%2e/outside.txt", "/..%2foutside.txt", "/..%5coutside.txt", "/.env",
          "/%2eenv", "/.git/config", "//etc/passwd", "/%2fetc/passwd", "/ten.txt%00", "/%ff.txt",
          "/%zz.txt", "/./ten.txt"}) {
        const Reply reply = get(path);
        EXPECT_TRUE(reply.status == 404 || reply.status == 400) << path << ' ' << reply.status;
        EXPECT_EQ(reply.body.find("secret"), std::string::npos) << path;
        EXPECT_EQ(reply.body.find("outside"), std::string::npos) << path;
        EXPECT_EQ(reply.body.find("root:"), std::string::npos) << path;
    }
}

TEST_F(SiteTest, pages_of_the_application_fall_back_and_missing_files_do_not) {
    for (const char* path : {"/entries", "/entries/7", "/assets"}) {
        const Reply reply = get(path);
        EXPECT_EQ(reply.status, 200) << path;
        EXPECT_EQ(reply.body, "<h1>home</h1>") << path;
        EXPECT_EQ(reply.headers.at("content-type"), "text/html; charset=utf-8") << path;
        EXPECT_EQ(reply.headers.at("cache-control"), "no-cache") << path;
    }
    EXPECT_EQ(get("/missing.js").status, 404);
    EXPECT_EQ(get("/assets/").status, 404);
    make("");
    EXPECT_EQ(get("/entries").status, 404);
    EXPECT_EQ(get("/assets").status, 404) << "a folder is not a file";
}

TEST_F(SiteTest, a_file_larger_than_one_piece_arrives_whole) {
    std::string large;
    for (int i = 0; large.size() < 300'000; ++i) large += std::to_string(i) + ',';
    put("site/large.txt", large);
    EXPECT_EQ(get("/large.txt").body, large);
    EXPECT_EQ(get("/large.txt", "Range: bytes=100000-250000\r\n").body,
              large.substr(100'000, 150'001));
}

TEST_F(SiteTest, head_says_what_get_would_without_a_body) {
    const Reply reply = request("HEAD /ten.txt");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.at("content-length"), "10");
    EXPECT_EQ(reply.headers.at("etag"), get("/ten.txt").headers.at("etag"));
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(request("HEAD /ten.txt", "Range: bytes=0-1\r\n").status, 200)
        << "ranges are for GET (RFC 9110, 14.2)";
    EXPECT_EQ(request("HEAD /domicile.json").body, "");
}

TEST_F(SiteTest, other_methods_are_not_allowed) {
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get"}) {
        const Reply reply = request(std::string(method) + " /ten.txt");
        EXPECT_EQ(reply.status, 405) << method;
        EXPECT_EQ(reply.headers.at("allow"), "GET, HEAD") << method;
    }
}

}  // namespace
}  // namespace domicile::edge
