"""`rushlight check`: names that programs use and Rushlight lacks, found without running them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_support import refusal

from rushlight.cli.check import first_missing, uses_in, why
from rushlight.cli.main import main
from rushlight.missing import pytorch_names


def missing_in(tmp_path: Path, source: str) -> list[tuple[str, str]]:
    """The missing names of a program, and their lines."""
    file = tmp_path / "program.py"
    file.write_text(source)
    found = [(first_missing(name), place) for name, place in uses_in(file)]
    return [(name, place) for name, place in found if name]


@pytest.mark.parametrize(("source", "name"), [
    ("import torch; torch.flim(1)", "torch.flim"),
    ("import torch as t; t.nn.functional.flim(1)", "torch.nn.functional.flim"),
    ("import torch.nn.functional as F; F.flim", "torch.nn.functional.flim"),
    ("from torch import nn as N; class_ = N.Flim(3).to(0)", "torch.nn.Flim"),
    ("from torch import flim", "torch.flim"),
    ("from torch.flim import flam", "torch.flim"),
    ("import torch.flim", "torch.flim"),
    ("import torchvision; torchvision.transforms.Flim()", "torchvision.transforms.Flim"),
    ("import rushlight as torch; torch.flim(1)", "rushlight.flim"),
    ("import torch; torch.backends.cudnn.flim = True", "torch.backends.cudnn.flim"),
    ("import torch; F = torch.nn.functional; F.flim()", "torch.nn.functional.flim"),
    ("import torch; T = torch.Tensor; T.flim(1)", "torch.Tensor.flim"),
    ("import torch; getattr(torch, 'flim')", "torch.flim"),
    ("import torch\ndef f(x: torch.flim): pass", "torch.flim"),
    ("import torch\n@torch.flim\nclass C: pass", "torch.flim"),
    ("def f(): torch.flim\nimport torch", "torch.flim"),
    ("try:\n    import torch\nexcept ImportError:\n    torch = None\ntorch.flim", "torch.flim"),
    ("def f():\n    from torch import nn\n    def g(): nn.flim", "torch.nn.flim"),
    ("class C:\n    import torch\n    x = torch.flim", "torch.flim"),
    ("import torch\nfor torch in torch.flim: pass", "torch.flim"),
    ("import torch\nwith torch.flim() as x: pass", "torch.flim"),
    ("import torch\nmatch x:\n    case 1: torch.flim", "torch.flim"),
    ("import torch\nasync def f():\n    async with x: await torch.flim", "torch.flim"),
    ("import torch\nf'{torch.flim}'", "torch.flim"),
    ("import torch; lambda x=torch.flim: [y for y in x]", "torch.flim"),
    ("import pytest; torch = pytest.importorskip('torch'); torch.flim", "torch.flim"),
])  # fmt: skip
def test_forms(source: str, name: str, tmp_path: Path) -> None:
    found = missing_in(tmp_path, source)
    line = next(n for n, text in enumerate(source.split("\n"), 1) if "flim" in text.lower())
    assert found == [(name, str(line))]


@pytest.mark.parametrize("source", [
    "import torch; torch.nn.Linear(2, 3).weight.grad.flim",  # what objects have is not known
    "import torch; torch.float32.flim; torch.nn.Module.flim",
    "def f(torch): torch.flim\nimport torch",
    "import torch\ndef f():\n    import other as torch\n    torch.flim",
    "import torch\n[torch.flim for torch in x], (lambda torch: torch.flim)",
    "from .torch import flim; from torchflow import flim; import flim.torch",
    "import other as torch; torch.flim",
    "torch.flim",
    "import torch; hasattr(torch, 'flim'), getattr(torch, 'flim', None)",
    "import torch; 'torch.flim'",
    "import torch; x.index(3), x.flim",
    "from torch import *; from torch.nn import *",
    "import torchvision; print(torchvision.__version__, torchvision.version.__version__)",
    "import torch, functorch; torch.__path__, torch.nn.__file__, functorch.__version__",
    "import torch.nn.modules.conv, torch.nn.utils.prune; torch.nn.modules.conv._ConvNd",
])  # fmt: skip
def test_what_is_not_told(source: str, tmp_path: Path) -> None:
    assert missing_in(tmp_path, source) == []


def test_methods_of_tensors(tmp_path: Path) -> None:
    absent = "to_mkldnn"
    assert f"Tensor.{absent}" in pytorch_names()
    assert missing_in(tmp_path, f"import torch\ny = f(x)[0].{absent}()") == [
        (f"torch.Tensor.{absent}", "2")
    ]
    assert missing_in(tmp_path, f"f(x).{absent}()") == []  # a program without PyTorch


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "a.py").write_text("import torch\ntorch.ones(2)\ntorch.flim\ntorch.flim")
    (tmp_path / "b.py").write_text("import torch\ntorch.flim\nfrom torch import quint8")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "c.py").write_text("import torch.flim")
    (tmp_path / "notes.txt").write_text("import torch.flim")
    assert main(["check", ".", "b.py"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "torch.flim (3): PyTorch 2.13 has no such public name; did you mean torch.flip?",
        "    b.py:2", "    part/a.py:3", "    part/a.py:4",
        f"torch.quint8 (1): left out: {why('torch.quint8').removeprefix('left out: ')}",
        "    b.py:3",
        "missing: 2 names with 4 uses, in 2 files with 7 uses of PyTorch's names",
    ]  # fmt: skip
    (tmp_path / "fine.py").write_text("import sys\nsys.exit('it has been run')\nimport torch")
    assert main(["check", "fine.py"]) == 0
    said = "nothing is missing in 1 file with 1 use of PyTorch's names\n"
    assert capsys.readouterr().out == said


def test_what_is_said() -> None:
    assert why("torch.nn.Linaer") == (
        "PyTorch 2.13 has no such public name; did you mean nn.Linear?"
    )
    assert why("torch.qwxz") == "PyTorch 2.13 has no such public name"
    assert why("torch.onnx") == why("torch.onnx.flim") == "not yet"
    assert why("torch.onnx.export") == "not yet"
    assert why("torchvision.flim") == "not yet"
    assert why("torchvision.models.quantization.resnet18").startswith("left out: there are")
    assert why("torchvision.datasets.SBU") == "not yet"
    assert why("torch.nn.quantized.Linear").startswith("left out: there are no quantized tensors")


def test_an_installed_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site" / "flimflam").mkdir(parents=True)
    source = "raise SystemExit('it has been imported')\nimport torch\ntorch.flim"
    (tmp_path / "site" / "flimflam" / "__init__.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert main(["check", "flimflam"]) == 1
    assert "flimflam/__init__.py:3" in capsys.readouterr().out
    assert "flimflam" not in sys.modules


def notebook(*cells: Any) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})


def test_notebooks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = ["%matplotlib inline\n", "!pip install torch\n", "import torch\n", "torch.flim?\n",
             "if 1:\n", "    %time x = 1"]  # fmt: skip
    text = notebook(first, "%%bash\necho torch", "%%time\ntorch.flim")
    (tmp_path / "n.ipynb").write_text(text)
    assert main(["check", "n.ipynb"]) == 1
    assert "    n.ipynb:cell 3:2\n" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "data", "said"), [
    ("a.py", b"print 'x'", "line 1: Missing parentheses in call to 'print'"),
    ("a.py", b"import torch\n\xe9", "its text cannot be decoded: 'utf-8' codec can't decode byte"),
    ("a.py", b"# coding: flim\n", "its text cannot be decoded: unknown encoding: flim"),
    ("a.py", b"x\0", "source code"),
    ("a.py", b"(" * 100_000, "too many nested parentheses"),
    ("a.py", b"x = torch" + b".a" * 100_000, ""),
    ("a.ipynb", b'{"cells": [{"cell_type"', "it is no notebook, or a damaged one"),
    ("a.ipynb", b"[]", "it is no notebook, or a damaged one"),
    ("a.ipynb", notebook("x = 1", "x =").encode(), "cell 2, line 1: invalid syntax"),
    ("a.ipynb", notebook(3).encode(), "it is no notebook, or a damaged one"),
])  # fmt: skip
def test_damaged_files(
    name: str, data: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(data)
    (tmp_path / "fine.py").write_text("import torch")
    assert main(["check", "."]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"{name}: cannot be read: ") and said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out.endswith("in 1 file with 1 use of PyTorch's names; "
                                 "1 file could not be read\n")  # fmt: skip


def test_encodings(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    for data in (b"\xef\xbb\xbfimport torch.flim", b"# coding: latin-1\n# \xe9\nimport torch.flim",
                 b"import torch.flim\r\nx = 1\r\n"):  # fmt: skip
        file.write_bytes(data)
        assert [name for name, _ in uses_in(file)] == ["torch.flim"]


def test_wrong_paths(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import torch.flim")
    for path in ("absent.py", "absent", "absent.part", "../absent"):
        said = refusal(capsys, "check", "a.py", path)
        assert f"{path}: there is no such file, folder or installed package" in said
    assert "required: PATH" in refusal(capsys, "check")
    (tmp_path / "link.py").symlink_to("nowhere")
    assert main(["check", "."]) == 1
    assert capsys.readouterr().err == "link.py: cannot be read: No such file or directory\n"
