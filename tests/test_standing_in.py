"""Rushlight in the place of PyTorch, asked in a process of its own: imports cannot be undone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rushlight

PROGRAM = '''
import importlib.metadata, importlib.util, inspect, pickle, subprocess, sys
import numpy
import torch, torchvision, functorch
import torch.nn.functional as F
import torch.utils.data
from torch import nn, optim
from torch.nn.modules.conv import _ConvNd
from torchvision import datasets, transforms
import rushlight

# One object under both names, whoever has imported it first.
assert torch is rushlight and torchvision is rushlight.vision and functorch.vmap is torch.vmap
assert F is rushlight.nn.functional is sys.modules["torch.nn.functional"] is nn.functional
assert sys.modules["torch.nn"] is sys.modules["rushlight.nn"] is nn
import rushlight.nn.utils.prune, torch.nn.utils.prune
assert torch.nn.utils.prune is rushlight.nn.utils.prune
assert nn.__spec__.name == "rushlight.nn" and nn.__name__ == "rushlight.nn"
assert issubclass(nn.Conv2d, _ConvNd) and _ConvNd.__module__ == "rushlight.nn.modules.convolution"
assert pickle.loads(pickle.dumps(nn.Linear)) is nn.Linear
assert pickle.loads(b"ctorch.nn.modules.linear\\nLinear\\n.") is nn.Linear
assert "class Linear" in inspect.getsource(nn.modules.linear)

# Libraries look for it.
assert importlib.util.find_spec("torch") and importlib.util.find_spec("torch.nn.functional")
assert importlib.util.find_spec("torch.flim") is None
assert importlib.metadata.version("torch") == "2.13.0"
assert importlib.metadata.version("torchvision") == "0.28.0"
assert importlib.metadata.distribution("torch").metadata["Name"] == "torch"
assert importlib.metadata.packages_distributions()["torch"][0] == "torch"
assert torch.__version__ >= (2, 13) and torch.__version__.startswith("2.13.0")
assert torchvision.__version__ == "0.28.0+rushlight"
assert torch.version.__version__ == torch.__version__ == functorch.__version__

# What is missing says so, in Python's types.
def refusal(statement):
    try:
        exec(statement)
    except Exception as error:
        return type(error).__name__, str(error)
kind, text = refusal("import torch.nn.quantized")
assert kind == "ModuleNotFoundError" and "leaves it out: there are no quantized tensors" in text
assert refusal("import torch.flim") == ("ModuleNotFoundError", "No module named 'torch.flim'")
assert refusal("import torch.nn.functional.flim")[0] == "ModuleNotFoundError"
kind, text = refusal("from torch.optim.sgd import sgd")
assert kind == "ImportError" and "PyTorch has optim.sgd.sgd; Rushlight leaves it out" in text
assert refusal("import torchvision.flim")[0] == "ModuleNotFoundError"

# What it starts has it, too.
code = "import torch, torchvision.transforms; print(torch.nn.__name__)"
child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
assert child.stdout == "rushlight.nn\\n", child.stderr
print(sys.argv[1:], __name__)
'''


def test_as_torch(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"import rushlight\nrushlight.as_torch()\nrushlight.as_torch()\n{PROGRAM}")
    command = [sys.executable, str(program), "--epochs", "1"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (result.stdout, result.stderr) == ("['--epochs', '1'] __main__\n", "")


def test_a_torch_that_has_been_imported_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", type(sys)("torch"))
    before = dict(os.environ), list(sys.path), list(sys.meta_path)
    with pytest.raises(RuntimeError, match="^as_torch: torch has been imported from None; call"):
        rushlight.as_torch()
    assert before == (dict(os.environ), list(sys.path), list(sys.meta_path))
