"""The sample table through Rushlight and PyTorch: values, dtypes, gradients, errors, names."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import rushlight
import samples
from samples import Invalid, Op, Sample, build, outputs

ALL = list(samples.table)
LIBRARIES = (rushlight, torch)
DTYPES = (
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64",
)  # fmt: skip
# Where PyTorch's CPU build cannot, or says of itself that its results are undefined.
TOLERANCES = {
    "float64": 1e-8, "float32": 2e-5, "float16": 3e-3, "bfloat16": 2e-2,
    "complex128": 1e-9, "complex64": 2e-5,
}  # fmt: skip


def each(ops: list[Op]) -> Any:
    return pytest.mark.parametrize("op", ops, ids=str)


def maker(library: Any, dtype: str | None = None) -> Callable[..., Any]:
    def tensor(array: Any, differentiable: bool) -> Any:
        made = library.from_numpy(np.array(array))
        if dtype is not None and array.dtype == np.float64:
            made = made.to(getattr(library, dtype))
        return made.requires_grad_() if differentiable else made

    return tensor


def is_complex(sample: Sample) -> bool:
    arrays = sample.leaves(np.ndarray)
    return bool(sample.leaves(complex)) or any(a.dtype.kind == "c" for a in arrays)


def to_numpy(tensor: Any) -> np.ndarray[Any, Any]:
    tensor = tensor.detach().resolve_conj()
    return (tensor.float() if name_of_dtype(tensor) == "bfloat16" else tensor).numpy()


def name_of_dtype(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def is_tensor(value: Any) -> bool:
    return isinstance(value, (rushlight.Tensor, torch.Tensor))


def assert_same(ours: Any, theirs: Any, what: Any, recorded: bool = False) -> None:
    found, wanted = outputs(ours), outputs(theirs)
    assert len(found) == len(wanted), what
    for a, b in zip(found, wanted, strict=True):
        assert is_tensor(a) == is_tensor(b), what
        if not is_tensor(a):
            assert str(a) == str(b), what
            continue
        assert str(a.dtype) == str(b.dtype), f"{what}: {a.dtype} instead of {b.dtype}"
        assert tuple(a.shape) == tuple(b.shape), what
        if recorded:
            assert a.requires_grad == b.requires_grad, f"{what}: requires_grad"
        limit = TOLERANCES.get(name_of_dtype(a), 0.0)
        a, b = to_numpy(a), to_numpy(b)
        size = 1.0
        if limit > 1e-3:  # of halves, what cancels in a sum has lost its digits
            size = max(1.0, np.abs(b[np.isfinite(b)]).max(initial=0))
        np.testing.assert_allclose(a, b, rtol=limit, atol=limit * size, err_msg=repr(what))


def gradients(library: Any, sample: Sample, result: Any) -> list[Any]:
    results = [t for t in outputs(result) if is_tensor(t) and t.requires_grad]
    inputs = [t for t in sample.leaves(library.Tensor) if t.requires_grad]
    random = np.random.default_rng(5)
    seeds = [
        library.from_numpy(np.array(random.standard_normal(tuple(t.shape)))).to(t.dtype)
        for t in results
    ]
    return [
        library.zeros(t.shape, dtype=t.dtype) if g is None else g
        for t, g in zip(
            inputs, library.autograd.grad(results, inputs, seeds, allow_unused=True), strict=True
        )
    ]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@each(ALL)
def test_values_and_gradients(op: Op, dtype: str) -> None:
    half = dtype in ("float16", "bfloat16")
    if half and not op.halves:
        return
    for sample in op.samples():
        if half and is_complex(sample):
            continue  # half-precision complex numbers have no counterpart in NumPy
        built = [build(library, sample, maker(library, dtype)) for library in LIBRARIES]
        ours, theirs = (
            op.function(library)(*s.args, **s.kwargs)
            for library, s in zip(LIBRARIES, built, strict=True)
        )
        assert_same(ours, theirs, sample, op.differentiable)
        finite = all(np.isfinite(a).all() for a in sample.leaves(np.ndarray))
        recorded = any(is_tensor(t) and t.requires_grad for t in outputs(theirs))
        recorded = recorded and op.peer_gradient
        if op.differentiable and finite and recorded and not _has_no_derivative(theirs):
            pairs = zip(
                gradients(rushlight, built[0], ours), gradients(torch, built[1], theirs),
                strict=True,
            )  # fmt: skip
            for a, b in pairs:
                assert_same(a, b, f"gradient of {sample}")


def _has_no_derivative(result: Any) -> bool:
    """PyTorch has no formula for the gradient of a number's remainder by a tensor."""
    return is_tensor(result) and type(result.grad_fn).__name__ == "NotImplemented"


@each([op for op in ALL if not op.composite and op.differentiable])
def test_names_of_nodes(op: Op) -> None:
    """`grad_fn=<AddBackward0>`, as prints show it, but for the number of the overload."""
    for sample in op.samples():
        if "conv" in op.name and is_complex(sample):
            continue  # of which PyTorch makes several real ones
        ours, theirs = (_name_of_node(op, sample, library) for library in LIBRARIES)
        assert ours == theirs, f"{sample}: {ours} instead of {theirs}"


def _name_of_node(op: Op, sample: Sample, library: Any) -> str:
    built = build(library, sample, maker(library))
    result = outputs(op.function(library)(*built.args, **built.kwargs))[0]
    return type(result.grad_fn).__name__.rstrip("0123456789") if is_tensor(result) else ""


@each([op for op in ALL if op.integers])
def test_promotion(op: Op) -> None:
    """Every dtype, and every pair of them where an operation takes two tensors."""
    for sample in op.samples():
        arrays = sample.leaves(np.ndarray)
        if not arrays or sample.kwargs or not all(np.isfinite(a).all() for a in arrays):
            continue
        if is_complex(sample):
            continue
        for kinds in itertools.product(DTYPES, repeat=min(len(arrays), 2)):
            if not op.halves and {"float16", "bfloat16"} & {*kinds}:
                continue
            names = itertools.cycle(kinds)
            converted = sample.map(lambda v, n=names: _converted(v, n))
            what = f"{op}{converted}"
            with np.errstate(all="ignore"):
                ours, theirs = (_outcome(op, library, converted) for library in LIBRARIES)
            if isinstance(theirs, str) or isinstance(ours, str):
                assert ours == theirs, what
                continue
            _compare_where_defined(ours, theirs, what)


def _converted(value: Any, names: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    dtype = next(names)
    value = np.asarray(np.round(4 * value)) if dtype != "float16" else value
    return np.abs(value).astype(dtype) if dtype == "uint8" else value.astype(dtype)


def _outcome(op: Op, library: Any, sample: Sample) -> Any:
    """The result, or the name of the exception."""

    def tensor(array: Any, differentiable: bool) -> Any:
        if array.dtype.name == "bfloat16":
            return library.from_numpy(array.astype(np.float32)).to(library.bfloat16)
        return library.from_numpy(np.array(array))

    try:
        built = build(library, sample, tensor)
        return op.function(library)(*built.args, **built.kwargs)
    except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
        kinds = (NotImplementedError, RuntimeError, TypeError, ValueError)
        return next(kind.__name__ for kind in kinds if isinstance(error, kind))


def _compare_where_defined(ours: Any, theirs: Any, what: str) -> None:
    """Integer overflow and nan as an integer are the processor's affair; dtypes never are."""
    for a, b in zip(outputs(ours), outputs(theirs), strict=True):
        assert str(a.dtype) == str(b.dtype), f"{what}: {a.dtype} instead of {b.dtype}"
        limit = TOLERANCES.get(name_of_dtype(a), 0.0)
        np.testing.assert_allclose(to_numpy(a), to_numpy(b), rtol=limit, atol=limit, err_msg=what)


@each([op for op in ALL if op.invalid()])
def test_errors(op: Op) -> None:
    """PyTorch refuses what we refuse, with the same exception and, mostly, the same words."""
    for sample in op.invalid():
        for library in LIBRARIES:
            _expect_error(op, sample, library)


def _expect_error(op: Op, sample: Invalid, library: Any) -> None:
    built = build(library, sample, maker(library))
    matched = "." if sample.own_words and library is torch else sample.match
    with pytest.raises(sample.raises, match=matched):
        op.function(library)(*built.args, **built.kwargs)
        pytest.fail(f"{library.__name__} accepts {op}{sample}")
