"""Run the command line in this process."""

import pytest

from rnnviz.cli import main


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """(arguments …) → exit status, stdout, stderr; in an empty folder with an empty cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNNVIZ_CACHE_DIR", str(tmp_path / "cache"))

    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return call
