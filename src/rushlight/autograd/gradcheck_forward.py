"""What `gradcheck` asks of tangents, and of several directions at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor

_DIRECTIONS = 2  # that are taken at once


class GradcheckError(RuntimeError):
    """The gradient that `backward` gives is not the function's."""


def check_tangents(
    func: Callable[..., Any], arguments: Any, wanted: list[int], tolerance: Any, fast: bool
) -> None:
    """Tangents by `forward_ad` against finite differences, along each element or one direction."""
    from .gradcheck import _normalized, _numerical, _random_like, _units, _values

    for index in wanted:
        source = arguments[index]
        random = np.random.default_rng(index)
        directions = [_normalized(_random_like(source, random))] if fast else _units(source)
        for direction in directions:
            moved = _numerical(func, arguments, index, direction, tolerance.eps, _outputs)
            found = tangents_of(func, arguments, index, direction)
            for number, (numerical, tangent) in enumerate(zip(moved, found, strict=True)):
                analytical = np.zeros_like(numerical) if tangent is None else _values(tangent)
                if not np.allclose(analytical, numerical, tolerance.rtol, tolerance.atol):
                    raise GradcheckError(
                        f"Jacobian computed with forward mode mismatch for output {number} with "
                        f"respect to input {index},\nnumerical:{numerical}\n"
                        f"analytical:{analytical}\n"
                    )


def tangents_of(
    func: Callable[..., Any], arguments: Any, index: int, direction: Tensor
) -> list[Tensor | None]:
    """The outputs' tangents where one argument moves in a direction."""
    from . import forward_ad

    with forward_ad.dual_level():
        given = list(arguments)
        given[index] = forward_ad.make_dual(given[index], direction)
        return [forward_ad.unpack_dual(output).tangent for output in _outputs(func(*given))]


def _outputs(result: Any) -> list[Tensor]:
    results = [result] if isinstance(result, Tensor) else list(result)
    return [t for t in results if isinstance(t, Tensor) and (t.is_floating_point() or
                                                             t.is_complex())]  # fmt: skip


def check_batched_tangents(
    func: Callable[..., Any], arguments: Any, wanted: list[int]
) -> None:
    from ..func.batching import vmap
    from ..ops.joining import stack
    from .gradcheck import _random_like

    random = np.random.default_rng(0)
    for index in wanted:
        directions = [_random_like(arguments[index], random) for _ in range(_DIRECTIONS)]

        def move(direction: Tensor, index: int = index) -> tuple[Tensor, ...]:
            found = tangents_of(func, arguments, index, direction)
            return tuple([tangent for tangent in found if tangent is not None])

        alone = [move(direction) for direction in directions]
        together = vmap(move)(stack(directions))
        _check_alike("forward", alone, together, index)


def check_batched_gradients(
    func: Callable[..., Any], arguments: Any, wanted: list[int]
) -> None:
    from ..ops.joining import stack
    from . import grad
    from .gradcheck import _differentiable_outputs, _random_like

    random = np.random.default_rng(0)
    inputs = [arguments[index] for index in wanted]
    for number in range(len(_differentiable_outputs(func(*arguments)))):
        output = _differentiable_outputs(func(*arguments))[number]
        seeds = [_random_like(output, random) for _ in range(_DIRECTIONS)]
        options: Any = {"retain_graph": True, "allow_unused": True}
        alone = [
            [g for g in grad(output, inputs, seed, **options) if g is not None] for seed in seeds
        ]
        batched = grad(output, inputs, stack(seeds), is_grads_batched=True, **options)
        _check_alike("backward", alone, [g for g in batched if g is not None], number)


def _check_alike(way: str, alone: Any, together: Any, number: int) -> None:
    from .gradcheck import _values

    for place, batch in enumerate(together):
        for example, single in zip(_values(batch), alone, strict=True):
            if not np.allclose(example, _values(single[place]), equal_nan=True):
                raise GradcheckError(
                    f"While testing batched {way} mode gradients, got a different result from vmap "
                    f"than from one direction after the other, for number {number}:\n"
                    f"expected:{_values(single[place])}\nactual:{example}\n"
                )
