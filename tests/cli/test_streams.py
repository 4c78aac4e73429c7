"""Streams that are closed or full, and what ends the command line from outside."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import warm
from matplotlib.figure import Figure

FULL = Path("/dev/full")
PROGRAM = [sys.executable, "-m", "rnnviz"]
INTERRUPTED = "\nInterrupted; what is finished is kept, and no file is half written.\n"
RECORD = ["record", "--task", "adding", "--epochs", "1", "-o", "a.safetensors"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder to be in, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def closed(numbers, arguments):
    """Run a command without some of its streams."""
    close = " ".join(f"{number}>&-" for number in numbers)
    command = ["sh", "-c", f'exec "$@" {close}', "sh", *PROGRAM, *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_command_works_without_stderr(folder):
    done = closed([2], RECORD)
    assert (done.returncode, done.stdout) == (0, "a.safetensors\n")
    assert closed([2], ["inspect", "a.safetensors"]).returncode == 0
    assert closed([2], ["inspect", "b.safetensors"]).returncode == 1


TAKEN = """
import os
from rnnviz.cli.main import main
try:
    main(["--version"])
except SystemExit:
    with open("file", "w") as file:
        os._exit(file.fileno())
"""


def test_no_file_takes_the_place_of_a_closed_stream():
    close = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", TAKEN]
    assert subprocess.run(close).returncode > 2


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is full")
@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["--help"], ["list", "--json"], ["cache", "info"]])
def test_a_full_stdout_is_told_in_one_line(arguments, buffered):
    environment = {**os.environ, "PYTHONUNBUFFERED": buffered}
    with FULL.open("w") as full:
        done = subprocess.run(
            [*PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, env=environment
        )
    told = "Error: stdout cannot be written (No space left on device); send it elsewhere\n"
    assert (done.returncode, done.stderr) == (1, told)


def test_a_reader_that_leaves_is_told_nothing():
    theirs, ours = os.pipe()
    os.close(theirs)
    done = subprocess.run([*PROGRAM, "list"], stdout=ours, stderr=subprocess.PIPE, text=True)
    os.close(ours)
    assert (done.returncode, done.stderr) == (1, "")


def interrupted_while_it_writes(kind, heard):
    """A command that is sent a signal as soon as it writes, and how it hears it at its start."""

    def prepare():
        signal.signal(kind, heard)
        Figure.savefig = lambda *given, **more: os.kill(os.getpid(), kind)

    return warm.run("figure", "cliff", "-o", "out/a.pdf", prepare=prepare)


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_ended_while_it_writes_nothing_is_changed(kind, folder):
    output = folder / "out" / "a.pdf"
    output.parent.mkdir()
    output.write_bytes(b"old")
    heard = signal.default_int_handler if kind == signal.SIGINT else signal.SIG_DFL
    done = interrupted_while_it_writes(kind, heard)
    assert (done.returncode, done.stderr) == (130, INTERRUPTED)
    assert output.read_bytes() == b"old"
    assert list(output.parent.iterdir()) == [output]


def test_what_is_ignored_stays_so_as_nohup_has_it():
    done = interrupted_while_it_writes(signal.SIGHUP, signal.SIG_IGN)
    assert "Interrupted" not in done.stderr


EARLY = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, path, target=None):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
from rnnviz.cli import main
main(["list"])
"""


def test_interrupted_while_it_loads():
    done = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True)
    assert done.stderr == INTERRUPTED
    assert (done.returncode, done.stdout) == (130, "")


def test_it_listens_before_it_loads_what_takes_a_moment():
    program = "import sys, rnnviz.cli; sys.exit('click' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
