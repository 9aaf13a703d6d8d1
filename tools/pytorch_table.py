"""PyTorch's names against ours: what is there, on which kernels it runs, and how it differs.

Which kernels a function runs is not declared but seen: the samples of the test table are run in
float32, and their kernels are traced.
"""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from functools import cache, reduce
from pathlib import Path
from typing import Any

import numpy as np

import rushlight
from rushlight.graph import trace
from rushlight.kernels.declaration import kernels_of
from rushlight.kernels.launch import plain_tables
from rushlight.kernels.native import native
from rushlight.left_out import why_left_out
from rushlight.missing import pytorch_names

# Written by pytorch_names.py.
PARAMETERS = Path(__file__).with_name("pytorch_parameters.txt")
TESTS = Path(__file__).parent.parent / "tests"
# Kernels of these kinds compute nothing.
IDLE = {"view", "check", "read", "transfer"}
NO_NAME = object()
NUMPY_NAMES = {"dim": "axis", "keepdim": "keepdims"}  # which every operation takes

INTRODUCTION = """\
# PyTorch's names

Every public name of PyTorch 2.13 in the namespaces below. A function's kernels are those that its
samples in the test table run in float32: in C++ where there is one, which hands over to NumPy for
what it does not cover (other dtypes, rare options). "None" is for what computes nothing: a view, or
a look at a tensor's shape. Where no kernel is told, the table has no samples: classes and settings.
Differences are PyTorch's parameters that a function or class is without, and what its description
says. What is left out for good says why.
"""


def table_page(links: dict[str, str]) -> str:
    """The page; `links` leads from our names to their descriptions."""
    if native is None:
        raise SystemExit("the table tells what is in C++: build the extension, RUSHLIGHT_NATIVE=1")
    kernels = traced_kernels()
    by_place = defaultdict(list)
    for name in sorted(pytorch_names()):
        by_place[name.rpartition(".")[0]].append(name)
    summary = "\n| namespace | names | there |\n| --- | ---: | ---: |\n"
    sections = ""
    for place, names in sorted(by_place.items()):
        title = title_of(place)
        there = sum(find(name) is not NO_NAME for name in names)
        summary += f"| [{title}](#{anchor(title)}) | {len(names)} | {there} |\n"
        sections += f"\n({anchor(title)})=\n## {title}\n\n"
        sections += "| name | there | kernels | differences |\n| --- | --- | --- | --- |\n"
        sections += "".join(row(name, links, kernels) for name in names)
    return INTRODUCTION + summary + sections


def title_of(place: str) -> str:
    return place if place == "torch" else f"torch.{place}"


def anchor(title: str) -> str:
    return title.lower().replace(".", "-").replace("_", "-")


def row(name: str, links: dict[str, str], kernels: dict[int, set[str]]) -> str:
    short = name.rpartition(".")[2]
    value = find(name)
    if value is NO_NAME:
        reason = why_left_out(name)
        return f"| `{short}` | no | | {f'left out: {reason}' if reason else ''} |\n"
    link = links.get(f"rushlight.{name.removeprefix('torch.')}", f"`{short}`")
    return f"| {link} | yes | {kernel_cell(name, value, kernels)} | {differences(name, value)} |\n"


def find(name: str) -> Any:
    try:
        return reduce(getattr, name.removeprefix("torch.").split("."), rushlight)
    except AttributeError:
        return NO_NAME


def differences(name: str, value: Any) -> str:
    """PyTorch's parameters that are not there, and sentences of the docstring on what is other."""
    absent = absent_parameters(name, value)
    listed = [f"without {', '.join(f'`{p}`' for p in absent)}"] if absent else []
    text = " ".join((inspect.getdoc(value) or "").split())
    sentences = re.findall(r"Unlike PyTorch.*?[.](?=\s|$)", text)
    return "; ".join(listed + sentences).replace("|", "\\|")


def absent_parameters(name: str, value: Any) -> list[str]:
    """Those that PyTorch's function of that name has; a `**kwargs` takes them all."""
    try:
        found = inspect.signature(value).parameters
    except (TypeError, ValueError):
        return []
    if any(p.kind is p.VAR_KEYWORD for p in found.values()):
        return []
    taken = {*found, *(numpys for ours, numpys in NUMPY_NAMES.items() if ours in found)}
    return sorted(pytorch_parameters().get(name, set()) - taken)


@cache
def pytorch_parameters() -> dict[str, set[str]]:
    lines = [line.split() for line in PARAMETERS.read_text().splitlines()]
    return {name: set(parameters) for name, *parameters in lines}


# ---- kernels


def kernel_cell(name: str, value: Any, kernels: dict[int, set[str]]) -> str:
    if id(value) not in kernels and name.endswith("_"):
        value = find(name[:-1])  # an in-place form runs what its function runs
    if id(value) not in kernels:
        return ""
    kinds = kernels_of(type(plain_tables[np.ndarray]))
    ran = {kernel for kernel in kernels[id(value)] if kinds[kernel].kind not in IDLE}
    in_cpp = sorted(kernel for kernel in ran if hasattr(native, kernel))
    parts = [
        f"{language}: {', '.join(f'`{kernel}`' for kernel in found)}"
        for language, found in (("C++", in_cpp), ("NumPy", sorted(ran - {*in_cpp}))) if found
    ]  # fmt: skip
    return "; ".join(parts) or "none"


def traced_kernels() -> dict[int, set[str]]:
    """The kernels that the samples of each function run, by the function's identity."""
    found: dict[int, set[str]] = {}
    for names, call, samples in rows_of_samples():
        ran: set[str] = set()
        for sample in samples:
            with warnings.catch_warnings(), trace() as calls:
                warnings.simplefilter("ignore")
                call(*sample.args, **sample.kwargs)
            ran |= {traced.name for traced in calls}
        for name in names:
            function = find(name)
            if function is not NO_NAME:
                found[id(function)] = found.get(id(function), set()) | ran
    return found


def rows_of_samples() -> Iterator[tuple[tuple[str, ...], Any, list[Any]]]:
    """Names, function and samples of float32 tensors, for each row of the test table."""
    sys.path.insert(0, str(TESTS))
    from samples import build, table

    def tensor(array: Any, differentiable: bool) -> Any:
        narrow = {"float64": "float32", "complex128": "complex64"}.get(str(array.dtype))
        return rushlight.from_numpy(array.astype(narrow) if narrow else np.array(array))

    for op in table:
        names = (op.name, *op.covers, *([f"Tensor.{op.inplace}"] if op.inplace else []))
        yield names, op.function(rushlight), [build(rushlight, s, tensor) for s in op.samples()]
