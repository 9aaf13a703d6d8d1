"""Sizes of convolutions and pools, checked once and shared by the forward and both backwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, NamedTuple, TypeVar, cast

from ..errors import OperationError, check_int32, check_int64, one_channel

Sizes = tuple[int, ...]
Function = TypeVar("Function", bound=Callable[..., Any])


class ConvolutionGeometry(NamedTuple):
    input_shape: Sizes
    weight_shape: Sizes
    output_shape: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    groups: int


class PoolGeometry(NamedTuple):
    input_shape: Sizes
    output_shape: Sizes
    kernel_size: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    ceil_mode: bool
    count_include_pad: bool
    divisor_override: int | None


def _remembered(function: Function) -> Function:
    """Computes a geometry once; lists among the sizes, which are no keys, are as good as tuples."""
    cached = lru_cache(maxsize=4096)(function)

    @wraps(function)
    def geometry(*sizes: Any, **options: Any) -> Any:
        try:
            return cached(*sizes, **options)
        except TypeError:
            sizes = tuple([tuple(v) if isinstance(v, list) else v for v in sizes])
        return cached(*sizes, **options)

    return cast(Function, geometry)


def per_dimension(value: Any, count: int, name: str) -> Sizes:
    """One number for all dimensions, or one for each."""
    sizes = (value,) * count if isinstance(value, int) else tuple(int(v) for v in value)
    check_int64(name, *sizes)
    if len(sizes) == 1:
        return sizes * count
    if len(sizes) != count:
        raise OperationError(
            f"expected {name} to be a single integer value or a list of {count} values to match "
            f"the dimensions, but got {name}={list(sizes)}"
        )
    return sizes


@_remembered
def convolution_geometry(
    name: str, input_shape: Sizes, weight_shape: Sizes, stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> ConvolutionGeometry:  # fmt: skip
    """Checks a convolution's sizes; `output = (input + 2 padding - reach) // stride + 1`.

    The reach of a kernel is `dilation * (kernel - 1) + 1`.
    """
    stride, padding, dilation = _check_sizes(
        name, input_shape, weight_shape, stride, padding, dilation, groups
    )
    check_channels(name, input_shape, weight_shape, groups)
    sizes = []
    for i, size in enumerate(input_shape[2:]):
        reach = dilation[i] * (weight_shape[2 + i] - 1) + 1
        if size + 2 * padding[i] < reach:
            padded = tuple(n + 2 * p for n, p in zip(input_shape[2:], padding, strict=True))
            raise OperationError(
                f"{name}: Calculated padded input size per channel: {padded}. Kernel size: "
                f"{weight_shape[2:]}. Kernel size can't be greater than actual input size"
            )
        sizes.append((size + 2 * padding[i] - reach) // stride[i] + 1)
    output_shape = (input_shape[0], weight_shape[0], *sizes)
    return ConvolutionGeometry(
        input_shape, weight_shape, output_shape, stride, padding, dilation, groups
    )


@_remembered
def transposed_geometry(
    name: str, input_shape: Sizes, weight_shape: Sizes, stride: Any, padding: Any,
    output_padding: Any, dilation: Any, groups: int,
) -> ConvolutionGeometry:  # fmt: skip
    """The convolution that a transposed one is the adjoint of: its output is this one's input.

    `input = (output - 1) stride - 2 padding + reach + output_padding`, in its own terms.
    """
    stride, padding, dilation = _check_sizes(
        name, input_shape, weight_shape, stride, padding, dilation, groups
    )
    check_transposed_channels(name, input_shape, weight_shape, groups)
    rest = per_dimension(output_padding, len(stride), "output_padding")
    sizes = []
    for i, size in enumerate(input_shape[2:]):
        if not 0 <= rest[i] < max(stride[i], dilation[i]):
            raise OperationError(
                f"{name}: output padding must be smaller than either stride or dilation, and not "
                f"negative, but got output_padding={rest} with stride={stride}, "
                f"dilation={dilation}"
            )
        reach = dilation[i] * (weight_shape[2 + i] - 1) + 1
        sizes.append((size - 1) * stride[i] - 2 * padding[i] + reach + rest[i])
    if min(sizes) <= 0:
        raise OperationError(
            f"{name}: Given input size per channel: {input_shape[2:]}. Calculated output size per "
            f"channel: {tuple(sizes)}. Output size is too small"
        )
    output_shape = (input_shape[0], weight_shape[1] * groups, *sizes)
    return ConvolutionGeometry(
        output_shape, weight_shape, input_shape, stride, padding, dilation, groups
    )


def _check_sizes(
    name: str, input_shape: Sizes, weight_shape: Sizes, stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> tuple[Sizes, Sizes, Sizes]:  # fmt: skip
    """Stride, padding and dilation with a number for each dimension."""
    rank = len(weight_shape) - 2
    if len(input_shape) != rank + 2:
        raise OperationError(
            f"{name}: Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input, but got "
            f"input of size: {list(input_shape)}{one_channel(len(input_shape), rank)}"
        )
    if 0 in weight_shape[2:]:
        raise OperationError(
            f"{name}: kernel size should be greater than zero, but got {weight_shape[2:]}"
        )
    if groups <= 0:
        raise OperationError(f"{name}: non-positive groups is not supported (groups={groups})")
    stride = per_dimension(stride, rank, "stride")
    padding = per_dimension(padding, rank, "padding")
    dilation = per_dimension(dilation, rank, "dilation")
    _check_positive(name, stride=stride, dilation=dilation)
    if min(padding) < 0:
        raise OperationError(f"{name}: negative padding is not supported (padding={padding})")
    return stride, padding, dilation


def check_channels(name: str, input_shape: Sizes, weight_shape: Sizes, groups: int) -> None:
    """OperationError unless a batch, or one example without a dimension for it, has the channels
    of a convolution's weight."""
    if weight_shape[0] % groups:
        raise OperationError(
            f"{name}: the {weight_shape[0]} output channels of weight {weight_shape} cannot be "
            f"divided into {groups} groups"
        )
    have, want = input_shape[1 - len(weight_shape)], weight_shape[1] * groups
    if have != want:
        raise OperationError(
            f"{name}: the input has {have} channels but weight {weight_shape} takes {want} (input "
            f"{input_shape}, groups={groups}){_hint(have, want, input_shape, len(weight_shape))}"
        )


def check_transposed_channels(
    name: str, input_shape: Sizes, weight_shape: Sizes, groups: int
) -> None:
    """`check_channels` of a transposed convolution."""
    have, want = input_shape[1 - len(weight_shape)], weight_shape[0]
    if have != want or have % groups:
        raise OperationError(
            f"{name}: the input has {have} channels but weight {weight_shape} takes {want}, in "
            f"{groups} groups (input {input_shape})"
            f"{_hint(have, want, input_shape, len(weight_shape))}"
        )


def _hint(have: int, want: int, input_shape: Sizes, batched: int) -> str:
    """What was likely meant by an input of other channels; `batched` is a batch's dimensions."""
    if (have, want) == (3, 1):
        return "; did you forget to convert to grey?"
    if (have, want) == (1, 3):
        return "; is this a grey image where a coloured one is meant?"
    if have == want or input_shape[-1] != want:
        return ""
    known = {3: ("sequences", "L"), 4: ("images", "H, W"), 5: ("volumes", "D, H, W")}
    named, sizes = known[batched]
    dimensions = len(input_shape)
    first = dimensions - batched + 1  # where the channels belong
    layout = "(N, C, " if first else "(C, "
    if batched == 3:
        change = f".transpose({first}, {first + 1})"
    else:
        order = (*range(first), dimensions - 1, *range(first, dimensions - 1))
        change = f".permute({', '.join(map(str, order))})"
    return f"; {named} are {layout}{sizes}): did you mean {change}?"


def _check_positive(name: str, **parameters: Sizes) -> None:
    for parameter, sizes in parameters.items():
        if min(sizes) <= 0:
            raise OperationError(f"{name}: non-positive {parameter} is not supported: {sizes}")


@_remembered
def pool_geometry(
    name: str, input_shape: Sizes, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, count_include_pad: bool = True, divisor_override: int | None = None,
) -> PoolGeometry:  # fmt: skip
    """Checks a pool's sizes; with `ceil_mode` the last window may reach over the edge."""
    rank = len(input_shape) - 2
    kernel_size = per_dimension(kernel_size, rank, "kernel_size")
    stride = kernel_size if stride in (None, ()) else per_dimension(stride, rank, "stride")
    padding = per_dimension(padding, rank, "padding")
    dilation = per_dimension(dilation, rank, "dilation")
    check_int32(*kernel_size, *stride, *padding, *dilation)
    _check_positive(name, kernel_size=kernel_size, stride=stride, dilation=dilation)
    if 0 in input_shape[1:]:
        raise OperationError(
            f"{name}: Expected a non-empty {rank + 1}D or {rank + 2}D (batch mode) tensor with "
            f"optional 0 dim batch size for input, but got: {list(input_shape)}"
        )
    sizes = []
    for i, size in enumerate(input_shape[2:]):
        if not 0 <= 2 * padding[i] <= kernel_size[i]:
            raise OperationError(
                f"{name}: pad should be at most half of effective kernel size, but got "
                f"pad={padding[i]}, kernel_size={kernel_size[i]} and dilation={dilation[i]}"
            )
        room = size + 2 * padding[i] - dilation[i] * (kernel_size[i] - 1) - 1
        steps = (room + (stride[i] - 1 if ceil_mode else 0)) // stride[i] + 1
        # A last window that starts in the padding behind the input sees nothing of it.
        if ceil_mode and (steps - 1) * stride[i] >= size + padding[i]:
            steps -= 1
        sizes.append(steps)
    output_shape = (*input_shape[:2], *sizes)
    if min(sizes) <= 0:
        raise OperationError(
            f"{name}: Given input size: {input_shape[1:]}. Calculated output size: "
            f"{output_shape[1:]}. Output size is too small"
        )
    if divisor_override == 0:
        raise OperationError(f"{name}: divisor must be not zero")
    return PoolGeometry(
        input_shape, output_shape, kernel_size, stride, padding, dilation, ceil_mode,
        count_include_pad, divisor_override,
    )  # fmt: skip


class BlockGeometry(NamedTuple):
    """Sliding blocks of the last dimensions: of `unfold`, and of its adjoint."""

    input_sizes: Sizes
    counts: Sizes
    kernel_size: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes


@_remembered
def block_geometry(
    name: str, input_sizes: Sizes, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> BlockGeometry:
    """Checks the sizes of sliding blocks; their counts are those of a convolution's results."""
    rank = len(input_sizes)
    kernel_size = per_dimension(kernel_size, rank, "kernel_size")
    stride = per_dimension(stride, rank, "stride")
    padding = per_dimension(padding, rank, "padding")
    dilation = per_dimension(dilation, rank, "dilation")
    _check_positive(name, kernel_size=kernel_size, stride=stride, dilation=dilation)
    if min(padding) < 0:
        raise OperationError(f"{name}: padding should be non-negative, but got {padding}")
    counts = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(input_sizes, kernel_size, stride, padding, dilation, strict=True)
    ]
    if min(counts) < 1:
        raise OperationError(
            f"{name}: Given spatial size {input_sizes}, kernel_size={kernel_size}, "
            f"dilation={dilation}, padding={padding}, stride={stride}, calculated shape of the "
            f"array of sliding blocks as {tuple(counts)}, but its components must be at least one."
        )
    return BlockGeometry(input_sizes, tuple(counts), kernel_size, stride, padding, dilation)
