"""PyTorch's values as Rushlight's, and results of both compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import torch

import rushlight


def title(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def translated(value: Any, made: dict[Any, Any]) -> Any:
    """The same value for Rushlight: tensors with their strides, dtypes, containers; `made` keeps
    the tensors by the identity of PyTorch's."""
    if isinstance(value, torch.Tensor):
        if id(value) not in made:
            made[id(value)] = _tensor(value, made)
        return made[id(value)]
    if isinstance(value, torch.dtype):
        return getattr(rushlight, title(value))
    if isinstance(value, torch.device):
        return rushlight.device(str(value))
    if isinstance(value, (torch.layout, torch.memory_format)):
        return getattr(rushlight, title(value))
    if isinstance(value, torch.nn.Module):  # a distance that a loss is to take
        return getattr(rushlight.nn, type(value).__name__)()
    if callable(value) and hasattr(torch.nn.functional, getattr(value, "__name__", "")):
        return getattr(rushlight.nn.functional, value.__name__)  # an activation
    if is_dataclass(value):  # the options of a function
        options = {f.name: translated(getattr(value, f.name), made) for f in fields(value)}
        return getattr(rushlight.nn, type(value).__name__)(**options)
    if isinstance(value, torch.Size):
        return rushlight.Size(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[translated(v, made) for v in value])
    if isinstance(value, (tuple, list)):
        return type(value)([translated(v, made) for v in value])
    if isinstance(value, dict):
        return {k: translated(v, made) for k, v in value.items()}
    return value


def _tensor(value: torch.Tensor, made: dict[Any, Any]) -> Any:
    if value.layout is torch.sparse_coo:
        return _from_torch(value.detach().to_dense()).to_sparse()
    if value.device.type == "meta":
        kind = getattr(rushlight, title(value.dtype))
        return rushlight.empty(list(value.shape), dtype=kind, device="meta")
    plain = value.detach()
    if plain.is_conj() or plain.is_neg():
        return _from_torch(plain.resolve_conj().resolve_neg()).requires_grad_(value.requires_grad)
    whole = plain.untyped_storage().nbytes() // plain.element_size()
    place = "memory", plain.untyped_storage().data_ptr(), plain.dtype
    if not whole:
        return _from_torch(plain).requires_grad_(value.requires_grad)
    if whole == plain.numel() and place not in made:
        made[place] = _from_torch(plain)
        return made[place].detach().requires_grad_(value.requires_grad)
    # A part of a memory, which `as_strided` may look at whole, and other tensors may share.
    if place not in made:
        made[place] = _from_torch(plain.as_strided((whole,), (1,), 0))
    part = made[place].as_strided(plain.shape, plain.stride(), plain.storage_offset())
    return part.detach().requires_grad_(value.requires_grad)


def _from_torch(value: torch.Tensor) -> Any:
    value = value.clone()  # NumPy's view would take from the memory that it can be resized
    if value.dtype == torch.bfloat16:  # NumPy has no name for it
        return rushlight.from_numpy(value.view(torch.int16).numpy()).view(rushlight.bfloat16)
    return rushlight.from_numpy(value.numpy())


def leaves(value: Any) -> Iterator[Any]:
    """The tensors within nested containers, of either framework."""
    if isinstance(value, (torch.Tensor, rushlight.Tensor)):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from leaves(part)


def back(value: Any) -> torch.Tensor:
    """A tensor of Rushlight's as PyTorch's."""
    value = value.detach()
    if value.dtype is rushlight.bfloat16:
        return torch.from_numpy(value.float().numpy().copy()).bfloat16()
    return torch.from_numpy(value.numpy().copy())


# float32's default tolerance of PyTorch's own tests is 1.3e-6; sums in another order take more.
TOLERANCES = {torch.float16: 2e-3, torch.bfloat16: 2e-2, torch.float32: 2e-5, torch.complex64: 2e-5}


# Dtypes that Rushlight does not have: as PyTorch itself says, hardly any operator takes them.
DTYPES_LEFT_OUT = {
    torch.complex32, torch.float8_e4m3fn, torch.float8_e4m3fnuz, torch.float8_e5m2,
    torch.float8_e5m2fnuz, torch.float8_e8m0fnu,
}  # fmt: skip


def comparable(expected: Any) -> bool:
    return all(t.dtype not in DTYPES_LEFT_OUT for t in leaves(expected))


def widened(sample: Any) -> Any:
    """A sample with its floating tensors, and dtypes that it asks for, in double precision."""
    wide = {torch.float32: torch.float64, torch.float16: torch.float64,
            torch.bfloat16: torch.float64, torch.complex64: torch.complex128}  # fmt: skip

    def widen(value: Any) -> Any:
        if isinstance(value, torch.Tensor) and value.dtype in wide:
            return value.detach().to(wide[value.dtype]).requires_grad_(value.requires_grad)
        return wide.get(value, value) if isinstance(value, torch.dtype) else value

    return sample.transform(widen)


def as_exact(ours: Any, theirs: Any, precise: Any) -> bool:
    """Whether results are as near to those in double precision as PyTorch's are, or nearly: the
    rounding of a handful of elements is chance, and may be ten times that of the others."""
    triples = list(zip(leaves(ours), leaves(theirs), leaves(precise), strict=True))
    for our, their, exact in triples:
        wide = exact.detach().to(torch.complex128 if exact.is_complex() else torch.float64)
        mine, its = (v.to(wide.dtype) for v in (back(our), their.detach()))
        limit = TOLERANCES.get(their.dtype, 1e-7)
        rounded = wide.to(their.dtype).to(wide.dtype)
        close = torch.isclose(mine, rounded, rtol=limit, atol=limit, equal_nan=True)
        worst = torch.where(mine == wide, 0, (mine - wide).abs())[~close]
        allowed = torch.where(its == wide, 0, (its - wide).abs())
        if worst.numel() and not worst.max() <= 10 * allowed.nan_to_num(0).max():
            return False
    return True


def difference(ours: Any, theirs: Any) -> str:
    """What tells a result from PyTorch's, or nothing: dtype, shape, values, kinds of containers."""
    if isinstance(theirs, torch.Tensor):
        if not isinstance(ours, rushlight.Tensor):
            return f"a {type(ours).__name__} instead of a tensor"
        if str(ours.dtype) != str(theirs.dtype):
            return f"{ours.dtype} instead of {theirs.dtype}"
        if tuple(ours.shape) != tuple(theirs.shape):
            return f"shape {tuple(ours.shape)} instead of {tuple(theirs.shape)}"
        inexact = theirs.is_floating_point() or theirs.is_complex()
        tolerance = TOLERANCES.get(theirs.dtype, 1e-7) if inexact else 0
        try:
            torch.testing.assert_close(
                back(ours), theirs.detach().resolve_conj().resolve_neg(), equal_nan=True,
                rtol=tolerance, atol=tolerance,
            )  # fmt: skip
        except AssertionError as error:
            return " ".join(str(error).split())[:160]
        return ""
    if isinstance(theirs, (tuple, list)):
        if not isinstance(ours, (tuple, list)) or len(ours) != len(theirs):
            return f"{type(ours).__name__} instead of {type(theirs).__name__} of {len(theirs)}"
        return next(filter(None, map(difference, ours, theirs)), "")
    if isinstance(theirs, dict):
        return next(filter(None, (difference(ours[k], v) for k, v in theirs.items())), "")
    if isinstance(theirs, torch.dtype):
        return "" if str(ours) == str(theirs) else f"{ours} instead of {theirs}"
    if isinstance(theirs, float):
        same = ours == theirs or ours != ours and theirs != theirs
        return "" if same or abs(ours - theirs) <= 2e-5 * abs(theirs) else f"{ours} not {theirs}"
    return "" if ours == theirs else f"{ours!r} instead of {theirs!r}"


def outcome(call: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return call(), None
    except Exception as error:  # the error is the outcome
        return None, error
