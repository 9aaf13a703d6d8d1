"""The pages of the reference: everything is on one, and the table tells the truth."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import rushlight
from rushlight.kernels.native import native
from rushlight.missing import pytorch_names
from rushlight.ops.declare import places

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tools"))

import pytorch_table  # noqa: E402
import reference  # noqa: E402

needs_native = pytest.mark.skipif(native is None, reason="the table tells what is in C++")


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    if native is None:
        pytest.skip("the table tells what is in C++")
    return reference.pages()


def names_on(page: str) -> list[str]:
    """Those of the namespace, or of the tensor, and not of methods of other classes."""
    found = re.findall(r"^:+\{py:(?!method|property)\w+\} (\w+)", page, re.MULTILINE)
    return found + re.findall(r"^:+\{py:\w+\} Tensor\.(\w+)", page, re.MULTILINE)


def test_every_declaration_is_on_its_page(pages: dict[str, str]) -> None:
    for place, functions in places.items():
        page = pages["rushlight" if place == "torch" else f"rushlight.{place}"]
        counts = Counter(names_on(page))
        for name in functions:
            assert name.startswith("_") or counts[name] == 1, f"{place}.{name}: {counts[name]}"


def test_every_method_of_tensors_is_on_its_page(pages: dict[str, str]) -> None:
    listed = {name for name in dir(rushlight.ones(1)) if name[0] != "_"}
    slots = {n for n, v in vars(rushlight.Tensor).items() if inspect.ismemberdescriptor(v)}
    assert listed - slots - {*names_on(pages["rushlight.Tensor"])} == set()


@pytest.mark.parametrize("name", [
    "rushlight.nn.Conv2d", "rushlight.nn.init.xavier_normal_", "rushlight.optim.SGD",
    "rushlight.optim.lr_scheduler.StepLR", "rushlight.autograd.grad", "rushlight.graph.trace",
    "rushlight.utils.data.DataLoader", "rushlight.vision.transforms.Resize", "rushlight.float32",
    "rushlight.vision.transforms.functional.resize", "rushlight.random.fork_rng", "rushlight.load",
    "rushlight.cuda.is_available", "rushlight.Tensor.grad", "rushlight.Tensor.backward",
])  # fmt: skip
def test_a_name_is_on_its_page(name: str, pages: dict[str, str]) -> None:
    page, _, short = name.rpartition(".")
    assert short in names_on(pages[page])


def test_what_is_no_interface_is_on_no_page(pages: dict[str, str]) -> None:
    assert not {"rushlight.kernels", "rushlight.ops", "rushlight.copying", "rushlight.missing",
                "rushlight.graph.draw", "rushlight.autograd.engine"} & pages.keys()  # fmt: skip
    assert "annotations" not in names_on("".join(pages.values()))


def test_a_new_namespace_appears(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A module with declarations, and a package, without a word in the tool."""
    (tmp_path / "flame.py").write_text('"""Flames."""\n')
    (tmp_path / "wick").mkdir()
    (tmp_path / "wick" / "__init__.py").write_text('"""Wicks."""\n__all__ = ["trim"]\ntrim = 3\n')
    monkeypatch.setattr(rushlight, "__path__", [*rushlight.__path__, str(tmp_path)])
    monkeypatch.setitem(places, "flame", {})
    try:
        found = {module.__name__: module for module in reference.namespaces()}
        assert {"rushlight.flame", "rushlight.wick"} <= found.keys()
        assert reference.members_of(found["rushlight.wick"]) == {"trim": 3}
    finally:
        for name in ("flame", "wick"):
            sys.modules.pop(f"rushlight.{name}", None)
            vars(rushlight).pop(name, None)


def test_docstrings_read_as_they_are_written() -> None:
    docstring = (
        "|x| * y_i <= [a], `dim` and `exp`.\n\n    a table\n      of two\n\n"
        ">>> print(1)\n1\n\nThe end of `not_there`."
    )
    text = reference.Reference().markdown(docstring, "rushlight", {"dim"})
    assert text == (
        "\\|x\\| \\* y\\_i \\<= \\[a\\], `dim` and {py:obj}`exp <rushlight.exp>`.\n\n"
        "```text\na table\n  of two\n```\n\n```pycon\n>>> print(1)\n1\n```\n\n"
        "The end of `not_there`.\n\n"
    )


def example(a: int, /, b: Any, *sizes: int, c: str = "x", **rest: Any) -> rushlight.Tensor: ...


def keywords(self: Any, *, out: Any = None, dtype: Any = rushlight.float32) -> None: ...


def test_signatures() -> None:
    assert reference.signature(example) == (
        "(a: int, /, b, *sizes: int, c: str = 'x', **rest) -> rushlight.Tensor"
    )
    assert reference.signature(keywords, bound=True) == "(*, dtype = ...) -> None"
    assert reference.signature(rushlight.nn.Flatten) == "(start_dim: int = 1, end_dim: int = -1)"


# ---- PyTorch's names


def cells(pages: dict[str, str], title: str, name: str) -> list[str]:
    section = pages["pytorch"].partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    (row,) = re.findall(rf"^\| (?:`{name}`|\{{py:obj\}}`{name} .*?`) \|(.*)\|$", section, re.M)
    return [cell.strip() for cell in row.split("|")]


def test_every_name_of_pytorchs_has_a_row(pages: dict[str, str]) -> None:
    rows = re.findall(r"^\| .* \| (yes|no) \|", pages["pytorch"], re.MULTILINE)
    assert len(rows) == len(pytorch_names())
    absent = {name for name in pytorch_names() if pytorch_table.find(name) is pytorch_table.NO_NAME}
    assert Counter(rows)["no"] == len(absent)
    assert all(cells(pages, "torch", name.removeprefix("torch."))[0] == "no"
               for name in absent if re.fullmatch(r"torch\.\w+", name))  # fmt: skip


def test_rows(pages: dict[str, str]) -> None:
    assert cells(pages, "torch", "exp") == ["yes", "C++: `exp`", ""]
    assert cells(pages, "torch.Tensor", "exp_") == ["yes", "C++: `exp`", ""]
    assert cells(pages, "torch", "as_strided")[1] == "none"
    assert cells(pages, "torch.nn", "Conv2d") == ["yes", "", ""]
    assert "`convolution`" in cells(pages, "torch.nn.functional", "conv2d")[1]
    assert "`pickle_module`" in cells(pages, "torch", "save")[2]


def test_a_kernel_without_cpp_is_told_as_numpys() -> None:
    kernels = pytorch_table.traced_kernels()
    cell = pytorch_table.kernel_cell("torch.angle", rushlight.angle, kernels)
    in_cpp = hasattr(native, "angle")
    assert cell.startswith("C++" if in_cpp else "NumPy") and "`angle`" in cell


def unlike() -> None:
    """Rounds. Unlike PyTorch's, it
    rounds 1.5 up. It is quick."""


def test_differences() -> None:
    assert pytorch_table.differences("torch.unlike", unlike) == (
        "Unlike PyTorch's, it rounds 1.5 up."
    )
    assert pytorch_table.absent_parameters("torch.exp", unlike) == ["out"]
    assert pytorch_table.absent_parameters("torch.concatenate", rushlight.concatenate) == []


@pytest.mark.slow
@needs_native
def test_pages_make_html_without_a_warning(tmp_path: Path) -> None:
    for module in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(module)
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("reference"))
    (tmp_path / "docs" / "reference").mkdir()
    for name, text in reference.pages().items():
        (tmp_path / "docs" / "reference" / f"{name}.md").write_text(text)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", str(tmp_path / "docs"), str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
