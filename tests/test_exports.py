"""The names of ``import rnnviz``, which are loaded on first use."""

import subprocess
import sys
from types import ModuleType

import pytest

import rnnviz


@pytest.mark.parametrize("name", rnnviz.__all__)
def test_every_public_name_exists(name: str) -> None:
    assert getattr(rnnviz, name) is not None
    assert name in dir(rnnviz)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'unrol'"):
        _ = rnnviz.unrol


@pytest.mark.parametrize("path", ["figures.states", "measure.cliff.clipped", "training.train"])
def test_modules_are_imported_on_first_use(path: str) -> None:
    code = f"import rnnviz; rnnviz.{path}"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("package", [rnnviz, rnnviz.figures, rnnviz.measure])
@pytest.mark.parametrize("name", ["unrol", "_private", "__main__", "__wrapped__"])
def test_other_names_are_attribute_errors(package: ModuleType, name: str) -> None:
    assert not hasattr(package, name)


LOADED = """
import sys
try:
    {code}
except SystemExit:
    pass
print("loaded", sorted({{"torch", "manim", "matplotlib"}} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    "code",
    [
        "import rnnviz",
        "import rnnviz.scene.catalogue, rnnviz.trace, rnnviz.measure, rnnviz.verification",
        "from rnnviz.cli import main; main(['--help'])",
        "from rnnviz.cli import main; main(['list'])",
        "from rnnviz.cli import main; main(['render', '-h'])",
    ],
)
def test_it_starts_without_torch_manim_and_matplotlib(code: str) -> None:
    command = (sys.executable, "-c", LOADED.format(code=code))
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["loaded []"], done.stderr
