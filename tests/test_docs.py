"""The examples in docstrings run, and the documents name files and functions that are there."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import pytest

import rushlight
from rushlight.kernels.native import native

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")])


def modules() -> list[str]:
    """Every module of the package, but the extension and what cannot do without it."""
    left_out = {"rushlight._native"} | ({"rushlight.kernels.cpu"} if native is None else set())
    walk = pkgutil.walk_packages(rushlight.__path__, "rushlight.")
    names = ["rushlight", *(m.name for m in walk if not m.name.endswith("__main__"))]
    return [name for name in names if name not in left_out]


def load(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if error.name and not error.name.startswith("rushlight"):
            pytest.skip(f"{name} needs {error.name}, which is not installed")
        raise


@pytest.mark.parametrize("name", modules())
def test_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # examples that write files do it here
    module = load(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in doctest.DocTestFinder().find(module):
        if test.examples:
            rushlight.manual_seed(0)
            runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_examples_of_documents(document: Path) -> None:
    """What stands in their blocks of Python as in a session, `>>>`, is what comes out."""
    blocks = re.findall(r"```python\n(>>> .*?)```", document.read_text(), re.DOTALL)
    names: dict[str, object] = {}
    runner = doctest.DocTestRunner(
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS, verbose=False
    )
    rushlight.manual_seed(0)
    for block in blocks:
        test = doctest.DocTestParser().get_doctest(block, names, document.name, None, 0)
        runner.run(test, clear_globs=False)
        names = test.globs
    assert runner.summarize(verbose=False).failed == 0


def find_source(name: str, document: Path) -> list[Path]:
    """The files that a document means by a path: <family> and its like stand for any name."""
    pattern = re.sub(r"<\w+>", "*", name)
    places = (ROOT, ROOT / "src" / "rushlight", document.parent)
    return [path for place in places for path in place.glob(pattern)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_files_that_documents_name_exist(document: Path) -> None:
    text = document.read_text()
    names = re.findall(r"(?:[\w<>-]+/)+[\w<>-]+\.(?:py|cpp|h|md)\b", text)
    names += re.findall(r"`([\w<>]+\.(?:py|cpp|h))`", text)
    assert [name for name in names if not find_source(name, document)] == []


def test_architecture_names_functions_that_exist() -> None:
    """`file.py`, `name` and `name` (`file.py`): the file defines that."""
    document = ROOT / "docs" / "architecture.md"
    text = document.read_text()
    pairs = re.findall(r"`([\w/]+\.py)`, `([\w.]+)`", text)
    pairs += [(file, name) for name, file in re.findall(r"`([\w.]+)` \(`([\w/]+\.py)`", text)]
    assert len(pairs) > 4
    for file, name in pairs:
        (path,) = find_source(file, document)
        for part in name.removeprefix("torch.").split("."):
            assert re.search(rf"(def|class) {part}\b", path.read_text()), f"{part} in {file}"
