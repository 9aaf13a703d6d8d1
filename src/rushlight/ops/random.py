"""Random tensors. On the CPU the streams are PyTorch's: same seed, same numbers."""

from __future__ import annotations

from math import inf
from typing import Any

import ml_dtypes
import numpy as np

from ..autograd.explain import invalid_combination
from ..autograd.inplace import check_memory, is_tracked
from ..autograd.mirror import written
from ..autograd.operation import Operation
from ..categories import FLOATS, ORDERED, REALS, check_taken, refused
from ..device import chosen, default_device
from ..device import device as Device
from ..dtype import BOOL, COMPLEX, FLOATING, INTEGER, category_of, get_default_dtype, int64
from ..dtype import dtype as DType
from ..errors import OperationError
from ..grad_mode import state
from ..kernels import launch
from ..kernels.base.memory_order import filling_order
from ..kernels.devices import is_same_device
from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import watchers
from ..layout import preserve_format
from ..random import Generator, default_generator, default_generator_of, default_state
from ..tensor import Tensor, wrap
from ..type_info import iinfo
from ..types import AnyDevice
from .common import check, check_same_device, new_shape, table_of
from .complex import view_as_real
from .creation import empty, empty_like, finished, table_at, zeros_like
from .declare import operation


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


@operation(method=False)
def randint(
    low: int = 0, high: Any = None, size: Any = None, *, generator: Generator | None = None,
    dtype: DType | None = None, device: AnyDevice = None, requires_grad: bool = False,
    layout: Any = None, pin_memory: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Whole numbers drawn evenly from `low` (0 if only one is given) to `high` - 1.

    >>> import rushlight as torch
    >>> torch.randint(10, (3,))
    tensor([4, 9, 3])
    """
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


@operation(method=False)
def randperm(
    n: int, *, generator: Generator | None = None, dtype: DType | None = None,
    device: AnyDevice = None, layout: Any = None, pin_memory: bool = False,
    requires_grad: bool = False, out: Tensor | None = None,
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


@operation(method=False)
def rand_like(
    input: Tensor, *, dtype: DType | None = None, requires_grad: bool = False,
    device: AnyDevice = None, generator: Generator | None = None, memory_format: Any = None,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`rand` in input's shape, dtype, device and memory order.

    >>> import rushlight as torch
    >>> x = torch.rand_like(torch.zeros(2, 3, dtype=torch.float64))
    >>> x.shape, x.dtype, ((0 <= x) & (x < 1)).all()
    (torch.Size([2, 3]), torch.float64, tensor(True))
    """
    source = _template(input, device, memory_format)
    if (dtype or input.dtype).category == COMPLEX:
        made = empty_like(source, dtype=dtype).uniform_(generator=generator)
        return made.requires_grad_(requires_grad)
    kind = _floating("rand", dtype or input.dtype)
    return finished(drawn_like(source, "random_uniform", generator, 0.0, 1.0, kind), requires_grad)


@operation(method=False)
def randn_like(
    input: Tensor, *, dtype: DType | None = None, requires_grad: bool = False,
    device: AnyDevice = None, generator: Generator | None = None, memory_format: Any = None,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`randn` in input's shape, dtype, device and memory order.

    >>> import rushlight as torch
    >>> x = torch.randn_like(torch.zeros(2, 3, dtype=torch.float64))
    >>> x.shape, x.dtype
    (torch.Size([2, 3]), torch.float64)
    """
    source = _template(input, device, memory_format)
    if (dtype or input.dtype).category == COMPLEX:
        made = empty_like(source, dtype=dtype).normal_(generator=generator)
        return made.requires_grad_(requires_grad)
    kind = _floating("randn", dtype or input.dtype)
    return finished(drawn_like(source, "random_normal", generator, 0.0, 1.0, kind), requires_grad)


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


@operation(method=False)
def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None,
    dtype: DType | None = None, device: AnyDevice = None, layout: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False, out: Tensor | None = None,
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


@operation
def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
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
    generator: Generator | None = None, out: Tensor | None = None,
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


def _refill(self: Tensor, kernel: str, generator: Any, *parameters: Any) -> Tensor:
    """Overwrites a tensor with what a kernel draws."""
    array = self.array
    if self._requires_grad is not False or 0 in array.strides:
        check_memory(self)
    elif not watchers and launch.batching is None and (self._view is None or not is_tracked(self)):
        # A plain tensor, as most are: there is little to ask.
        table = kernel_tables[type(array)]
        if generator is None and array.base is None and array.flags.c_contiguous:
            drawn = getattr(table, kernel)(default_state(array), array.shape, *parameters)
        else:
            drawn = drawn_like(self, kernel, generator, *parameters, within=True)
        table.copy(array, drawn)
        written(self)
        return self
    drawn = drawn_like(self, kernel, generator, *parameters, within=True)
    if state.enabled and is_tracked(self):
        return self.copy_(wrap(drawn))
    table_of(self, drawn).copy(self.array, drawn)
    written(self)
    return self


def _bounds(name: str, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
    """Bounds that may also be given as `from` and `to`: the former is no name in Python."""
    for word in named:
        if word not in ("from", "to"):
            raise TypeError(f"{name}() got an unexpected keyword argument '{word}'")
    return named.get("from", given[0]), named.get("to", given[1])


@operation("Tensor")
def uniform_(
    self: Tensor, a: float = 0.0, b: float = 1.0, *, generator: Generator | None = None,
    **bounds: Any,
) -> Tensor:  # fmt: skip
    """Fills with numbers drawn evenly from [from, to); RuntimeError where to < from.

    >>> import rushlight as torch
    >>> x = torch.empty(100).uniform_(2, 3)
    >>> ((2 <= x) & (x < 3)).all()
    tensor(True)
    """
    low, high = _bounds("uniform_", (a, b), bounds) if bounds else (a, b)
    if not low <= high or high - low == inf:
        raise OperationError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}"
        )
    if category_of(self.array.dtype) == COMPLEX:  # both parts
        view_as_real(self).uniform_(low, high, generator=generator)
        return self
    kind = _floating_of("uniform_", self)
    return _refill(self, "random_uniform", generator, low, high, kind)


@operation("Tensor")
def normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fills with numbers drawn from a normal distribution; RuntimeError for a negative `std`.

    Of complex numbers each part has the mean, as in PyTorch, and half of the variance.

    >>> import rushlight as torch
    >>> x = torch.empty(10000).normal_(5, 2)
    >>> (x.mean() - 5).abs() < 0.1, (x.std() - 2).abs() < 0.1
    (tensor(True), tensor(True))
    """
    if std < 0:
        raise OperationError(f"normal expects std >= 0.0, but found std {std}")
    if category_of(self.array.dtype) == COMPLEX:
        view_as_real(self).normal_(mean, std / 2**0.5, generator=generator)
        return self
    kind = _floating_of("normal_", self)
    return _refill(self, "random_normal", generator, mean, std, kind)


@operation("Tensor")
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fills with numbers of the density lambd exp(-lambd x), x > 0; RuntimeError unless lambd > 0.

    >>> import rushlight as torch
    >>> x = torch.empty(10000).exponential_(2)
    >>> (x > 0).all(), (x.mean() - 0.5).abs() < 0.05
    (tensor(True), tensor(True))
    """
    if not lambd > 0:
        raise OperationError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    _check_continuous("exponential_", self)
    return _refill(self, "random_exponential", generator, lambd, self.array.dtype)


def _check_continuous(name: str, x: Tensor) -> None:
    if category_of(x.array.dtype) != FLOATING:
        raise OperationError(
            f"{name}: a continuous probability distribution needs a floating-point dtype, but you "
            f"specified {x.dtype}"
        )


@operation("Tensor")
def cauchy_(
    self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fills with numbers of the density sigma / (pi ((x - median)^2 + sigma^2)).

    RuntimeError unless sigma > 0.

    >>> import rushlight as torch
    >>> x = torch.empty(10000).cauchy_(3, 1)
    >>> (x.median() - 3).abs() < 0.1
    tensor(True)
    """
    if sigma <= 0:
        raise OperationError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    _check_continuous("cauchy_", self)
    return _refill(self, "random_cauchy", generator, median, sigma, self.array.dtype)


@operation("Tensor")
def log_normal_(
    self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None
) -> Tensor:
    """Fills with exp(x) of normal numbers x of mean `mean` and standard deviation `std`.

    RuntimeError unless std > 0.

    >>> import rushlight as torch
    >>> x = torch.empty(10000).log_normal_(0, 1)
    >>> x.log().mean().abs() < 0.05
    tensor(True)
    """
    if std <= 0:
        raise OperationError(f"log_normal_ expects std > 0.0, but found std={std}")
    kind = _floating_of("log_normal_", self)
    return _refill(self, "random_log_normal", generator, mean, std, kind)


@operation("Tensor")
def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fills with numbers of trials until the first success: k has the probability (1 - p)^(k - 1)
    p.

    RuntimeError unless 0 < p < 1.

    >>> import rushlight as torch
    >>> x = torch.empty(10000).geometric_(0.5)
    >>> x.min(), (x.mean() - 2).abs() < 0.1
    (tensor(1.), tensor(True))
    """
    if not 0 < p < 1:
        raise OperationError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    check_taken("geometric_", self, REALS)
    return _refill(self, "random_geometric", generator, p, self.array.dtype)


@operation("Tensor")
def random_(self: Tensor, *bounds: Any, generator: Generator | None = None, **named: Any) -> Tensor:
    """Fills with whole numbers from [from, to); without bounds, from all that the dtype holds.

    >>> import rushlight as torch
    >>> torch.empty(100, dtype=torch.int64).random_(2, 5).unique()
    tensor([2, 3, 4])
    """
    dtype = self.array.dtype
    check_taken("random_", self, ORDERED)
    if not bounds and not named:
        return _refill(self, "random_full_range", generator, dtype)
    if len(bounds) > 2:
        raise TypeError(f"random_() takes from and to, but got {len(bounds)} bounds")
    given = (0, *bounds, None) if len(bounds) < 2 else bounds
    low, high = _bounds("random_", given, named)
    if high is None:
        info = np.iinfo(dtype) if category_of(dtype) == INTEGER else None
        high = info.max + 1 if info is not None else 2 ** (ml_dtypes.finfo(dtype).nmant + 1) + 1
    _check_range("random_", low, high, dtype)
    return _refill(self, "random_integers", generator, low, high, dtype)


@operation("Tensor")
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fills with 1 with probability `p`, a number or a tensor, else 0.

    RuntimeError unless 0 <= p <= 1.

    >>> import rushlight as torch
    >>> torch.empty(100).bernoulli_(0.5).unique(), torch.empty(2).bernoulli_(1.0)
    (tensor([0., 1.]), tensor([1., 1.]))
    """
    check_taken("bernoulli_", self, ORDERED)
    if isinstance(p, Tensor):
        check_same_device("bernoulli_", self, p)
        check_taken("bernoulli_", p, FLOATS)
        p = _probabilities(p.expand(self.array.shape))
    elif not 0 <= p <= 1:
        raise OperationError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    return _refill(self, "random_bernoulli", generator, p)
