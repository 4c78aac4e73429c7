"""Streams that are closed or full, and what ends the command line from outside."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import warm
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from rnnviz.cli.streams import set_up_streams

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
from rnnviz.cli import main
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


ENCODINGS = ["ascii", "us-ascii", "cp1252", "latin-1", "gbk", "utf-8", "utf-16", "shift_jis"]


@given(text=st.text(st.characters()), encoding=st.sampled_from(ENCODINGS))
def test_a_stream_of_any_encoding_takes_any_text(text, encoding):
    with pytest.MonkeyPatch.context() as patch:
        said = io.BytesIO()
        patch.setattr(sys, "stdout", io.TextIOWrapper(said, encoding=encoding))
        set_up_streams()
        sys.stdout.write(text)
        sys.stdout.flush()
        told = said.getvalue()
        if text.isascii():
            assert told == text.replace("\n", os.linesep).encode(encoding)
        sys.stdout.detach()


def test_what_a_stream_lacks_is_replaced_and_the_bytes_of_a_path_stay(monkeypatch):
    said = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(said, encoding="cp1252"))
    set_up_streams()
    sys.stdout.write("循 × é − " + os.fsdecode(b"a\xff.mp4"))
    sys.stdout.flush()
    assert said.getvalue() == "? × é - aÿ.mp4".encode("latin-1")
    sys.stdout.detach()


def in_ascii(*arguments):
    """How a command ends whose streams are ASCII."""

    def prepare():
        sys.stdout.reconfigure(encoding="ascii")
        sys.stderr.reconfigure(encoding="ascii")

    done = warm.run(*arguments, prepare=prepare)
    assert (done.stdout + done.stderr).isascii()
    return done


def test_every_command_speaks_ascii_where_that_is_asked_for(folder):
    trace = folder / "循.safetensors"
    done = in_ascii("record", "--task", "adding", "--epochs", "1", "-o", trace)
    assert (done.returncode, done.stdout) == (0, f"{folder}/?.safetensors\n")
    for arguments in [
        ["--help"],
        ["list", "--lang", "zh"],
        ["figure", "--list", "--lang", "zh"],
        ["inspect", trace],
        ["verify", trace],
        ["cache", "info"],
        ["explore", trace, "-o", "循.html"],
        ["figure", "states", "--trace", trace, "-o", "循.png"],
    ]:
        done = in_ascii(*arguments)
        assert done.returncode == 0, done.stderr
    for arguments in [
        ["render", "循环"],
        ["render", "unrolling", "--theme", "循"],
        ["inspect", "环.safetensors"],
        ["export", "循.mp4", "--to", "html", "-o", "a.html"],
    ]:
        done = in_ascii(*arguments)
        assert done.returncode in (1, 2)
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["list", "--json"], ["figure", "--list", "--json"]])
def test_json_is_ascii_in_every_encoding(arguments):
    done = warm.run(*arguments)
    assert done.stdout.isascii()
    assert any(not str(each).isascii() for each in json.loads(done.stdout))


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_a_figure_of_a_trace_with_an_odd_name_is_written(folder, kind):
    done = warm.run(*RECORD)
    assert done.returncode == 0
    odd = os.fsdecode(b"a\xff\x01.safetensors")
    (folder / "a.safetensors").rename(folder / odd)
    done = warm.run("figure", "states", "--trace", odd, "-o", f"a.{kind}")
    assert (done.returncode, done.stdout) == (0, f"a.{kind}\n")
    if kind == "svg":
        ElementTree.parse(folder / "a.svg")
