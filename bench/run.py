#!/usr/bin/env python3
"""Gateway benchmark: a region of ours against HAProxy, alternating rounds, medians of ratios.

A real deployment runs (`domicile up` on a generated config), a person signs up in it, and their real
RS256 token is what both programs check. The program under test is pinned to one core, the generator
(client and upstream in one thread) to another. Absolute figures vary with the machine: the ratios
within a round are what counts, and differences under 10 % are ties.

  bench/run [--build build/release] [--rounds 5] [--seconds 3] [--connections 64] [--json FILE]
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from deployment import Deployment, free_port, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PUBLIC_PATH = "/diary/entries?limit=20"
GUARDED_PATH = "/guarded/entries?limit=20"


class Case:
    """One row: a port that is under test, what is asked of it, and the row it is compared with."""

    def __init__(self, name, port, path, headers=(), peer=None):
        self.name, self.port, self.path, self.peer = name, port, path, peer
        self.headers = list(headers)
        self.rounds = []


class Peers:
    """HAProxy, one process per setting in peers/, each with one thread."""

    def __init__(self, folder, core, upstream_port):
        self.folder, self.core, self.upstream_port = folder, core, upstream_port
        self.program = shutil.which("haproxy") or "/usr/sbin/haproxy"
        self.processes = []
        if not os.path.exists(self.program):
            sys.exit("haproxy is not installed: scripts/setup bench")

    def start(self, name):
        port = free_port()
        with open(os.path.join(HERE, "peers", name + ".cfg"), encoding="utf-8") as file:
            text = file.read().replace("@DIR@", self.folder)
        text = text.replace("127.0.0.1:9001", f"127.0.0.1:{self.upstream_port}")
        text = re.sub(r"bind 127\.0\.0\.1:\d+", f"bind 127.0.0.1:{port}", text)
        path = os.path.join(self.folder, name + ".cfg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.processes.append(subprocess.Popen(
            ["taskset", "-c", str(self.core), self.program, "-db", "-f", path],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_for(port, self.processes[-1])
        return port

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait()


def measure(options, case, upstream_port, core):
    run = subprocess.run(
        ["taskset", "-c", str(core), os.path.join(options.build, "bench", "bench_proxy"),
         str(case.port), str(upstream_port), str(options.connections), str(options.seconds),
         case.path] + case.headers, stdout=subprocess.PIPE, check=False)
    if not run.stdout:
        sys.exit(f"the generator failed against {case.name}")
    result = json.loads(run.stdout)
    result["load"] = os.getloadavg()[0]
    return result


def median(rounds, key):
    return statistics.median(r[key] for r in rounds)


def noise(rounds):
    """How far the rounds lie apart, in parts of the median: the machine's, and the others' on it."""
    rates = [r["per_second"] for r in rounds]
    return (max(rates) - min(rates)) / statistics.median(rates)


def row_of(case):
    row = {"program": case.name, "per_second": median(case.rounds, "per_second"),
           "p50_ms": median(case.rounds, "p50_ms"), "p99_ms": median(case.rounds, "p99_ms"),
           "noise": noise(case.rounds), "errors": sum(r["errors"] for r in case.rounds)}
    if case.peer:
        ratios = [ours["per_second"] / theirs["per_second"]
                  for ours, theirs in zip(case.rounds, case.peer.rounds)]
        row.update(peer=case.peer.name, ratio=statistics.median(ratios), ratio_min=min(ratios),
                   ratio_max=max(ratios))
    return row


def print_table(table):
    print(f"{'program':<26}{'requests/s':>11}{'ratio':>7}{'(min-max)':>13}{'p50 ms':>8}{'p99 ms':>8}"
          f"{'noise':>7}{'errors':>8}")
    for row in table:
        ratio = spread = ""
        if "ratio" in row:
            ratio = f"{row['ratio']:.2f}"
            spread = f"{row['ratio_min']:.2f}-{row['ratio_max']:.2f}"
        print(f"{row['program']:<26}{row['per_second']:>11.0f}{ratio:>7}{spread:>13}"
              f"{row['p50_ms']:>8.2f}{row['p99_ms']:>8.2f}{row['noise']:>7.0%}{row['errors']:>8}")


def cases_of(deployment, peers):
    """The rows, each of ours right after the peer that it is compared with."""
    bearer = ["Authorization: Bearer " + deployment.token]
    plain = Case("haproxy", peers.start("haproxy_b"), PUBLIC_PATH)
    verify = Case("haproxy jwt_verify", peers.start("haproxy_RS256"), GUARDED_PATH, bearer)
    cached = Case("haproxy jwt cached", peers.start("haproxy_RS256c"), GUARDED_PATH, bearer)
    return [plain, Case("domicile", deployment.http_port, PUBLIC_PATH, peer=plain),
            verify, cached,
            Case("domicile jwt", deployment.http_port, GUARDED_PATH, bearer, peer=verify),
            Case("domicile jwt (to cached)", deployment.http_port, GUARDED_PATH, bearer, cached)]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--json", default=os.path.join(ROOT, "build", "bench.json"))
    return parser.parse_args()


def main():
    options = arguments()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("two cores are needed: one for the program under test, one for the generator")
    upstream_port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        peers = Peers(folder, cores[0], upstream_port)
        deployment = Deployment(options.build, folder, upstream_port)
        try:
            deployment.start()
            deployment.write_jwt_files(os.path.join(folder, "jwt"))
            deployment.pin(cores[0])
            cases = cases_of(deployment, peers)
            load_before = os.getloadavg()[0]
            for number in range(options.rounds):
                # Every other round goes the other way: drift must not favour a place in it.
                for case in cases[:: -1 if number % 2 else 1]:
                    case.rounds.append(measure(options, case, upstream_port, cores[1]))
        finally:
            deployment.stop()
            peers.stop()
    table = [row_of(case) for case in cases]
    print_table(table)
    print(f"load of the machine before: {load_before:.1f} (0 is best), {os.cpu_count()} cores, "
          f"{time.strftime('%F %T')}")
    os.makedirs(os.path.dirname(options.json) or ".", exist_ok=True)
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump({"options": {"rounds": options.rounds, "seconds": options.seconds,
                               "connections": options.connections},
                   "load_before": load_before, "table": table,
                   "rounds": {case.name: case.rounds for case in cases}}, file, indent=2)
    sys.exit(1 if any(row["errors"] for row in table) else 0)


if __name__ == "__main__":
    main()
