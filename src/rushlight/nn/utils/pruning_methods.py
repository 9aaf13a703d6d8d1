"""The ways to choose what is pruned, see `prune.py`."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from ...ops.creation import ones_like, zeros_like
from ...ops.random import rand, rand_like
from ...tensor import Tensor
from ..module import Module


class BasePruningMethod(ABC):
    """A way to choose what is pruned: a class defines `compute_mask` and its `PRUNING_TYPE`.

    "unstructured" chooses among the values that are not pruned yet, "structured" among the channels
    along `self.dim` of which something is left, "global" among all.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> class Negative(prune.BasePruningMethod):
    ...     def compute_mask(self, t, default_mask):
    ...         return default_mask * (t >= 0)
    >>> Negative().prune(torch.tensor([-1.0, 2.0]))
    tensor([-0., 2.])
    """

    PRUNING_TYPE = "unstructured"
    _tensor_name: str | None = None  # of the parameter that it has been applied to

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._name(module), self.apply_mask(module))

    def _name(self, module: Module) -> str:
        if self._tensor_name is None:
            raise AssertionError(f"Module {module} has to be pruned")
        return self._tensor_name

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask for a tensor of scores: `default_mask` with more zeros."""

    def apply_mask(self, module: Module) -> Tensor:
        """The pruned parameter: the original one times the mask."""
        name = self._name(module)
        original = getattr(module, f"{name}_orig")
        return getattr(module, f"{name}_mask").to(dtype=original.dtype) * original

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Tensor | None = None,
        **kwargs: Any,
    ) -> BasePruningMethod:  # fmt: skip
        """Prunes a parameter by a method of this class, made of the arguments.

        What was pruned before stays so. The importance of its values, if not given, are themselves.
        """
        method = cls._joined(module, name, cls(*args, **kwargs))
        tensor = getattr(module, name)
        scores = tensor if importance_scores is None else importance_scores
        if scores.shape != tensor.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter {name} of {module}, "
                f"got {scores.shape} vs {tensor.shape}"
            )
        first = not isinstance(method, PruningContainer)
        if first:
            module.register_parameter(f"{name}_orig", tensor)
            del module._parameters[name]
            mask = ones_like(tensor)
        else:
            mask = getattr(module, f"{name}_mask").detach().clone()
        try:
            mask = method.compute_mask(scores, default_mask=mask)
            module.register_buffer(f"{name}_mask", mask)
            setattr(module, name, method.apply_mask(module))
            module.register_forward_pre_hook(method)
        except Exception:
            if first:
                module.register_parameter(name, tensor)
                del module._parameters[f"{name}_orig"]
            raise
        return method

    @staticmethod
    def _joined(module: Module, name: str, method: BasePruningMethod) -> BasePruningMethod:
        """A new method of a parameter, with those that it has in one container."""
        method._tensor_name = name
        number = hook_of(module, name)
        if number is None:
            return method
        before: Any = module._forward_pre_hooks.pop(number)
        joined = before if isinstance(before, PruningContainer) else PruningContainer(before)
        joined.add_pruning_method(method)
        return joined

    def prune(
        self, t: Tensor, default_mask: Tensor | None = None,
        importance_scores: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """The tensor with what this method chooses set to zero."""
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as tensor t, got {scores.shape} vs "
                f"{t.shape}"
            )
        mask = ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=mask)

    def remove(self, module: Module) -> None:
        """Makes the pruned parameter an ordinary one again, with its zeros."""
        name = self._name(module)
        weight = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original = module._parameters[f"{name}_orig"]
        original.data = weight.data
        del module._parameters[f"{name}_orig"]
        del module._buffers[f"{name}_mask"]
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """The methods that have pruned one parameter, in their order.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> layer = prune.identity(torch.nn.Linear(2, 2), "weight")
    >>> [type(m).__name__ for m in prune.L1Unstructured.apply(layer, "weight", amount=1)]
    ['Identity', 'L1Unstructured']
    """

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[Any, ...] = ()
        if len(args) == 1:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod | None) -> None:
        """Adds a method of the same parameter at the end."""
        if method is not None and not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method is not None and self._tensor_name != method._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: int) -> BasePruningMethod:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask of the last method, which sees what the others have left."""
        method = self._pruning_methods[-1]
        mask = default_mask.to(dtype=t.dtype, copy=True)
        place = self._left(method, t, mask)
        mask[place] = method.compute_mask(t[place], default_mask=mask[place]).to(mask.dtype)
        return mask

    def _left(self, method: Any, t: Tensor, mask: Tensor) -> Any:
        """The index of what a method may choose from."""
        if method.PRUNING_TYPE == "unstructured":
            return mask == 1
        everything: list[Any] = [slice(None)] * t.dim()
        if method.PRUNING_TYPE == "structured":
            if not hasattr(method, "dim"):
                raise AttributeError(
                    'Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` '
                    "defined."
                )
            dim = method.dim + t.dim() if method.dim < 0 else method.dim
            if dim < 0:
                raise IndexError(
                    f"Index is out of bounds for tensor with dimensions {t.dim()}"
                )
            everything[dim] = mask.sum([d for d in range(t.dim()) if d != dim]) != 0
        elif method.PRUNING_TYPE != "global":
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        return tuple(everything)


class Identity(BasePruningMethod):
    """Prunes nothing, but makes the parameter a pruned one, with a mask of ones.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> prune.Identity().prune(torch.ones(2))
    tensor([1., 1.])
    """

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask


class RandomUnstructured(BasePruningMethod):
    """Prunes values at random: `amount` of them, or that fraction.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> prune.RandomUnstructured(0.5).prune(torch.ones(10)).sum()
    tensor(5.)
    """

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        count = _count(self.amount, t.numel())
        mask = default_mask.clone()
        if count:
            mask.view(-1)[rand_like(t).view(-1).topk(count).indices] = 0
        return mask


class L1Unstructured(BasePruningMethod):
    """Prunes the values that are smallest: `amount` of them, or that fraction.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> prune.L1Unstructured(2).prune(torch.tensor([3.0, -1.0, 2.0]))
    tensor([3., -0., 0.])
    """

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        count = _count(self.amount, t.numel())
        mask = default_mask.clone()
        if count:
            mask.view(-1)[t.abs().view(-1).topk(count, largest=False).indices] = 0
        return mask


class RandomStructured(BasePruningMethod):
    """Prunes whole channels along `dim` at random: `amount` of them, or that fraction.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> prune.RandomStructured(1, dim=0).prune(torch.ones(3, 2)).sum()
    tensor(4.)
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.dim = dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        _check_channels(t, self.dim)
        channels = t.shape[self.dim]
        count = _count(self.amount, channels)
        if not count:
            return default_mask
        chance = rand(channels)
        return _channels_kept(t, self.dim, chance > chance.kthvalue(count).values, default_mask)


class LnStructured(BasePruningMethod):
    """Prunes the channels along `dim` whose `n`-norm is smallest: `amount`, or that fraction.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> prune.LnStructured(1, n=2, dim=0).prune(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[0., 0.],
            [3., 4.]])
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.n = n
        self.dim = dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        _check_channels(t, self.dim)
        channels = t.shape[self.dim]
        count = _count(self.amount, channels)
        if not count:
            return default_mask
        norms = t.norm(self.n, [d for d in range(t.dim()) if d != self.dim % t.dim()])
        kept = norms.topk(channels - count).indices
        return _channels_kept(t, self.dim, kept, default_mask)


class CustomFromMask(BasePruningMethod):
    """Prunes what a given mask has zeros for.

    >>> import rushlight as torch
    >>> from rushlight.nn.utils import prune
    >>> prune.CustomFromMask(torch.tensor([0, 1])).prune(torch.ones(2))
    tensor([0., 1.])
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape "
                f"{self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)


def hook_of(module: Module, name: str) -> int | None:
    """The number of the hook that prunes a parameter, if there is one."""
    for number, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return number
    return None


def _channels_kept(t: Tensor, dim: int, kept: Tensor, before: Tensor) -> Tensor:
    """The mask with ones in some channels along a dimension, and where they were before."""
    mask = zeros_like(t)
    place: list[Any] = [slice(None)] * t.dim()
    place[dim] = kept
    mask[tuple(place)] = 1
    return mask * before.to(dtype=mask.dtype)


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    if amount < 0 or not isinstance(amount, numbers.Integral) and not amount <= 1:
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
            "integer"
        )


def _count(amount: Any, available: int) -> int:
    """How many of the available ones an amount or fraction is."""
    count = int(amount if isinstance(amount, numbers.Integral) else round(amount * available))
    if count > available:
        raise ValueError(
            f"amount={count} should be smaller than the number of parameters to prune={available}"
        )
    return count


def _check_channels(t: Tensor, dim: int) -> None:
    if t.dim() <= 1:
        raise ValueError(
            "Structured pruning can only be applied to multidimensional tensors. Found tensor of "
            f"shape {t.shape} with {t.dim()} dims"
        )
    if dim >= t.dim():
        raise IndexError(f"Invalid index {dim} for tensor of size {t.shape}")
