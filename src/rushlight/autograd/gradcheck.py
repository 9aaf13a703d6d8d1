"""Gradients checked against finite differences.

A function's derivative along a direction v is (f(x + eps v) - f(x - eps v)) / 2 eps to within
eps^2; what `backward` says it is must agree. The full check takes each element of each input as a
direction, the fast one a single random direction per input (HIPS/autograd checks likewise): a wrong
gradient passes it with probability zero.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..grad_mode import no_grad
from ..tensor import Tensor
from . import gradcheck_forward as forwards
from .gradcheck_forward import GradcheckError

_doubles = (np.dtype(np.float64), np.dtype(np.complex128))


class _Tolerance(NamedTuple):
    eps: float
    atol: float
    rtol: float
    nondeterminism: float


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Whether the gradients of `func(*inputs)` agree with finite differences of step `eps`.

    Checked are the inputs that require a gradient; they should be float64, as float32 drowns the
    differences in rounding. Raises `GradcheckError` (a RuntimeError) where the two differ by more
    than `atol + rtol |numerical|`, or returns False if `raise_exception` is False. `nondet_tol` is
    how much two backward runs may differ; `check_undefined_grad` says that outputs without a
    gradient must count as outputs with a zero one; `check_grad_dtypes` that gradients have their
    inputs' dtypes. `fast_mode` compares along one random direction instead of all.

    `check_forward_ad` compares what `forward_ad` says as well (and `check_backward_ad=False` leaves
    the backward out), `check_batched_grad` and `check_batched_forward_grad` the results for several
    directions at once, by `vmap`, with those one after the other. `masked` is about sparse inputs,
    which no function is checked with: sparse tensors are made of dense ones inside of `func`.

    >>> import rushlight as torch
    >>> x = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(torch.log, (x,))
    True
    """
    arguments = _as_tuple(inputs)
    tolerance = _Tolerance(eps, atol, rtol, nondet_tol)
    try:
        wanted = _differentiable_inputs(arguments)
        outputs = _differentiable_outputs(func(*arguments))
        if not outputs:
            return _check_constant(func, arguments, wanted, tolerance)
        compare = _compare_along_one if fast_mode else _compare_all
        for number in range(len(outputs)) if check_backward_ad else ():
            for index in wanted:
                compare(func, arguments, index, number, tolerance)
        if check_forward_ad:
            forwards.check_tangents(func, arguments, wanted, tolerance, fast_mode)
        if check_batched_forward_grad:
            forwards.check_batched_tangents(func, arguments, wanted)
        if not check_backward_ad:
            return True
        if check_batched_grad:
            forwards.check_batched_gradients(func, arguments, wanted)
        if check_undefined_grad:
            _check_undefined(func, arguments, wanted, tolerance)
        if check_grad_dtypes:
            _check_dtypes(func, arguments, wanted)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    gen_non_contig_grad_outputs: bool = False,
    masked: bool = False,
) -> bool:
    """`gradcheck` of the gradients of `func`, as functions of `inputs` and of `grad_outputs`.

    `grad_outputs` are random where none are given, with `gen_non_contig_grad_outputs` as every
    other element of larger ones. `check_fwd_over_rev` compares the tangents of
    the gradients, `check_rev_over_rev` their gradients.

    >>> import rushlight as torch
    >>> x = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradgradcheck(torch.log, (x,))
    True
    """
    arguments = _as_tuple(inputs)
    outputs = _differentiable_outputs(func(*arguments))
    if grad_outputs is None:
        drawn = [_drawn_like(out) for out in outputs]
        if gen_non_contig_grad_outputs:
            drawn = [grad.unsqueeze(-1).repeat_interleave(2, -1)[..., 0] for grad in drawn]
        gradients = tuple(grad.detach().requires_grad_() for grad in drawn)
    else:
        gradients = _as_tuple(grad_outputs)

    def gradient(*values: Any) -> Any:
        given, seeds = values[: len(arguments)], values[len(arguments) :]
        results = _differentiable_outputs(func(*given))
        wanted = [t for t in given if isinstance(t, Tensor) and t.requires_grad]
        found = _grad(results, wanted, seeds, create_graph=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        gradient, (*arguments, *gradients), eps=eps, atol=atol, rtol=rtol,
        raise_exception=raise_exception, nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad, check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad, check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev, fast_mode=fast_mode,
    )  # fmt: skip


# ---- what is checked


def _as_tuple(values: Any) -> tuple[Any, ...]:
    return (values,) if isinstance(values, Tensor) else tuple(values)


def _differentiable_inputs(arguments: Sequence[Any]) -> list[int]:
    wanted = []
    for index, value in enumerate(arguments):
        if not isinstance(value, Tensor) or not value.requires_grad:
            continue
        if value.array.dtype not in _doubles:
            warnings.warn(
                f"Input #{index} requires gradient and is not a double precision floating point or "
                f"complex ({value.dtype}). This check will likely fail.",
                stacklevel=3,
            )
        if 0 in value.stride() and value.numel() > 1:
            raise RuntimeError(
                f"The {index}th input has a dimension with stride 0. gradcheck only supports "
                "inputs that are non-overlapping to be able to compute the numerical gradients "
                "correctly. You should call .contiguous on the input before passing it to "
                "gradcheck."
            )
        wanted.append(index)
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them "
            "have requires_grad=True."
        )
    return wanted


def _differentiable_outputs(result: Any) -> list[Tensor]:
    results = [result] if isinstance(result, Tensor) else list(result)
    return [t for t in results if isinstance(t, Tensor) and t.requires_grad]


def _random_like(tensor: Tensor, random: np.random.Generator) -> Tensor:
    values: Any = random.standard_normal(tuple(tensor.shape))
    if tensor.is_complex():
        values = values + 1j * random.standard_normal(tuple(tensor.shape))
    return tensor.detach().new_tensor(values)


def _drawn_like(tensor: Tensor) -> Tensor:
    """Numbers from -1 to 1 of the framework's generator, of which PyTorch takes as many."""
    from ..ops.complex import view_as_real

    values = tensor.detach().contiguous().clone()
    (view_as_real(values) if values.is_complex() else values).uniform_(-1, 1)
    return values


# ---- the two derivatives


def _numerical(
    func: Any, arguments: Any, index: int, direction: Tensor, eps: float, select: Any
) -> list[np.ndarray[Any, Any]]:
    """The derivatives of the outputs that `select` picks along a direction of one input.

    The input is moved in its own memory, so that functions that reach it otherwise than by their
    argument (a module's parameter) see it move.
    """
    target = arguments[index].data
    original = target.clone()
    values = []
    try:
        for sign in (1, -1):
            target.copy_(original + sign * eps * direction)
            values.append([_values(out) for out in select(func(*arguments))])
    finally:
        target.copy_(original)
    return [(high - low) / (2 * eps) for high, low in zip(*values, strict=True)]


def _analytical(
    func: Any, arguments: Any, index: int, number: int, seed: Any
) -> np.ndarray[Any, Any]:
    """The gradient of one input for `seed`, the gradient of output `number`."""
    output = _differentiable_outputs(func(*arguments))[number]
    (found,) = _grad([output], [arguments[index]], [seed])
    if found is None:
        return np.zeros(tuple(arguments[index].shape))
    return _values(found)


def _grad(outputs: Any, inputs: Any, seeds: Any, create_graph: bool = False) -> Any:
    from . import grad

    return grad(outputs, inputs, seeds, create_graph=create_graph, allow_unused=True)


def _values(tensor: Tensor) -> np.ndarray[Any, Any]:
    with no_grad():
        return tensor.detach().cpu().numpy().copy()


def _units(like: Tensor) -> Iterator[Tensor]:
    """The directions of each element, and after it of its imaginary part where it has one."""
    for position in range(like.numel()):
        for step in (1, 1j) if like.is_complex() else (1,):
            flat = np.zeros(like.numel(), like.array.dtype)
            flat[position] = step
            yield like.detach().new_tensor(flat.reshape(tuple(like.shape)))


def _as_reals(values: np.ndarray[Any, Any], like: Tensor) -> np.ndarray[Any, Any]:
    """The elements in the order of `_units`, complex ones as two numbers."""
    if not like.is_complex():
        return values.ravel().real
    return np.stack([values.ravel().real, values.ravel().imag], -1).ravel()


# ---- the comparisons


def _compare_all(func: Any, arguments: Any, index: int, number: int, tolerance: Any) -> None:
    """The Jacobian of one output by one input, column by column against row by row."""
    source = arguments[index]
    output = _differentiable_outputs(func(*arguments))[number]
    moved = [
        _numerical(func, arguments, index, unit, tolerance.eps, _differentiable_outputs)[number]
        for unit in _units(source)
    ]
    columns = [_as_reals(values, output) for values in moved]
    rows = [
        _as_reals(_repeatable(func, arguments, index, number, unit, tolerance), source)
        for unit in _units(output)
    ]
    shape = (len(columns), len(rows))
    numerical = np.array(columns).reshape(shape)
    analytical = np.array(rows).reshape(shape[::-1]).T
    _check_close(numerical, analytical, index, number, tolerance)


def _compare_along_one(func: Any, arguments: Any, index: int, number: int, tolerance: Any) -> None:
    """u J v for random u and v of norm 1, where a complex number counts as two real ones."""
    random = np.random.default_rng(index + 1000 * number)
    source = arguments[index]
    output = _differentiable_outputs(func(*arguments))[number]
    v, u = (_normalized(_random_like(t, random)) for t in (source, output))
    moved = _numerical(func, arguments, index, v, tolerance.eps, _differentiable_outputs)[number]
    found = _repeatable(func, arguments, index, number, u, tolerance)
    numerical = (moved * _values(u).conj()).sum().real
    analytical = (found.conj() * _values(v)).sum().real
    _check_close(numerical, analytical, index, number, tolerance)


def _normalized(direction: Tensor) -> Tensor:
    norm = float(np.linalg.norm(_values(direction)))
    return direction / norm if norm else direction


def _repeatable(
    func: Any, arguments: Any, index: int, number: int, seed: Tensor, tolerance: Any
) -> np.ndarray[Any, Any]:
    first, second = (_analytical(func, arguments, index, number, seed) for _ in range(2))
    if not np.allclose(first, second, rtol=0.0, atol=tolerance.nondeterminism, equal_nan=True):
        raise GradcheckError(
            "Backward is not reentrant, i.e., running backward with same input and grad_output "
            "multiple times gives different values. The tolerance for nondeterminism was "
            f"{tolerance.nondeterminism}."
        )
    return first


def _check_close(
    numerical: Any, analytical: Any, index: int, number: int, tolerance: Any
) -> None:
    if not np.allclose(analytical, numerical, rtol=tolerance.rtol, atol=tolerance.atol):
        raise GradcheckError(
            f"Jacobian mismatch for output {number} with respect to input {index},\n"
            f"numerical:{numerical}\nanalytical:{analytical}\n"
        )


def _check_constant(func: Any, arguments: Any, wanted: Any, tolerance: Any) -> bool:
    """A function whose outputs require no gradient must not move with its inputs."""
    random = np.random.default_rng(0)
    for index in wanted:
        direction = _random_like(arguments[index], random)
        moved = _numerical(func, arguments, index, direction, tolerance.eps, _floating)
        if any(np.abs(m).max(initial=0) > tolerance.atol for m in moved):
            raise GradcheckError("Numerical gradient for function expected to be zero")
    return True


def _floating(result: Any) -> list[Tensor]:
    results = [result] if isinstance(result, Tensor) else list(result)
    return [t for t in results if isinstance(t, Tensor) and t.is_floating_point()]


def _check_undefined(func: Any, arguments: Any, wanted: Any, tolerance: Any) -> None:
    """An output that no gradient came back to must count as one whose gradient is zero."""
    count = len(_differentiable_outputs(func(*arguments)))
    inputs = [arguments[i] for i in wanted]
    for number in range(count if count > 1 else 0):
        outputs = _differentiable_outputs(func(*arguments))
        seeds = [out.detach() * 0 + (i == number) for i, out in enumerate(outputs)]
        alone = _grad([outputs[number]], inputs, [seeds[number]])
        outputs = _differentiable_outputs(func(*arguments))
        together = _grad(outputs, inputs, seeds)
        for a, b in zip(alone, together, strict=True):
            left, right = (0.0 if g is None else _values(g) for g in (a, b))
            if not np.allclose(left, right, rtol=tolerance.rtol, atol=tolerance.atol):
                raise GradcheckError(
                    "Expected backward function to handle undefined output grads: the gradients "
                    f"of output {number} alone differ from those with zeros for the others"
                )


def _check_dtypes(func: Any, arguments: Any, wanted: Any) -> None:
    outputs = _differentiable_outputs(func(*arguments))
    inputs = [arguments[i] for i in wanted]
    gradients = _grad(outputs, inputs, [out.detach() * 0 + 1 for out in outputs])
    for value, gradient in zip(inputs, gradients, strict=True):
        if gradient is not None and gradient.dtype is not value.dtype:
            raise GradcheckError(
                f"Expected gradient of an input of {value.dtype} to have its dtype, got "
                f"{gradient.dtype}"
            )
