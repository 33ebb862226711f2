#!/usr/bin/env python3
"""Proxy benchmark: our programs against HAProxy, alternating rounds, medians of per-round ratios.

The program under test is pinned to one core and the generator (client and upstream in one thread) to
another. Absolute figures vary with the machine; the ratios within a round are what counts, and
differences under 10 % are ties.

  bench/run.py [--build build/release] [--rounds 5] [--seconds 3] [--connections 64] [--json FILE]
"""
import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
UPSTREAM_PORT = 9001  # as in the peers' configurations


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, process, deadline_s=10):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"the server ended with {process.returncode} before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"nothing listens on port {port}")


def haproxy_config(name, folder):
    with open(os.path.join(HERE, "peers", name), encoding="utf-8") as file:
        text = file.read().replace("@DIR@", folder)
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def servers(build, folder):
    """name -> (port, command); the first one is what the others are compared with."""
    out = {}
    haproxy = shutil.which("haproxy") or "/usr/sbin/haproxy"
    if os.path.exists(haproxy):
        out["haproxy"] = (8206, [haproxy, "-db", "-f", haproxy_config("haproxy_b.cfg", folder)])
    else:
        print("haproxy is not installed: no ratios", file=sys.stderr)
    port = free_port()
    out["raw_proxy"] = (port, [os.path.join(build, "bench", "raw_proxy"), str(port),
                               str(UPSTREAM_PORT)])
    return out


def measure(build, port, command, options, cores):
    server = subprocess.Popen(["taskset", "-c", str(cores[0])] + command,
                              stdout=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        run = subprocess.run(
            ["taskset", "-c", str(cores[1]), os.path.join(build, "bench", "bench_proxy"), str(port),
             str(UPSTREAM_PORT), str(options.connections), str(options.seconds)],
            stdout=subprocess.PIPE, check=False)
        return json.loads(run.stdout)
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--json", default=os.path.join(ROOT, "build", "bench.json"))
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("two cores are needed: one for the proxy, one for the generator")
    with tempfile.TemporaryDirectory() as folder:
        programs = servers(options.build, folder)
        rounds = {name: [] for name in programs}
        for number in range(options.rounds):
            # Every other round goes the other way, so that drift does not favour a place in it.
            order = list(programs)[:: -1 if number % 2 else 1]
            for name in order:
                port, command = programs[name]
                rounds[name].append(measure(options.build, port, command, options, cores))
    base = rounds.get("haproxy")
    table = []
    for name, results in rounds.items():
        row = {
            "program": name,
            "per_second": statistics.median(r["per_second"] for r in results),
            "p50_ms": statistics.median(r["p50_ms"] for r in results),
            "p99_ms": statistics.median(r["p99_ms"] for r in results),
            "errors": sum(r["errors"] for r in results),
        }
        if base:
            row["ratio"] = statistics.median(
                r["per_second"] / b["per_second"] for r, b in zip(results, base))
        table.append(row)
    print(f"{'program':<14}{'requests/s':>12}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}")
    for row in table:
        print(f"{row['program']:<14}{row['per_second']:>12.0f}{row.get('ratio', 0):>8.2f}"
              f"{row['p50_ms']:>9.2f}{row['p99_ms']:>9.2f}{row['errors']:>8}")
    os.makedirs(os.path.dirname(options.json), exist_ok=True)
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump({"options": {"rounds": options.rounds, "seconds": options.seconds,
                               "connections": options.connections},
                   "table": table, "rounds": rounds}, file, indent=2)
    sys.exit(1 if any(row["errors"] for row in table) else 0)


if __name__ == "__main__":
    main()
