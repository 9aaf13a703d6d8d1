"""Functions of lists of tensors: `torch._foreach_add(tensors, 1)` adds 1 to each of them.

PyTorch documents none of them, but optimizers and averages of weights are written with them. Each
calls the function or method of its name for every tensor, with its own of the other operands: a
list of tensors or of numbers has one for each tensor, a number or a 0-d tensor is for all. Those
that end in `_` change the tensors and return the list.

>>> import rushlight as torch
>>> x = [torch.ones(2), torch.zeros(1)]
>>> torch._foreach_add(x, [torch.ones(2), torch.ones(1)], alpha=3)
(tensor([4., 4.]), tensor([3.]))
>>> torch._foreach_mul_(x, 5)
[tensor([5., 5.]), tensor([0.])]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Number
from typing import Any

from .errors import OperationError
from .ops.choices import maximum, minimum
from .ops.linalg_norms import vector_norm
from .ops.powers import pow as power
from .tensor import Tensor

UNARY = (
    "abs", "acos", "asin", "atan", "ceil", "cos", "cosh", "erf", "erfc", "exp", "expm1", "floor",
    "frac", "lgamma", "log", "log10", "log1p", "log2", "neg", "reciprocal", "round", "rsqrt",
    "sigmoid", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
)  # fmt: skip
BINARY = ("add", "sub", "mul", "div", "pow", "clamp_max", "clamp_min", "maximum", "minimum")
OF_0_D_TENSORS = ("add", "sub", "mul", "div")  # for all tensors of the list
POINTWISE = ("addcdiv", "addcmul")


def _tensors(name: str, given: Any, argument: str = "self", position: int = 1) -> list[Tensor]:
    """A list of at least one tensor."""
    if not isinstance(given, (list, tuple)):
        raise TypeError(
            f"{name}(): argument '{argument}' (position {position}) must be tuple of Tensors, not "
            f"{type(given).__name__}"
        )
    for place, value in enumerate(given):
        if not isinstance(value, Tensor):
            raise TypeError(
                f"{name}(): expected Tensor as element {place} in argument {position - 1}, but got "
                f"{type(value).__name__}"
            )
    if not given:
        raise OperationError(f"{name}: Tensor list must have at least one tensor.")
    return list(given)


def _others(name: str, given: Any, argument: str, position: int, count: int) -> list[Tensor]:
    """A list of as many tensors as `self` has."""
    found = _tensors(name, given, argument, position)
    if len(found) != count:
        raise OperationError(
            f"{name}: Tensor lists must have the same number of tensors, got {count} and "
            f"{len(found)}"
        )
    return found


def _numbers(name: str, given: Any, count: int) -> list[Any] | None:
    """A number for each of `count` tensors; None where `given` is no number or list of them."""
    if isinstance(given, Number):
        return [given] * count
    if not isinstance(given, (list, tuple)) or not all(isinstance(v, Number) for v in given):
        return None
    if len(given) != count:
        raise OperationError(
            f"{name}: Tensor list must have same number of elements as scalar list, got {count} "
            f"and {len(given)}"
        )
    return list(given)


def _one_for_all(name: str, given: Tensor, count: int) -> list[Tensor]:
    if given.ndim:
        raise OperationError(
            f"{name}: scalar tensor expected to be 0 dim but it has {given.ndim} dimensions and "
            f"{given.numel()} elements."
        )
    return [given] * count


def _only(name: str, **given: Any) -> tuple[str, Any]:
    """The one operand that is given, of several names that it may have."""
    found = [(key, value) for key, value in given.items() if value is not None]
    if len(found) != 1:
        names = ", ".join(f"'{key}'" for key in given)
        raise TypeError(f"{name}() takes one argument after the tensors, one of {names}")
    return found[0]


def _copy(tensor: Tensor, values: Tensor) -> Tensor:
    return tensor.copy_(values)


def _finished(name: str, tensors: Any, results: Iterable[Any]) -> Any:
    made = tuple(results)
    return tensors if name.endswith("_") else made


def _unary(name: str, method: str) -> Callable[..., Any]:
    call = getattr(Tensor, method)

    def function(self: Any) -> Any:
        return _finished(name, self, map(call, _tensors(name, self)))

    return function


def _binary(name: str, method: str) -> Callable[..., Any]:
    call = getattr(Tensor, method)
    in_place = name.endswith("_")
    between = _OF_TENSORS.get(name.rstrip("_"))

    def function(
        self: Any, other: Any = None, *, scalar: Any = None, scalars: Any = None,
        exponent: Any = None, alpha: Any = None,
    ) -> Any:  # fmt: skip
        if name == "_foreach_pow" and isinstance(self, Number):
            exponents = exponent if other is None else other
            return tuple([power(self, x) for x in _tensors(name, exponents, "exponent", 2)])
        tensors = _tensors(name, self)
        argument, second = _only(
            name, other=other, scalar=scalar, scalars=scalars, exponent=exponent
        )
        found: list[Any] | None = _numbers(name, second, len(tensors))
        if found is not None and alpha is not None:
            raise TypeError(f"{name}(): alpha goes with tensors, not with numbers")
        if found is None and isinstance(second, Tensor):
            if second.ndim == 0 or method.rstrip("_") in OF_0_D_TENSORS:
                found = _one_for_all(name, second, len(tensors))
        if found is None:
            found = _others(name, second, argument, 2, len(tensors))
            if between is not None:  # the gradients of equal elements are halves of each
                made = map(between, tensors, found)
                return _finished(name, self, map(_copy, tensors, made) if in_place else made)
        if alpha is None:
            return _finished(name, self, map(call, tensors, found))
        pairs = zip(tensors, found, strict=True)
        return _finished(name, self, [call(x, y, alpha=alpha) for x, y in pairs])

    return function


def _pointwise(name: str, method: str) -> Callable[..., Any]:
    call = getattr(Tensor, method)

    def function(
        self: Any, tensor1: Any, tensor2: Any, value: Any = None, *, scalars: Any = None
    ) -> Any:
        tensors = _tensors(name, self)
        first = _others(name, tensor1, "tensor1", 2, len(tensors))
        second = _others(name, tensor2, "tensor2", 3, len(tensors))
        given: Any = 1
        if value is not None or scalars is not None:
            given = _only(name, value=value, scalars=scalars)[1]
        if isinstance(given, Tensor):
            if given.ndim != 1:
                raise OperationError(
                    f"{name}: Expected packed scalar Tensor to be of dimension 1. Got "
                    f"{given.ndim} instead."
                )
            given = given.tolist()
        factors = _numbers(name, given, len(first))
        if factors is None:
            raise TypeError(
                f"{name}(): argument 'value' (position 4) must be Number or tuple of Scalars, not "
                f"{type(given).__name__}"
            )
        rows = zip(tensors, first, second, factors, strict=True)
        return _finished(name, self, [call(x, a, b, value=v) for x, a, b, v in rows])

    return function


def _lerp(name: str, method: str) -> Callable[..., Any]:
    call = getattr(Tensor, method)

    def function(
        self: Any, tensors1: Any, weight: Any = None, *, weights: Any = None, scalars: Any = None
    ) -> Any:
        tensors = _tensors(name, self)
        ends = _others(name, tensors1, "tensors1", 2, len(tensors))
        argument, given = _only(name, weight=weight, weights=weights, scalars=scalars)
        parts: Any = _numbers(name, given, len(tensors))
        if parts is None and isinstance(given, Tensor):
            parts = _one_for_all(name, given, len(tensors))
        if parts is None:
            parts = _others(name, given, argument, 3, len(tensors))
        return _finished(name, self, map(call, tensors, ends, parts))

    return function


def _foreach_norm(self: Any, ord: Any = 2, dtype: Any = None) -> tuple[Tensor, ...]:
    return tuple([vector_norm(x, ord, dtype=dtype) for x in _tensors("_foreach_norm", self)])


def _foreach_powsum(self: Any, ord: Any = 2, dtype: Any = None) -> tuple[Tensor, ...]:
    tensors = _tensors("_foreach_powsum", self)
    return tuple([x.to(dtype or x.dtype).abs().pow(ord).sum() for x in tensors])


def _foreach_max(self: Any) -> tuple[Tensor, ...]:
    return tuple([x.max() for x in _tensors("_foreach_max", self)])


def _foreach_mm(self: Any, mat2: Any) -> tuple[Tensor, ...]:
    tensors = _tensors("_foreach_mm", self)
    return tuple(map(Tensor.mm, tensors, _others("_foreach_mm", mat2, "mat2", 2, len(tensors))))


def _foreach_clone(self: Any, *, memory_format: Any = None) -> tuple[Tensor, ...]:
    options = {} if memory_format is None else {"memory_format": memory_format}
    return tuple([x.clone(**options) for x in _tensors("_foreach_clone", self)])


def _foreach_copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    tensors = _tensors("_foreach_copy_", self)
    sources = _others("_foreach_copy_", src, "src", 2, len(tensors))
    return _finished("_foreach_copy_", self, map(Tensor.copy_, tensors, sources))


# What is called for lists of tensors, and the methods for numbers.
_OF_TENSORS = {"_foreach_maximum": maximum, "_foreach_minimum": minimum}
_METHODS = {
    "maximum": "clamp_min", "maximum_": "clamp_min_",
    "minimum": "clamp_max", "minimum_": "clamp_max_",
}  # fmt: skip


def _publish() -> None:
    forms = ((_unary, UNARY), (_binary, BINARY), (_pointwise, POINTWISE), (_lerp, ("lerp",)))
    wanted = [(make, method) for make, names in forms for n in names for method in (n, n + "_")]
    for make, method in [*wanted, (_unary, "zero_")]:
        name = f"_foreach_{method}"
        function = make(name, _METHODS.get(method, method))
        function.__name__ = function.__qualname__ = name
        globals()[name] = function


_publish()
