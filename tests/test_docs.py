"""The examples in docstrings run, and the documents name files and functions that are there."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import rushlight
import rushlight as torch
from rushlight import vision
from rushlight.kernels.native import native

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tools"))

import reference  # noqa: E402

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


def settings() -> list[Any]:
    """What examples may change for the whole process, and are to set back."""
    return [
        torch.get_default_dtype(), torch.get_default_device(), torch.get_num_threads(),
        torch.is_grad_enabled(), torch.is_anomaly_enabled(), torch.is_warn_always_enabled(),
        torch.get_deterministic_debug_mode(), torch.get_float32_matmul_precision(),
        torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu"),
        torch.multiprocessing.get_sharing_strategy(), vision.get_image_backend(),
        torch.serialization.get_default_load_endianness(), torch.serialization.get_safe_globals(),
    ]  # fmt: skip


@pytest.mark.parametrize("name", modules())
def test_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # examples that write files do it here
    monkeypatch.setattr(torch.hub, "_chosen", None)  # which set_dir cannot bring back
    module = load(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    before = settings()
    for test in doctest.DocTestFinder().find(module):
        if test.examples:
            rushlight.manual_seed(0)
            runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    assert settings() == before


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


# What has no example, and why; a module's name stands for all that is in it.
WITHOUT_EXAMPLE = {
    "rushlight.accelerator": "needs a GPU, or tells of those that are there",
    "rushlight.backends": "tells of this machine, or keeps a switch that chooses nothing",
    "rushlight.cuda": "needs a GPU, or tells of those that are there",
    "rushlight.distributed": "answers that there are no other processes",
    "rushlight.multiprocessing": "starts processes, which import a program's main module",
    "rushlight.nn.parallel": "needs a GPU",
    "rushlight.return_types": "what functions return, whose examples show it",
    **{
        f"rushlight.vision.datasets.{name}": "needs files that are fetched, or given to people"
        for name in (
            "CIFAR10", "CIFAR100", "Caltech101", "Caltech256", "CelebA", "Cityscapes",
            "CocoCaptions", "Country211", "DTD", "EMNIST", "EuroSAT", "FER2013", "FGVCAircraft",
            "FashionMNIST", "Flowers102", "Food101", "GTSRB", "ImageNet", "Imagenette", "KMNIST",
            "Kitti", "LFWPairs", "LFWPeople", "MNIST", "MovingMNIST", "Omniglot", "OxfordIIITPet",
            "QMNIST", "RenderedSST2", "SEMEION", "STL10", "SUN397", "SVHN", "StanfordCars", "USPS",
            "VOCDetection", "VOCSegmentation",
        )
    },
    "rushlight.Tensor.reinforce": "only raises",
    "rushlight.Tensor.to_sparse_bsr": "only raises",
    "rushlight.Tensor.to_sparse_bsc": "only raises",
    # For other parts of the package.
    "rushlight.autograd.function.transposed": "internal",
    "rushlight.vision.transforms.functional.image_size": "internal",
    "rushlight.vision.transforms.functional.images_to_tensor": "internal",
    "rushlight.vision.transforms.functional.two_sizes": "internal",
    "rushlight.Tensor.bump_version": "internal",
    "rushlight.Tensor.counter": "internal",
    "rushlight.Tensor.host_array": "internal",
    "rushlight.Tensor.rebase": "internal",
}


def written_docstrings() -> set[str]:
    """Those that stand in the sources, unlike "`add`, with the result written to this tensor."."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / "src").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    described = [n for n in nodes if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    return {ast.get_docstring(node) or "" for node in described} - {""}


def offered() -> Iterator[tuple[str, Any]]:
    """Every function and class of the reference, and every method of tensors, by its name."""
    everything = reference.Reference()
    for namespace, members in everything.namespaces.items():
        for name, value in members.items():
            is_error = inspect.isclass(value) and issubclass(value, BaseException)
            if callable(value) and not is_error:
                yield f"{namespace}.{name}", value
    for name, value in everything.methods.items():
        yield f"rushlight.Tensor.{name}", value


@pytest.mark.any_kernels
def test_all_that_is_described_has_an_example() -> None:
    written = written_docstrings()
    lacking, needless = [], set(WITHOUT_EXAMPLE)
    for name, value in offered():
        docstring = inspect.getdoc(value) or ""
        if docstring in written and ">>>" not in docstring:
            reasons = {r for r in WITHOUT_EXAMPLE if name == r or name.startswith(f"{r}.")}
            needless -= reasons
            if not reasons:
                lacking.append(name)
    assert lacking == []
    assert needless == set()  # what has an example by now


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
