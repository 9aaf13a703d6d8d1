"""Changes in place across dtypes: what they write, and what they refuse.

Every method that ends in `_`, on tensors of several dtypes, with no argument, with numbers and with
tensors of every other dtype. Where PyTorch raises, nothing may be written instead, as a result that
was cut to whole numbers once was.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch

import rushlight

DTYPES = ("float32", "int64", "bool", "complex64", "uint8", "float16")
NUMBERS = (2, 1.5, 1 + 2j)  # a bool is taken for the number that it is, which PyTorch refuses
# What draws numbers, has other arguments or changes no elements.
OTHERS = {
    "apply_", "as_strided_", "bernoulli_", "cauchy_", "detach_", "exponential_", "geometric_",
    "log_normal_", "map2_", "map_", "normal_", "random_", "rename_", "requires_grad_", "resize_",
    "resize_as_", "resize_as_sparse_", "set_", "share_memory_", "sparse_resize_",
    "sparse_resize_and_clear_", "uniform_",
}  # fmt: skip
# Arguments of another type than theirs are taken, as no call asks before it fails.
UNASKED = {"copy_", "nan_to_num_"}


def changing_methods() -> list[str]:
    names = [n for n in dir(torch.Tensor) if n.endswith("_") and not n.startswith("_")]
    return [n for n in names if n not in OTHERS and hasattr(rushlight.Tensor, n)]


def matrix(library: Any, dtype: str) -> Any:
    return library.tensor([[1, 2], [0, 1]]).to(getattr(library, dtype))


def arguments(library: Any, name: str) -> Iterator[tuple[Any, ...]]:
    yield ()
    for number in NUMBERS[:2] if name in UNASKED else NUMBERS:
        yield (number,)
    for dtype in DTYPES if name != "nan_to_num_" else ():
        yield (matrix(library, dtype),)
    for dtype in DTYPES if name not in UNASKED else ():
        yield matrix(library, dtype), matrix(library, dtype)


def outcome(tensor: Any, name: str, given: tuple[Any, ...]) -> Any:
    """The tensor's elements afterwards; None for an exception, which leaves ours as it was."""
    before = tensor.tolist()
    try:
        getattr(tensor, name)(*given)
    except (RuntimeError, TypeError, ValueError, IndexError):
        if isinstance(tensor, rushlight.Tensor):  # PyTorch's divisions by zero leave half of it
            assert tensor.tolist() == before
        return None
    return torch.tensor(tensor.tolist()).to(torch.complex64)


def is_expected(name: str, dtype: str, given: tuple[Any, ...], theirs: Any, ours: Any) -> bool:
    """Whether both are the same, or one of the known differences."""
    if theirs is None and ours is not None:
        # Masks have a smallest and a largest element here, and are whole numbers to `ldexp`, which
        # needs no complex halves either.
        is_known = "bool" in (dtype, *map(dtype_of, given)) or name == "ldexp_"
        return name in ("clamp_", "clip_", "ldexp_") and is_known
    if theirs is None or ours is None:
        return theirs is ours
    if name == "pow_" and dtype == "complex64":  # 0 ** 0 is 1 here, and nan there
        theirs = torch.where(theirs.isnan(), ours, theirs)
    return torch.allclose(theirs, ours, rtol=1e-3, atol=1e-3, equal_nan=True)


def dtype_of(value: Any) -> str:
    return str(getattr(value, "dtype", type(value))).removeprefix("torch.")


@pytest.mark.parametrize("name", changing_methods())
def test_same_results_and_refusals(name: str) -> None:
    for dtype in DTYPES:
        pairs = zip(arguments(torch, name), arguments(rushlight, name), strict=True)
        for theirs_given, ours_given in pairs:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = outcome(matrix(torch, dtype), name, theirs_given)
                ours = outcome(matrix(rushlight, dtype), name, ours_given)
            assert is_expected(name, dtype, ours_given, theirs, ours), (
                f"{name} of {dtype} with {ours_given}: {ours} instead of {theirs}"
            )
