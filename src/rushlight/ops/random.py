"""Random tensors. On the CPU the streams are PyTorch's: same seed, same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.explain import invalid_combination
from ..autograd.operation import Operation
from ..categories import FLOATS, ORDERED, check_taken, refused
from ..device import chosen, default_device
from ..device import device as Device
from ..dtype import BOOL, COMPLEX, FLOATING, INTEGER, category_of, get_default_dtype, int64
from ..dtype import dtype as DType
from ..errors import OperationError
from ..kernels import launch
from ..kernels.base.memory_order import filling_order
from ..kernels.devices import is_same_device
from ..layout import preserve_format
from ..random import Generator, default_generator, default_generator_of, default_state
from ..tensor import Tensor, wrap
from ..type_info import iinfo
from ..types import AnyDevice
from .common import check, new_shape, table_of
from .creation import empty, empty_like, finished, table_at, zeros_like
from .declare import operation
from .signatures import signature_of


def _state(generator: Generator | None, device: Any) -> Any:
    """The state to draw from on a device: that of `generator`, or of the default one there."""
    if generator is None and device is None and not chosen:
        return default_generator.state
    where = default_device() if device is None else Device(device)
    if generator is None:
        return default_generator_of(where).state
    if not isinstance(generator, Generator):
        raise TypeError(f"generator must be a torch.Generator, not {type(generator).__name__}")
    if where.type != "meta" and not is_same_device(where, generator.device):
        raise RuntimeError(
            f"Expected a '{where}' device type for generator but found '{generator.device}'"
        )
    return generator.state


def drawing(table: Any) -> Any:
    """The table that draws: within `vmap` for all examples, or each by itself."""
    return table if launch.batching is None else launch.batching.drawing(table)


def _drawing_at(device: Any) -> Any:
    return drawing(table_at(device))


def _floating_of(name: str, x: Tensor) -> np.dtype[Any]:
    """The dtype of a tensor that is to be filled."""
    kind = x.array.dtype
    return kind if category_of(kind) == FLOATING else _floating(name, x.dtype)


def _floating(name: str, dtype: Any) -> np.dtype[Any]:
    kind = dtype or get_default_dtype()
    if kind.category != FLOATING:
        raise refused(name, kind, FLOATS)
    return kind.numpy


def _filled(
    fill: str, shape: Any, dtype: Any, device: Any, generator: Any, requires_grad: bool
) -> Tensor:
    """A new tensor, filled by one of the methods below."""
    made = empty(shape, dtype=dtype, device=device)
    return getattr(made, fill)(generator=generator).requires_grad_(requires_grad)


@operation(method=False)
def rand(
    *size: Any, generator: Generator | None = None, dtype: DType | None = None,
    device: AnyDevice = None, requires_grad: bool = False, out: Tensor | None = None,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers drawn evenly from [0, 1).

    >>> import rushlight as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.rand(3)
    tensor([0.4963, 0.7682, 0.0885])
    """
    shape = new_shape(size)
    if (dtype or get_default_dtype()).category == COMPLEX:
        return _filled("uniform_", shape, dtype, device, generator, requires_grad)
    kind = _floating("rand", dtype)
    array = _drawing_at(device).random_uniform(_state(generator, device), shape, 0.0, 1.0, kind)
    return finished(array, requires_grad)


@operation(method=False)
def randn(
    *size: Any, generator: Generator | None = None, dtype: DType | None = None,
    device: AnyDevice = None, requires_grad: bool = False, out: Tensor | None = None,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers drawn from the normal distribution of mean 0 and variance 1.

    >>> import rushlight as torch
    >>> torch.randn(3)
    tensor([ 1.5410, -0.2934, -2.1788])
    """
    shape = new_shape(size)
    if (dtype or get_default_dtype()).category == COMPLEX:
        return _filled("normal_", shape, dtype, device, generator, requires_grad)
    kind = _floating("randn", dtype)
    array = _drawing_at(device).random_normal(_state(generator, device), shape, 0.0, 1.0, kind)
    return finished(array, requires_grad)


@operation(method=False, out="cast")
def randint(
    low: int = 0, high: Any = None, size: Any = None, *, generator: Generator | None = None,
    dtype: DType | None = None, device: AnyDevice = None, requires_grad: bool = False,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Whole numbers drawn evenly from `low` (0 if only one is given) to `high` - 1.

    >>> import rushlight as torch
    >>> torch.randint(10, (3,))
    tensor([4, 9, 3])
    """
    if size is None and (high is None or isinstance(high, (int, np.integer))):
        raise invalid_combination("randint", (low,) if high is None else (low, high))
    if not isinstance(high, (int, np.integer)):
        low, high, size = 0, low, high if size is None else size
    kind = (dtype or int64).numpy
    shape = new_shape((size,))
    _check_range("randint", low, high, kind)
    array = _drawing_at(device).random_integers(_state(generator, device), shape, low, high, kind)
    return finished(array, requires_grad)


def _check_range(name: str, low: int, high: int, dtype: np.dtype[Any]) -> None:
    if low >= high:
        raise OperationError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    if category_of(dtype) in (BOOL, INTEGER):
        least, most = 0, 1
        if category_of(dtype) == INTEGER:
            info = iinfo(DType.from_numpy(dtype))
            least, most = info.min, info.max
        if low < least or high - 1 > most:
            raise OperationError(
                f"{name}: from={low} and to={high} are out of bounds for {dtype.name}, which goes "
                f"from {least} to {most}"
            )


@operation(method=False, out="cast")
def randperm(
    n: int, *, generator: Generator | None = None, dtype: DType | None = None,
    device: AnyDevice = None, layout: Any = None, pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The numbers from 0 to n - 1 in a random order.

    >>> import rushlight as torch
    >>> torch.randperm(4)
    tensor([0, 1, 3, 2])
    """
    if n < 0:
        raise OperationError(f"randperm: n must be non-negative, got {n}")
    array = _drawing_at(device).random_permutation(_state(generator, device), n)
    drawn = wrap(array).to(dtype or int64)
    return drawn.requires_grad_() if requires_grad else drawn


def drawn_like(
    x: Tensor, kernel: str, generator: Any, *parameters: Any, within: bool = False
) -> Any:
    """An array of x's shape, filled in x's memory order with what a kernel draws.

    It is dense, or, as far as the stream can tell, x's own memory if it is drawn `within` x.
    """
    table, array = drawing(table_of(x)), x.array
    draw = getattr(table, kernel)
    source = default_state(array) if generator is None else _state(generator, x.device)
    axes, back, contiguous = filling_order(array)
    if kernel == "random_normal" and not (contiguous if within else axes is None):
        parameters = (*parameters, True)  # in pairs
    if axes is None:
        return draw(source, array.shape, *parameters)
    if kernel == "random_bernoulli" and isinstance(parameters[0], type(array)):
        parameters = (table.permute(parameters[0], axes),)
    shape = array.shape
    return table.permute(draw(source, tuple([shape[axis] for axis in axes]), *parameters), back)


def _template(x: Tensor, device: Any, memory_format: Any) -> Tensor:
    """A tensor of the device and the memory order that a function `..._like` was asked for."""
    if device is not None and Device(device) != x.device:
        return empty(x.shape, dtype=x.dtype, device=device)
    if memory_format not in (None, preserve_format):
        return x.detach().contiguous(memory_format=memory_format)
    return x


def _random_like(
    name: str, kernel: str, input: Tensor, *, dtype: DType | None = None,
    requires_grad: bool = False, device: AnyDevice = None, generator: Generator | None = None,
    memory_format: Any = None, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    source, kind = _template(input, device, memory_format), dtype or input.dtype
    if kind.category == COMPLEX:
        made = empty_like(source, dtype=dtype)
        filled = made.uniform_ if kernel == "random_uniform" else made.normal_
        return filled(generator=generator).requires_grad_(requires_grad)
    array = drawn_like(source, kernel, generator, 0.0, 1.0, _floating(name, kind))
    return finished(array, requires_grad)


@operation(method=False)
@signature_of(_random_like)
def rand_like(input: Tensor, **options: Any) -> Tensor:
    """`rand` in input's shape, dtype, device and memory order.

    >>> import rushlight as torch
    >>> x = torch.rand_like(torch.zeros(2, 3, dtype=torch.float64))
    >>> x.shape, x.dtype, ((0 <= x) & (x < 1)).all()
    (torch.Size([2, 3]), torch.float64, tensor(True))
    """
    return _random_like("rand", "random_uniform", input, **options)


@operation(method=False)
@signature_of(_random_like)
def randn_like(input: Tensor, **options: Any) -> Tensor:
    """`randn` in input's shape, dtype, device and memory order.

    >>> import rushlight as torch
    >>> x = torch.randn_like(torch.zeros(2, 3, dtype=torch.float64))
    >>> x.shape, x.dtype
    (torch.Size([2, 3]), torch.float64)
    """
    return _random_like("randn", "random_normal", input, **options)


@operation(method=False)
def randint_like(
    input: Tensor, low: int, high: Any = None, *, dtype: DType | None = None,
    requires_grad: bool = False, device: AnyDevice = None, generator: Generator | None = None,
    memory_format: Any = None, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`randint` in input's shape, dtype, device and memory order.

    >>> import rushlight as torch
    >>> x = torch.randint_like(torch.zeros(100), 3)
    >>> x.unique()
    tensor([0., 1., 2.])
    """
    if high is None:
        low, high = 0, low
    kind = (dtype or input.dtype).numpy
    if category_of(kind) == COMPLEX:
        raise refused("randint_like", dtype or input.dtype, ORDERED)
    _check_range("randint", low, high, kind)
    source = _template(input, device, memory_format)
    array = drawn_like(source, "random_integers", generator, low, high, kind)
    return finished(array, requires_grad)


class Drawn(Operation):
    """Random numbers from distributions that tensors describe, flat in these."""

    @staticmethod
    def forward(kernels: Any, drawn: Any, *parameters: Any) -> Any:
        return drawn

    def backward(self, grad: Tensor) -> Any:
        return None, *[zeros_like(grad) for _ in self._edges[1:]]


_Bernoulli, _Normal = Drawn.renamed("Bernoulli"), Drawn.renamed("Normal")


@operation(method=False, out="cast")
def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None,
    dtype: DType | None = None, device: AnyDevice = None, layout: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from normal distributions of `mean` and `std`, numbers or tensors that broadcast.

    `size` is the shape where both are numbers. RuntimeError for a negative `std`.

    >>> import rushlight as torch
    >>> x = torch.normal(torch.tensor([0.0, 100.0]), torch.tensor([0.0, 1.0]))
    >>> x[0], abs(x[1] - 100) < 9
    (tensor(0.), tensor(True))
    >>> torch.normal(5.0, 1.0, (2, 3)).shape
    torch.Size([2, 3])
    """
    if isinstance(std, Tensor):
        check(std >= 0, OperationError, "normal expects all elements of std >= 0.0")
    if size is None and not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        raise invalid_combination("normal", (mean, std))
    if size is None:
        like = mean if isinstance(mean, Tensor) else std
        shape = np.broadcast_shapes(getattr(mean, "shape", ()), getattr(std, "shape", ()))
        given = [v for v in (mean, std) if isinstance(v, Tensor)]
        mean, std = (v.detach() if isinstance(v, Tensor) else v for v in (mean, std))
        drawn = randn(shape, generator=generator, dtype=like.dtype, device=like.device)
        return _Normal.apply(drawn * std + mean, *given)
    if std < 0:
        raise OperationError(f"normal expects std >= 0.0, but found std {std}")
    if dtype is not None and dtype.category == COMPLEX:
        made = empty(new_shape((size,)), dtype=dtype, device=device)
        return made.normal_(mean, std, generator=generator)
    array = _drawing_at(device).random_normal(
        _state(generator, device), new_shape((size,)), mean, std, _floating("normal", dtype)
    )
    return wrap(array)


@operation(out="cast")
def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None
) -> Tensor:
    """1 with the probability that the input's element (or `p`) says, else 0.

    >>> import rushlight as torch
    >>> torch.bernoulli(torch.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    check_taken("bernoulli", input, FLOATS if p is None else ORDERED)
    probability: Any = p
    if p is None:
        probability = _probabilities(input)
    elif not 0 <= p <= 1:
        raise OperationError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    table = drawing(table_of(input))
    mask = table.random_bernoulli(_state(generator, input.device), input.array.shape, probability)
    drawn = wrap(table.cast(mask, input.array.dtype))
    return _Bernoulli.apply(drawn, input) if p is None else drawn


def _probabilities(p: Tensor) -> Any:
    message = "bernoulli: Expected p_in >= 0 && p_in <= 1 to be true"
    check((p >= 0) & (p <= 1), OperationError, message)
    return p.array


@operation(out="exact")
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *,
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """`num_samples` indices per row, drawn with the row's elements as weights.

    (n) gives (num_samples), (m, n) gives (m, num_samples). RuntimeError for weights that are
    negative, infinite or nan.

    >>> import rushlight as torch
    >>> torch.multinomial(torch.tensor([0.0, 1.0, 0.0]), 4, replacement=True)
    tensor([1, 1, 1, 1])
    """
    if input.array.ndim not in (1, 2) or not input.is_floating_point():
        raise RuntimeError("prob_dist must be 1 or 2 dim, and floating")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > input.array.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    table = drawing(table_of(input))
    source = _state(generator, input.device)
    return wrap(table.random_multinomial(source, input.array, num_samples, bool(replacement)))
