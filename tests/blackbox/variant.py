"""A deployment of its own for a test file that needs another config than the example's.

    import variant
    variant.run(__file__, lambda text: text.replace(...))   # before `import world`

The first process that comes to that line starts `domicile up` with the changed config on free ports,
runs the same file again with that deployment in its environment, stops the deployment and ends with
the tests' exit code. In the second process the line does nothing."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "health"
PROGRAM = os.environ.get("DOMICILE_PROGRAM", str(ROOT / "build" / "release" / "domicile"))
READY_S = 60
STOP_S = 20
_MARK = "DOMICILE_VARIANT_OF"


def _absolute(text):
    """The config stands in another folder than the example: its relative folders made absolute."""
    there = rf"\1{EXAMPLE}/\2"
    return re.sub(r"(?m)^(\s+directory: )([^/\s][^\s]*)", there, text)


def _wait_until_ready(up, ready, log):
    deadline = time.monotonic() + READY_S
    while not (ready.exists() and ready.stat().st_size):
        if up.poll() is not None or time.monotonic() > deadline:
            print(log.read_text(errors="replace"), file=sys.stderr)
            raise SystemExit("variant: the deployment did not come up")
        time.sleep(0.05)


def _stop(up):
    up.send_signal(signal.SIGTERM)
    try:
        up.wait(STOP_S)
    except subprocess.TimeoutExpired:
        print(f"variant: up did not stop within {STOP_S} s of SIGTERM", file=sys.stderr)
        os.killpg(up.pid, signal.SIGKILL)  # a process group of its own, started here
        up.wait()


def _under_own_deployment(test_file, change, options):
    with tempfile.TemporaryDirectory(prefix="domicile-variant.") as folder:
        work = pathlib.Path(folder)
        work.chmod(0o711)  # engines that run as another user pass through
        config, ready, log = work / "domicile.yaml", work / "ready", work / "up.log"
        original = (EXAMPLE / "domicile.yaml").read_text(encoding="utf-8")
        changed = change(original)
        assert changed != original or options, "the change changes nothing"
        config.write_text(_absolute(changed), encoding="utf-8")
        command = [PROGRAM, "up", str(config), "--data", str(work / "data"),
                   "--listen", "127.0.0.1:0", "--ready-file", str(ready), *options]
        with open(log, "wb") as output:
            up = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            _wait_until_ready(up, ready, log)
            environment = {**os.environ, _MARK: os.path.abspath(test_file),
                           "DOMICILE_READY": str(ready), "DOMICILE_DATA": str(work / "data"),
                           "DOMICILE_PID": str(up.pid)}
            tests = [sys.executable, os.path.abspath(test_file), *sys.argv[1:]]
            return subprocess.run(tests, env=environment).returncode
        finally:
            if up.poll() is None:
                _stop(up)


def is_first(test_file):
    """Whether this is the process that starts the deployment."""
    return os.environ.get(_MARK) != os.path.abspath(test_file)


def run(test_file, change=lambda text: text, options=()):
    """`options`: more words for `domicile up`."""
    if is_first(test_file):
        raise SystemExit(_under_own_deployment(test_file, change, options))


def run_beside(test_file, make_engine, change):
    """The same beside an engine of the test's own, which the first process makes, hands on to the
    second and closes in the end; `change(text, engine)`."""
    if not is_first(test_file):
        return
    engine = make_engine()
    try:
        engine.hand_on()
        run(test_file, lambda text: change(text, engine))
    finally:
        engine.close()
