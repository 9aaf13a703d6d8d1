"""Holds Rushlight's operators against PyTorch's own database of them.

`python conformance/operators.py` runs the samples of every entry of `op_db` (it comes with PyTorch)
through both frameworks: forward in float32 and every other dtype that the entry names, gradients,
method, in-place form, operator and `out=`, and the errors that it lists. It prints what passed per
namespace, and writes the findings to `--report`. `--check FILE` fails where an entry that the file
lists does not pass.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import islice
from pathlib import Path
from types import FunctionType
from typing import Any

import torch
from torch.testing._internal.common_methods_invocations import op_db
from translate import (
    LEFT_OUT,
    as_exact,
    comparable,
    difference,
    leaves,
    outcome,
    title,
    translated,
    widened,
)

import rushlight

SECONDS = 60  # for an entry
SAMPLES = 60  # of an entry, in float32; fewer in other dtypes
PARTS = ("forward", "gradient", "method", "inplace", "operator", "out", "errors", "dtypes")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="entries whose name has this in it")
    parser.add_argument("--report", type=Path, help="a file for the findings, as JSON")
    parser.add_argument("--check", type=Path, help="a file of names of entries that must pass")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    names = [name_of(op) for op in op_db if arguments.only in name_of(op)]
    if arguments.check:
        names = sorted(set(names) & set(arguments.check.read_text().split()))
    with ProcessPoolExecutor(arguments.workers) as pool:
        found = dict(zip(names, pool.map(examine, names, chunksize=4), strict=True))
    if arguments.report:
        arguments.report.write_text(json.dumps(found, indent=1) + "\n")
    print_table(found)
    broken = [name for name, findings in found.items() if findings]
    if arguments.check and broken:
        for name in broken:
            print(f"{name} passed before and fails: {json.dumps(found[name])[:400]}")
        return 1
    return 0


def print_table(found: dict[str, dict[str, str]]) -> None:
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for name, findings in found.items():
        space = name.rpartition(".")[0] or "torch and Tensor"
        for row in (space, "all"):
            rows[row]["entries"] += 1
            rows[row]["missing" if "missing" in findings else "there"] += 1
            rows[row]["passed"] += not findings
            for part in PARTS:
                rows[row][part] += part in findings
    columns = ("entries", "missing", "passed", *PARTS)
    print(f"{'':28}" + "".join(f"{c:>10}" for c in columns) + "   (from `forward` on: failed)")
    for space, counts in rows.items():
        print(f"{space:28}" + "".join(f"{counts[c]:10}" for c in columns))


def name_of(op: Any) -> str:
    return op.name + (f"[{op.variant_test_name}]" if op.variant_test_name else "")


@cache
def entries() -> dict[str, Any]:
    return {name_of(op): op for op in op_db}


# ---- one entry


class TooLong(Exception):
    """An entry took longer than it may."""


def examine(name: str) -> dict[str, str]:
    """What is wrong with an entry, by part; nothing where it passes."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    try:
        return _examine(entries()[name])
    except TooLong:
        return {"forward": f"takes longer than {SECONDS} seconds"}
    finally:
        signal.alarm(0)


def _too_long(*_: Any) -> None:
    raise TooLong


def _examine(op: Any) -> dict[str, str]:
    function = ours(op)
    if function is None:
        return {"missing": "no such function"}
    checks: dict[str, Callable[[], str]] = {
        "forward": lambda: first_finding(op, torch.float32, check_forward(op, function), SAMPLES),
        "gradient": lambda: check_gradients(op, function),
        "method": lambda: check_variant(op, op.method_variant),
        "inplace": lambda: check_variant(op, op.inplace_variant, inplace=True),
        "operator": lambda: check_variant(op, op.operator_variant, operator=True),
        "out": lambda: check_out(op, function),
        "errors": lambda: check_errors(op, function),
        "dtypes": lambda: check_dtypes(op, function),
    }
    found = {}
    for part, check in checks.items():
        finding = check()
        if finding:
            found[part] = finding
        if "MissingNameError" in found.get("forward", ""):
            return {"missing": found["forward"]}
    return found


def ours(op: Any) -> Any:
    """Rushlight's function for an entry, None where there is none."""
    if _is_of_database(op.op):
        return rebased(op.op)
    target: Any = rushlight
    for part in op.name.split("."):
        target = getattr(target, part, None)
    if target is None or isinstance(target, rushlight.dtype):
        return getattr(rushlight.Tensor, op.name, None)
    return target


def _is_of_database(function: Any) -> bool:
    return getattr(function, "__module__", "").startswith("torch.testing") and isinstance(
        function, FunctionType
    )


def rebased(function: FunctionType) -> FunctionType:
    """A function of the database whose `torch` is Rushlight."""
    values = {**function.__globals__, "torch": rushlight, "wrapper_set_seed": _seeded}
    made = FunctionType(
        function.__code__, values, function.__name__, function.__defaults__, function.__closure__
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _seeded(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The database's `wrapper_set_seed`, for Rushlight's generator."""
    with rushlight.random.fork_rng():
        rushlight.manual_seed(42)
        return function(*args, **kwargs)


def samples(op: Any, dtype: torch.dtype, limit: int, gradient: bool = False) -> Iterator[Any]:
    torch.manual_seed(0)
    return islice(op.sample_inputs("cpu", dtype, requires_grad=gradient), limit)


def first_finding(
    op: Any, dtype: torch.dtype, check: Callable[[Any], str], limit: int, gradient: bool = False
) -> str:
    """The first sample that PyTorch takes and that a check finds something in."""
    for number, sample in enumerate(samples(op, dtype, limit, gradient)):
        finding = check(sample)
        if finding:
            return f"sample {number} ({describe(sample)}): {finding}"
    return ""


def describe(sample: Any) -> str:
    def said(value: Any) -> str:
        if isinstance(value, torch.Tensor):
            return f"{title(value.dtype)}{list(value.shape)}"
        return repr(value)[:60]

    parts = [said(v) for v in (sample.input, *sample.args)]
    parts += [f"{k}={said(v)}" for k, v in sample.kwargs.items()]
    return ", ".join(parts)[:200]


def our_call(function: Any, sample: Any, made: dict[int, Any]) -> Any:
    value = [translated(v, made) for v in (sample.input, *sample.args)]
    keywords = {k: translated(v, made) for k, v in sample.kwargs.items()}
    return function(*value, **keywords)


def compared(function: Any, theirs: Any, sample: Any, writes: bool = False) -> str:
    """The difference between both frameworks' results of a sample, which the call may write."""
    expected, refused = their_outcome(theirs, copied(sample) if writes else sample)
    if refused is not None or not comparable(expected):
        return ""
    rushlight.manual_seed(7)
    result, error = outcome(lambda: our_call(function, sample, {}))
    if error is not None:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
    finding = difference(result, expected)
    if "not close" in finding and not (precise := their_outcome(theirs, widened(sample)))[1]:
        return "" if as_exact(result, expected, precise[0]) else finding
    return finding


def copied(sample: Any) -> Any:
    """A sample with tensors of their own memory, of which they may be a part as before."""

    def copy(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or value.requires_grad:
            return value.clone() if isinstance(value, torch.Tensor) else value
        memory = value.untyped_storage().clone()
        place = value.storage_offset(), value.shape, value.stride()
        return torch.empty(0, dtype=value.dtype).set_(memory, *place)

    return sample.transform(copy)


def their_outcome(theirs: Any, sample: Any) -> tuple[Any, BaseException | None]:
    torch.manual_seed(7)
    return outcome(lambda: theirs(sample.input, *sample.args, **sample.kwargs))


def check_forward(op: Any, function: Any, has_ties: bool = False) -> Callable[[Any], str]:
    function, theirs = decided(op, function, has_ties), decided(op, op.op, has_ties)
    return lambda sample: compared(function, theirs, sample)


def decided(op: Any, function: Any, has_ties: bool = False) -> Any:
    """The function without what PyTorch leaves open in its result: the values of new memory, and
    the order of equal elements, of which other dtypes than float32 have many."""
    if "empty" in op.name or "resize" in op.name:
        return lambda *args, **kwargs: function(*args, **kwargs).ne(0) & False
    if has_ties and op.name in ("sort", "topk"):
        return lambda *args, **kwargs: function(*args, **kwargs)[0]
    if has_ties and op.name == "argsort":
        return lambda *args, **kwargs: function(*args, **kwargs) * 0
    return function


def check_dtypes(op: Any, function: Any) -> str:
    for dtype in sorted(op.dtypes - {torch.float32} - LEFT_OUT, key=str):
        finding = first_finding(op, dtype, check_forward(op, function, has_ties=True), 8)
        if finding:
            return f"{title(dtype)}: {finding}"
    return ""


def check_variant(op: Any, theirs: Any, inplace: bool = False, operator: bool = False) -> str:
    if theirs is None:
        return ""
    function = theirs
    name = getattr(theirs, "__name__", "")
    if _is_of_database(theirs):
        function = rebased(theirs)
    elif not operator:
        function = getattr(rushlight.Tensor, name, None)
        if function is None:
            if not hasattr(torch.Tensor, name):
                return ""
            return f"Tensor has no {name}"

    def check(sample: Any) -> str:
        if inplace and (sample.broadcasts_input or not isinstance(sample.input, torch.Tensor)):
            return ""
        return compared(
            decided(op, function), decided(op, theirs), sample, writes=inplace
        )

    return first_finding(op, torch.float32, check, 20)


def check_out(op: Any, function: Any) -> str:
    if not op.supports_out:
        return ""

    def check(sample: Any) -> str:
        expected, refused = outcome(lambda: op.op(sample.input, *sample.args, **sample.kwargs))
        targets = list(leaves(expected))
        if refused is not None or not targets:
            return ""
        made = [
            rushlight.zeros(list(t.shape), dtype=getattr(rushlight, title(t.dtype)))
            for t in targets
        ]
        out = made[0] if isinstance(expected, torch.Tensor) else tuple(made)
        _, error = outcome(lambda: our_call(lambda *a, **k: function(*a, **k, out=out), sample, {}))
        if error is not None:
            return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        return "" if "empty" in op.name else difference(made, targets)

    return first_finding(op, torch.float32, check, 10)


def check_errors(op: Any, function: Any) -> str:
    if op.error_inputs_func is None:
        return ""
    for number, bad in enumerate(op.error_inputs("cpu")):
        sample = bad.sample_input
        _, refused = outcome(lambda s=sample: op.op(s.input, *s.args, **s.kwargs))
        if refused is None:
            continue
        _, error = outcome(lambda s=sample: our_call(function, s, {}))
        if error is None:
            return f"error {number} ({describe(sample)}): taken, not {type(refused).__name__}"
        if not isinstance(error, type(refused)):
            return (
                f"error {number} ({describe(sample)}): {type(error).__name__} "
                f"({' '.join(str(error).split())[:100]}) instead of {type(refused).__name__} "
                f"({' '.join(str(refused).split())[:100]})"
            )
    return ""


def differentiated(op: Any, sample: Any) -> tuple[list[Any], list[Any]]:
    """The inputs of PyTorch's call of a sample, and its results, that require gradients."""
    tensors = [t for t in leaves([sample.input, sample.args, sample.kwargs]) if t.requires_grad]
    expected, refused = their_outcome(op.op, sample)
    if refused is not None:
        return [], []
    results = leaves(sample.output_process_fn_grad(expected))
    return tensors, [t for t in results if t.requires_grad]


def check_gradients(op: Any, function: Any) -> str:
    if not op.supports_autograd:
        return ""

    def check(sample: Any) -> str:
        tensors, differentiable = differentiated(op, sample)
        if not differentiable or not tensors:
            return ""
        made: dict[int, Any] = {}
        rushlight.manual_seed(7)
        result, error = outcome(lambda: our_call(function, sample, made))
        if error is not None:
            return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        processed, _ = outcome(lambda: sample.output_process_fn_grad(result))
        results = [t for t in leaves(result if processed is None else processed)
                   if t.requires_grad]  # fmt: skip
        if len(results) != len(differentiable):
            return f"{len(results)} results require gradients instead of {len(differentiable)}"
        seeds = [torch.randn_like(t) for t in differentiable]
        theirs, refused = outcome(
            lambda: torch.autograd.grad(differentiable, tensors, seeds, allow_unused=True)
        )
        if refused is not None:
            return ""
        found, error = outcome(
            lambda: rushlight.autograd.grad(
                results, [made[id(t)] for t in tensors], translated(seeds, {}), allow_unused=True
            )
        )
        if error is not None:
            return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        for gradient, known in zip(found, theirs, strict=True):
            if (gradient is None) != (known is None):
                return "a gradient where PyTorch has none" if known is None else "no gradient"
            if known is not None and (finding := difference(gradient, known)):
                inputs, outputs = differentiated(op, widened(sample))
                wide = [s.to(o.dtype) for s, o in zip(seeds, outputs, strict=True)]
                exact = torch.autograd.grad(outputs, inputs, wide, allow_unused=True)
                if "not close" not in finding or not as_exact(found, theirs, exact):
                    return finding
        return ""

    return first_finding(op, torch.float32, check, 25, gradient=True)


if __name__ == "__main__":
    sys.exit(main())
