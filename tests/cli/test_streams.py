"""Closed, full and non-UTF-8 streams, and signals."""

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
INTERRUPTED = "\nInterrupted; finished work is kept and no incomplete file is left\n"
RECORD = ["record", "--task", "adding", "--epochs", "1", "-o", "a.safetensors"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Change into an empty folder with its own cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def closed(numbers, arguments):
    """Run a command with some of its streams closed."""
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


def test_no_file_gets_the_descriptor_of_a_closed_stream():
    close = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", TAKEN]
    assert subprocess.run(close).returncode > 2


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is full")
@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["--help"], ["list", "--json"], ["cache", "info"]])
def test_a_full_stdout_is_reported_in_one_line(arguments, buffered):
    environment = {**os.environ, "PYTHONUNBUFFERED": buffered}
    with FULL.open("w") as full:
        done = subprocess.run(
            [*PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, env=environment
        )
    message = "Error: cannot write to stdout (No space left on device); redirect it elsewhere\n"
    assert (done.returncode, done.stderr) == (1, message)


def test_a_broken_pipe_prints_nothing():
    theirs, ours = os.pipe()
    os.close(theirs)
    done = subprocess.run([*PROGRAM, "list"], stdout=ours, stderr=subprocess.PIPE, text=True)
    os.close(ours)
    assert (done.returncode, done.stderr) == (1, "")


def interrupted_while_writing(kind, handler):
    """Run a command that starts with a signal handler and gets the signal when it writes."""

    def prepare():
        signal.signal(kind, handler)
        Figure.savefig = lambda *given, **more: os.kill(os.getpid(), kind)

    return warm.run("figure", "cliff", "-o", "out/a.pdf", prepare=prepare)


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_interrupted_while_writing_it_keeps_the_old_file(kind, folder):
    output = folder / "out" / "a.pdf"
    output.parent.mkdir()
    output.write_bytes(b"old")
    handler = signal.default_int_handler if kind == signal.SIGINT else signal.SIG_DFL
    done = interrupted_while_writing(kind, handler)
    assert (done.returncode, done.stderr) == (130, INTERRUPTED)
    assert output.read_bytes() == b"old"
    assert list(output.parent.iterdir()) == [output]


def test_ignored_signals_stay_ignored_as_with_nohup():
    done = interrupted_while_writing(signal.SIGHUP, signal.SIG_IGN)
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


def test_interrupted_while_loading():
    done = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True)
    assert done.stderr == INTERRUPTED
    assert (done.returncode, done.stdout) == (130, "")


def test_signal_handlers_are_set_before_click_is_loaded():
    program = "import sys, rnnviz.cli; sys.exit('click' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


ENCODINGS = ["ascii", "us-ascii", "cp1252", "latin-1", "gbk", "utf-8", "utf-16", "shift_jis"]


@given(text=st.text(st.characters()), encoding=st.sampled_from(ENCODINGS))
def test_a_stream_of_any_encoding_takes_any_text(text, encoding):
    with pytest.MonkeyPatch.context() as patch:
        output = io.BytesIO()
        patch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding=encoding))
        set_up_streams()
        sys.stdout.write(text)
        sys.stdout.flush()
        written = output.getvalue()
        if text.isascii():
            assert written == text.replace("\n", os.linesep).encode(encoding)
        sys.stdout.detach()


def test_missing_characters_are_replaced_and_the_bytes_of_paths_kept(monkeypatch):
    output = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding="cp1252"))
    set_up_streams()
    sys.stdout.write("循 × é − " + os.fsdecode(b"a\xff.mp4"))
    sys.stdout.flush()
    assert output.getvalue() == "? × é - aÿ.mp4".encode("latin-1")
    sys.stdout.detach()


def in_ascii(*arguments):
    """Run a command with ASCII streams."""

    def prepare():
        sys.stdout.reconfigure(encoding="ascii")
        sys.stderr.reconfigure(encoding="ascii")

    done = warm.run(*arguments, prepare=prepare)
    assert (done.stdout + done.stderr).isascii()
    return done


def test_every_command_writes_ascii_to_ascii_streams(folder):
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
