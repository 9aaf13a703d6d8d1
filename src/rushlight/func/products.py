"""How products, windows and normalisations run on a batch: folded into rows, channels or groups."""

from __future__ import annotations

from typing import Any

from .levels import Level
from .table import batched, example, expanded, front, is_array, is_at, loop, rule, run

Arguments = tuple[Any, ...]


@rule("matmul")
def matmul(level: Level, name: str, arguments: Arguments) -> Any:
    a, b, *out = arguments
    if out and out[0] is not None:
        return run("copy", (out[0], run(name, (a, b))))
    if a.ndim == 1 and b.ndim == 2 and not is_at(b, level):
        return batched(run(name, (front(a, level), b)), level)  # one product of matrices
    if b.ndim == 1 and a.ndim == 2 and not is_at(a, level):
        turned = run("permute", (a, (1, 0)))
        return batched(run(name, (front(b, level), turned)), level)
    is_row, is_column = a.ndim == 1, b.ndim == 1
    if is_row:
        a = run("getitem", (a, (None,)))
    if is_column:
        b = run("getitem", (b, (Ellipsis, None)))
    rank = max(a.ndim, b.ndim)
    result = run(name, (front(a, level, rank), front(b, level, rank)))
    if is_row or is_column:
        places = (0 if is_row else slice(None), 0 if is_column else slice(None))
        result = run("getitem", (result, (Ellipsis, *places)))
    return batched(result, level)


@rule("dot")
def dot(level: Level, name: str, arguments: Arguments) -> Any:
    return run("matmul", arguments)


@rule("linear")
def linear(level: Level, name: str, arguments: Arguments) -> Any:
    x, weight, bias = arguments
    if not is_at(weight, level) and not is_at(bias, level):
        return batched(run(name, (front(x, level), weight, bias)), level)
    result = run("matmul", (x, run("permute", (weight, (1, 0)))))
    return result if bias is None else run("add", (result, bias))


@rule("linear_backward_weight")
def linear_backward_weight(level: Level, name: str, arguments: Arguments) -> Any:
    grad, x, with_bias = arguments
    count = grad.size // max(grad.shape[-1], 1)
    rows = run("view", (grad, (count, grad.shape[-1])))
    inputs = run("view", (x, (count, x.shape[-1])))
    weight = run("matmul", (run("permute", (rows, (1, 0))), inputs))
    return weight, run("sum", (rows, (0,), False)) if with_bias else None


# ---- into the rows of a batch, and out of them


def folded(array: Any, level: Level) -> Any:
    """The examples' rows one after the other: (B, N, ...) as (B * N, ...)."""
    value = expanded(array, level)
    return run("view", (value, (value.shape[0] * value.shape[1], *value.shape[2:])))


def unfolded(result: Any, level: Level) -> Any:
    if type(result) is tuple:
        return tuple([unfolded(part, level) for part in result])
    if not is_array(result):
        return result
    shape = (level.size, result.shape[0] // level.size, *result.shape[1:])
    return batched(run("view", (result, shape)), level)


def _with_rows(geometry: Any, count: int) -> Any:
    return geometry._replace(
        input_shape=(geometry.input_shape[0] * count, *geometry.input_shape[1:]),
        output_shape=(geometry.output_shape[0] * count, *geometry.output_shape[1:]),
    )


@rule("avg_pool", "avg_pool_backward", "max_pool", "max_pool_backward", "max_pool_gather")
@rule("max_pool_indices")
def pool(level: Level, name: str, arguments: Arguments) -> Any:
    *arrays, geometry = arguments
    rows = [folded(array, level) for array in arrays]
    return unfolded(run(name, (*rows, _with_rows(geometry, level.size))), level)


# ---- into channels, and out of them


def in_channels(array: Any, level: Level) -> Any:
    """(B, N, C, ...) as (N, B * C, ...); a vector (B, C) as (B * C)."""
    value = expanded(array, level)
    if value.ndim == 2:
        return run("view", (value, (value.shape[0] * value.shape[1],)))
    value = run("permute", (value, (1, 0, *range(2, value.ndim))))
    size, count, channels = value.shape[:3]
    return run("view", (value, (size, count * channels, *value.shape[3:])))


def out_of_channels(result: Any, level: Level) -> Any:
    channels = result.shape[0 if result.ndim == 1 else 1] // level.size
    if result.ndim == 1:
        return batched(run("view", (result, (level.size, channels))), level)
    shape = (result.shape[0], level.size, channels, *result.shape[2:])
    return batched(run("view", (result, shape)), level, 1)


@rule("convolution")
def convolution(level: Level, name: str, arguments: Arguments) -> Any:
    x, weight, bias, geometry = arguments
    if not is_at(weight, level):
        plain = None if is_at(bias, level) else bias
        geometry = _with_rows(geometry, level.size)
        y = unfolded(run(name, (folded(x, level), weight, plain, geometry)), level)
        return y if plain is bias else _with_bias(y, bias)
    if is_at(x, level) or geometry.groups > 1:
        x, geometry = in_channels(x, level), _grouped(geometry, level.size)
    else:  # the same input for every weight
        geometry = _grouped(geometry, level.size)._replace(
            groups=1, input_shape=geometry.input_shape
        )
    y = out_of_channels(run(name, (x, folded(weight, level), None, geometry)), level)
    return y if bias is None else _with_bias(y, bias)


def _with_bias(y: Any, bias: Any) -> Any:
    return run("add", (y, run("view", (bias, (bias.shape[0], *[1] * (y.ndim - 2))))))


def _grouped(geometry: Any, count: int) -> Any:
    """A convolution of `count` times the channels, in as many times the groups."""
    rows, channels, *sizes = geometry.input_shape
    made = geometry.output_shape
    weight = geometry.weight_shape
    return geometry._replace(
        input_shape=(rows, channels * count, *sizes),
        output_shape=(rows, made[1] * count, *made[2:]),
        weight_shape=(weight[0] * count, *weight[1:]),
        groups=geometry.groups * count,
    )


@rule("convolution_backward_input")
def convolution_backward_input(level: Level, name: str, arguments: Arguments) -> Any:
    grad, weight, geometry = arguments
    if not is_at(weight, level):
        rows = folded(grad, level), weight, _with_rows(geometry, level.size)
        return unfolded(run(name, rows), level)
    grouped = in_channels(grad, level), folded(weight, level), _grouped(geometry, level.size)
    return out_of_channels(run(name, grouped), level)


@rule("transposed_convolution")
def transposed_convolution(level: Level, name: str, arguments: Arguments) -> Any:
    x, weight, bias, geometry = arguments
    y = run("convolution_backward_input", (x, weight, geometry))
    return y if bias is None else _with_bias(y, bias)


@rule("convolution_backward_weight")
def convolution_backward_weight(level: Level, name: str, arguments: Arguments) -> Any:
    grad, x, geometry, with_bias = arguments
    geometry = _grouped(geometry, level.size)
    grouped = in_channels(grad, level), in_channels(x, level), geometry, with_bias
    return unfolded(run(name, grouped), level)


@rule("batch_norm", checks_writes=True)
def batch_norm(level: Level, name: str, arguments: Arguments) -> Any:
    x, weight, bias, mean, var, training, momentum, eps = arguments
    if training and mean is not None and not (is_at(mean, level) and is_at(var, level)):
        raise RuntimeError(
            "Batch norm got a batched tensor as input while the running_mean or running_var, which "
            "will be updated in place, were not batched. If you are using modules and do not need "
            "eval mode, please use `track_running_stats=False` when constructing them; otherwise "
            "put the module into eval mode."
        )
    vectors = [v if v is None else in_channels(v, level) for v in (weight, bias, mean, var)]
    results = run(name, (in_channels(x, level), *vectors, training, momentum, eps))
    return tuple([out_of_channels(result, level) for result in results])


@rule("batch_norm_backward")
def batch_norm_backward(level: Level, name: str, arguments: Arguments) -> Any:
    *arrays, training = arguments
    whole = [v if v is None else in_channels(v, level) for v in arrays]
    results = run(name, (*whole, training))
    return tuple([r if r is None else out_of_channels(r, level) for r in results])


@rule("layer_norm")
def layer_norm(level: Level, name: str, arguments: Arguments) -> Any:
    """All examples' rows, and behind them weights and biases that differ between examples."""
    x, weight, bias, *options = arguments
    alike = not is_at(weight, level) and not is_at(bias, level)
    inner = (weight, bias) if alike else (None, None)
    y, *rest = run(name, (expanded(x, level), *inner, *options))
    y = batched(y, level)
    if not alike and weight is not None:
        y = run("mul", (y, weight))
    if not alike and bias is not None:
        y = run("add", (y, bias))
    return (y, *[_rows_of_examples(part, level) for part in rest])


@rule("layer_norm_backward")
def layer_norm_backward(level: Level, name: str, arguments: Arguments) -> Any:
    """The input's gradient from all rows at once; those of weight and bias as each example's sums.

    Without a weight that differs, the weight's gradient would be the sum over all examples.
    """
    grad, x, weight, mean, invstd, size, centered = arguments
    inner = weight
    scaled = grad
    if is_at(weight, level):
        inner, scaled = None, run("mul", (grad, weight))
    flat = [run("view", (expanded(v, level), (-1,))) for v in (mean, invstd)]
    whole = expanded(scaled, level), expanded(x, level), inner, *flat, size, centered
    gx = batched(run(name, whole)[0], level)
    count = x.size // size
    grads, values = (run("view", (v, (count, size))) for v in (grad, x))
    mean, invstd = (run("view", (v, (count, 1))) for v in (mean, invstd))
    if centered:
        values = run("sub", (values, mean))
    normalized = run("mul", (values, invstd))
    gw = run("sum", (run("mul", (grads, normalized)), (0,), False))
    return gx, gw, run("sum", (grads, (0,), False))


def _rows_of_examples(statistics: Any, level: Level) -> Any:
    """A number for each row of all examples, as those of each example."""
    return batched(run("view", (statistics, (level.size, statistics.size // level.size))), level)


# ---- the loss of a classifier


@rule("nll_loss")
def nll_loss(level: Level, name: str, arguments: Arguments) -> Any:
    """The losses of all rows, then each example's sum of them, and that of their weights."""
    log_probabilities, target, weight, reduction, ignored = arguments
    if is_at(weight, level):
        return loop(level, name, arguments)
    x, rows = folded(log_probabilities, level), folded(target, level)
    losses = unfolded(run(name, (x, rows, weight, "none", ignored))[0], level)
    # The loss of a probability of 1 / e is its weight.
    ones = run("full_like", (x, -1, x.dtype))
    weights = unfolded(run(name, (ones, rows, weight, "none", ignored))[0], level)
    axes = tuple(range(weights.ndim))
    total = run("sum", (weights, axes, False))
    if reduction == "none":
        return losses, total
    loss = run("sum", (losses, axes, False))
    return run("div", (loss, total)) if reduction == "mean" else loss, total


@rule("nll_loss_backward")
def nll_loss_backward(level: Level, name: str, arguments: Arguments) -> Any:
    grad, target, weight, total, reduction, ignored, shape = arguments
    if is_at(weight, level):
        return loop(level, name, arguments)
    scale = run("div", (grad, total)) if reduction == "mean" else grad
    scale = run("expand", (scale, target.shape))
    rows = folded(scale, level), folded(target, level)
    folded_shape = (level.size * shape[0], *shape[1:])
    # A row's own gradient does not ask for the total: any example's will do.
    (total,) = example((total,), level, 0)
    return unfolded(run(name, (*rows, weight, total, "none", ignored, folded_shape)), level)
