"""The names of ``import rnnviz``, which are loaded on first use."""

import ast
import inspect
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from manim import Mobject

import rnnviz
from rnnviz import figures, mobjects, scene
from rnnviz.figures.catalogue import FIGURES

LAZY = (rnnviz, figures, scene)
MODULES = {"figures", "measure", "scene", "tasks"}
CLASSES = {"FunctionModel", "RnnvizError", "Trace"}
EVERY_MODULE = """
import ast, pkgutil, sys
from importlib import import_module
from pathlib import Path
import rnnviz
for found in pkgutil.walk_packages(rnnviz.__path__, "rnnviz."):
    if not found.name.endswith("__main__"):
        import_module(found.name)
checked = 0
for package, module in list(sys.modules.items()):
    if package.partition(".")[0] != "rnnviz" or not hasattr(module, "__path__"):
        continue
    imports = [
        (alias.name, node.module)
        for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in getattr(module, "__all__", ())
    ]
    for name, home in imports:
        value = getattr(module, name)
        beside = sys.modules.get(f"{package}.{name}", value)
        assert value is beside, f"{package}.{name} is a module and something else"
        assert value is getattr(import_module(home), name), f"{package}.{name}"
        checked += 1
print(checked)
"""


@pytest.mark.parametrize(
    ("package", "name"),
    [(package, name) for package in LAZY for name in package.__all__],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_every_name_is_there(package: ModuleType, name: str) -> None:
    assert getattr(package, name) is not None
    assert name in dir(package)


@pytest.mark.parametrize("name", sorted({*rnnviz.__all__} - {"__version__"}))
def test_a_name_is_a_function_but_for_the_modules_and_classes(name: str) -> None:
    value = getattr(rnnviz, name)
    assert inspect.ismodule(value) == (name in MODULES)
    assert inspect.isclass(value) == (name in CLASSES)
    assert inspect.isfunction(value) == (name not in MODULES | CLASSES)


@pytest.mark.parametrize("package", LAZY, ids=lambda package: package.__name__)
def test_editors_see_the_names_that_there_are(package: ModuleType) -> None:
    tree = ast.parse(Path(str(package.__file__)).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    typed = [alias.name for node in imports for alias in node.names]
    assert sorted(typed) == sorted({*package.__all__} - {"__version__"})


def test_no_name_becomes_a_module_once_every_module_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", EVERY_MODULE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


@pytest.mark.parametrize("entry", FIGURES.values(), ids=FIGURES)
def test_the_function_of_every_figure_is_a_name_of_rnnviz_figures(entry) -> None:
    name = entry.target.partition(":")[2]
    assert name in figures.__all__
    assert getattr(figures, name) is figures.function_of(entry.name)


def test_every_mobject_is_a_name_of_rnnviz_scene() -> None:
    modules = [
        import_module(f"rnnviz.mobjects.{found.name}")
        for found in pkgutil.iter_modules(mobjects.__path__)
    ]
    public = {
        name
        for module in modules
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, Mobject)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }
    assert len(public) > 10
    assert public - {*scene.__all__} == set()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'unrol'"):
        _ = rnnviz.unrol


@pytest.mark.parametrize("path", ["figures.states", "measure.cliff.clipped", "training.train"])
def test_modules_are_imported_on_first_use(path: str) -> None:
    code = f"import rnnviz; rnnviz.{path}"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("package", [*LAZY, rnnviz.measure])
@pytest.mark.parametrize("name", ["unrol", "_private", "__main__", "__wrapped__"])
def test_other_names_are_attribute_errors(package: ModuleType, name: str) -> None:
    assert not hasattr(package, name)


LOADED = """
import sys
try:
    {code}
except SystemExit:
    pass
print("loaded", sorted({libraries} & set(sys.modules)))
"""
WITH_NUMPY = [
    "import rnnviz.scene.catalogue, rnnviz.trace, rnnviz.measure, rnnviz.verification",
    "from rnnviz.cli import main; main(['--help'])",
    "from rnnviz.cli import main; main(['list'])",
    "from rnnviz.cli import main; main(['figure', '--list'])",
    "from rnnviz.cli import main; main(['render', '-h'])",
]
WITHOUT_NUMPY = [
    "import rnnviz; dir(rnnviz)",
    "import rnnviz.figures.catalogue, rnnviz.scene.catalogue",
    "import rnnviz; rnnviz.figures.FIGURES, rnnviz.scene",
]
HEAVY = {"torch", "manim", "matplotlib"}


@pytest.mark.parametrize(
    ("code", "libraries"),
    [(code, HEAVY) for code in WITH_NUMPY] + [(code, {*HEAVY, "numpy"}) for code in WITHOUT_NUMPY],
    ids=[*WITH_NUMPY, *WITHOUT_NUMPY],
)
def test_it_starts_without_torch_manim_and_matplotlib(code: str, libraries: set[str]) -> None:
    command = (sys.executable, "-c", LOADED.format(code=code, libraries=libraries))
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["loaded []"], done.stderr
