"""The class of sparse tensors, and how functions find what they do with one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..errors import OperationError
from ..grad_mode import no_grad
from ..layout import sparse_coo
from ..ops.declare import places
from ..tensor import Tensor, wrap
from ..torch_function import DisableTorchFunctionSubclass
from .arrays import SparseArray, not_there

Answer = Callable[..., Any]

# What functions and methods do with sparse tensors, by name: "add", "shape.__get__",
# "nn.functional.linear".
answers: dict[str, Answer] = {}

# What holds for every tensor and looks at shape, dtype and history alone.
_AS_FOR_DENSE = {
    "shape.__get__", "dtype.__get__", "device.__get__", "ndim.__get__", "dim", "size", "numel",
    "nelement", "ndimension", "is_floating_point", "is_complex", "is_signed", "is_cuda.__get__",
    "is_cpu.__get__", "is_meta.__get__", "get_device", "requires_grad.__get__",
    "requires_grad.__set__", "requires_grad_", "grad.__get__", "grad.__set__", "grad_fn.__get__",
    "is_leaf.__get__", "output_nr.__get__", "_version.__get__", "_base.__get__", "register_hook",
    "register_post_accumulate_grad_hook", "retain_grad", "retains_grad.__get__",
    "is_quantized.__get__", "is_nested.__get__", "itemsize.__get__", "element_size", "is_tensor",
    "is_inference", "__hash__", "is_same_size", "is_mkldnn.__get__", "detach_", "result_type",
    "is_conj", "is_neg", "__len__", "__dir__",
}  # fmt: skip


def answer(*names: str) -> Callable[[Answer], Answer]:
    """Lets the function below answer for those of these names."""

    def register(function: Answer) -> Answer:
        answers.update(dict.fromkeys(names, function))
        return function

    return register


class SparseTensor(Tensor):
    """A tensor that holds only the elements that are given; `layout` says in which form.

    Everything that PyTorch has for such tensors is composed of operations on their dense parts, so
    that gradients follow by themselves. What is not there is refused: nothing is made dense
    silently.
    """

    array: SparseArray

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        key = _name_of(func)
        found = answers.get(key)
        if found is not None:
            options = dict(kwargs or {})
            out = options.pop("out", None)
            result = found(*args, **options)
            return result if out is None else _written(key, out, result)
        if key in _AS_FOR_DENSE:
            with DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))
        raise not_there(key, _layout_of((*args, *(kwargs or {}).values())) or sparse_coo)


def _written(name: str, out: Any, result: Any) -> Any:
    """The result in the tensor that is given for it."""
    if not isinstance(out, Tensor) or isinstance(out, SparseTensor) != isinstance(
        result, SparseTensor
    ):
        raise OperationError(
            f"{name}: out must be a tensor of layout {result.layout}, as the result is"
        )
    if isinstance(out, SparseTensor):
        out.array.take(result.array)
        return out
    with no_grad():
        return out.resize_(result.shape).copy_(result)


@functools.cache
def _name_of(function: Any) -> str:
    """The name of a function of torch and of a method; for others that with their place."""
    name = function.__name__
    if places["torch"].get(name) is function or vars(Tensor).get(name) is function:
        return name
    from ..overrides import resolve_name

    return (resolve_name(function) or name).removeprefix("torch.").removeprefix("Tensor.")


def _layout_of(args: Any) -> Any:
    """The layout of the first sparse tensor."""
    for value in args:
        if isinstance(value, SparseTensor):
            return value.array.layout
        if isinstance(value, (tuple, list)):
            found = _layout_of(value)
            if found is not None:
                return found
    return None


def sparse(made: Tensor) -> SparseTensor:
    """What an operation has made, a sparse array, as a sparse tensor with the same history."""
    result = wrap(made.array, SparseTensor)
    result._requires_grad, result._grad_fn = made._requires_grad, made._grad_fn
    return result
