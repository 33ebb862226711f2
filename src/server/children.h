// The region processes of `domicile up`: one for each node of each region. Internal to server.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <string>

#include "io/executor.h"
#include "io/process.h"
#include "server/deployment.h"

namespace domicile::server {

struct NodeName {
    std::string region;
    std::size_t number = 1;
    auto operator<=>(const NodeName&) const = default;
};

class Children {
  public:
    // `patience`: how long a node may take to stop gracefully before it is killed.
    Children(std::string program, std::string data, Millis patience)
        : program_(std::move(program)), data_(std::move(data)), patience_(patience) {}
    void add(const NodeName& node) { children_[node]; }

    // Starts the region's processes that do not run, and waits until they say that they answer.
    io::Task<Result<void>> start(std::string region);
    // Kills them as an outage would (SIGKILL), or asks them to end when `graceful`.
    io::Task<Result<void>> stop(std::string region, bool graceful);
    // Up: at least one of its nodes is.
    std::map<std::string, bool> states() const;
    std::map<NodeName, bool> nodes() const;
    // Whether a node takes requests: it answers, and has not said that it is about to stop.
    bool takes(const NodeName& node) const;
    void signal_all(int number) const;  // those that run
    int pid(const NodeName& node) const;

  private:
    struct Child {
        std::unique_ptr<io::Process> process;  // null while down
        bool ready = false;
        bool draining = false;
        bool stopping = false;
        io::Event changed;
    };
    std::vector<NodeName> of_region(const std::string& region) const;
    bool is_alone(const std::string& region) const { return of_region(region).size() == 1; }
    io::Task<void> start_one(NodeName node, Result<void>& outcome);
    io::Task<Result<void>> start_node(NodeName node);
    io::Task<void> stop_node(NodeName node, bool graceful);
    io::Task<void> supervise(NodeName node);
    void tell_end(const NodeName& node, int status) const;
    io::Task<void> read_output(Child& child, io::Stream& output);
    static void take_line(Child& child, const std::string& line);
    std::string program_, data_;
    Millis patience_;
    std::map<NodeName, Child> children_;
};

}  // namespace domicile::server
