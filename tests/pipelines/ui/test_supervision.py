"""Supervision: small processes that end, hang, print and are killed, kept running by a supervisor."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# What is kept running: each writes its number where the test looks for it, prints, and waits. The words after the
# name say what else it does.
SERVICE = """
import os, signal, sys, time
from pathlib import Path
from pipelines.ui.services import end_with
parent, place, *words = sys.argv[1:]
end_with(int(parent), signal.SIGTERM)
if "deaf" in words:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "broken" in words:
    sys.exit(3)
print("\\x1b[32mconnecting\\x1b[0m to postgresql://ann:s3cret@host/db", flush=True)
draft = Path(place + ".new")
draft.write_text(str(os.getpid()))
draft.replace(place)
time.sleep(200)
"""

SUPERVISOR = """
import os, sys
from pathlib import Path
from pipelines.ui.supervision import Service, Supervisor
folder = Path(sys.argv[1])
def service(word):
    name, *words = word.split(",")
    place = folder / name
    needs = next((each[6:] for each in words if each.startswith("needs=")), None)
    arguments = (str(folder / "service.py"), str(os.getpid()), str(place), *words)
    return Service(name, arguments, folder / "logs" / f"{name}.log", ready=place.exists, needs=needs)
say = lambda words: print(words, flush=True)
Supervisor([service(word) for word in sys.argv[2:]], say, 4).run(lambda: print("all started", flush=True))
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a supervisor of the services named; it is ended at the end."""
    (tmp_path / "service.py").write_text(SERVICE)
    started: list[subprocess.Popen[str]] = []

    def begin(*services: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SUPERVISOR, str(tmp_path), *services]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return started[-1]

    yield begin
    for each in started:
        each.terminate()
        each.wait()
        assert each.stdout is not None
        each.stdout.close()


def wait_for(happened: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)


def number(folder: Path, name: str) -> int:
    wait_for((folder / name).exists)
    return int((folder / name).read_text())


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def read_until(supervisor: subprocess.Popen[str], words: str) -> str:
    assert supervisor.stdout is not None
    output = ""
    for line in supervisor.stdout:
        output += line
        if words in line:
            return output
    raise AssertionError(output)


def test_what_is_killed_is_started_again_and_nothing_else_is(start: Start, tmp_path: Path) -> None:
    supervisor = start("web", "clock")
    read_until(supervisor, "all started")
    web, clock = number(tmp_path, "web"), number(tmp_path, "clock")
    os.kill(web, signal.SIGKILL)
    output = read_until(supervisor, "was killed")
    assert "The web was killed by signal 9 and is started again in 1 s" in output
    assert str(tmp_path / "logs" / "web.log") in output
    wait_for(lambda: number(tmp_path, "web") != web)
    assert number(tmp_path, "clock") == clock
    assert lives(clock)


def test_what_needs_another_is_started_again_with_it(start: Start, tmp_path: Path) -> None:
    supervisor = start("code", "clock,needs=code")
    read_until(supervisor, "all started")
    code, clock = number(tmp_path, "code"), number(tmp_path, "clock")
    (tmp_path / "code").unlink()
    os.kill(code, signal.SIGKILL)
    wait_for(lambda: not lives(clock))
    wait_for(lambda: number(tmp_path, "clock") != clock)
    assert lives(number(tmp_path, "code"))


def test_all_end_together_on_a_request_to_stop_even_those_that_ignore_it(start: Start, tmp_path: Path) -> None:
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        supervisor = start("web", "clock,deaf" if sign is signal.SIGINT else "clock")
        read_until(supervisor, "all started")
        numbers = [number(tmp_path, "web"), number(tmp_path, "clock")]
        supervisor.send_signal(sign)
        assert supervisor.wait() == 0
        assert not any(map(lives, numbers))


def test_nobody_outlives_a_supervisor_that_is_killed(start: Start, tmp_path: Path) -> None:
    supervisor = start("web", "clock")
    read_until(supervisor, "all started")
    numbers = [number(tmp_path, "web"), number(tmp_path, "clock")]
    supervisor.kill()
    wait_for(lambda: not any(map(lives, numbers)))


def test_what_never_gets_ready_ends_the_start_with_the_name_of_its_log(start: Start, tmp_path: Path) -> None:
    supervisor = start("web", "clock,broken")
    output = supervisor.communicate()[0]
    assert supervisor.returncode != 0
    assert "The clock ended with code 3 and is started again in 1 s" in output
    assert "is started again in 2 s" in output
    assert "The clock was not ready after 4 s" in output
    assert f"{tmp_path}/logs/clock.log says what it did" in output
    assert not lives(number(tmp_path, "web"))


def test_logs_are_for_their_owner_alone_and_name_no_password(start: Start, tmp_path: Path) -> None:
    supervisor = start("web")
    read_until(supervisor, "all started")
    supervisor.terminate()
    supervisor.communicate()
    log = tmp_path / "logs" / "web.log"
    assert log.read_text() == "connecting to postgresql://ann:***@host/db\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700
