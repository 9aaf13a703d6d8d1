"""Made-up calls of operations, with sizes and memory orders that nobody would choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import rushlight as torch

F = torch.nn.functional
Random = np.random.Generator
Program = tuple[str, Callable[[], Any]]
DTYPES = ["float32"] * 5 + ["float64", "int64", "int32", "uint8", "bool", "int16", "int8"]
SIZES = [0, 1, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 40]


def size(random: Random, most: int = 40) -> int:
    return int(min(random.choice(SIZES), most))


def shape(random: Random, ndim: int | None = None, most: int = 40) -> tuple[int, ...]:
    ndim = int(random.integers(0, 5)) if ndim is None else ndim
    most = min(most, 40 if ndim < 3 else 9)
    return tuple(size(random, most) for _ in range(ndim))


def tensor(random: Random, sizes: tuple[int, ...], dtype: str = "float32") -> Any:
    """A tensor in some order of memory: axes exchanged, with gaps, backwards, repeated."""
    array = np.asarray(random.standard_normal(sizes) * 3).astype(dtype)
    if array.ndim > 1 and random.random() < 0.5:
        axes = random.permutation(array.ndim)
        array = np.ascontiguousarray(array.transpose(axes)).transpose(np.argsort(axes))
    if array.ndim and random.random() < 0.3:
        axis = int(random.integers(array.ndim))
        every = (slice(None),) * axis + (slice(int(random.integers(2)), None, 2),)
        array = np.repeat(array, 2, axis)[every]
    if array.ndim and random.random() < 0.2:
        array = np.repeat(array, 2, 0)[1:][: sizes[0]]  # begins at an odd place
    made = torch.from_numpy(array)
    if array.ndim and random.random() < 0.1:
        made = made.narrow(0, 0, min(1, sizes[0])).expand(sizes)
    return made.requires_grad_() if dtype.startswith("float") else made


def broadcasts(random: Random, sizes: tuple[int, ...]) -> tuple[int, ...]:
    kept = tuple(1 if random.random() < 0.3 else n for n in sizes)
    return kept[int(random.integers(len(sizes) + 1)) :] if random.random() < 0.3 else kept


def elementwise(random: Random) -> Program:
    unary = ["exp", "log", "sqrt", "tanh", "sigmoid", "abs", "neg", "erf", "sin", "sign", "floor",
             "rsqrt", "expm1", "log1p", "square", "reciprocal"]  # fmt: skip
    binary = ["add", "sub", "mul", "div", "maximum", "minimum", "pow", "eq", "lt", "ge", "fmod",
              "remainder", "logical_and"]  # fmt: skip
    sizes, dtype = shape(random), str(random.choice(DTYPES))
    if random.random() < 0.4:
        name = str(random.choice(unary))
        x = tensor(random, sizes, dtype)
        return f"{name} {dtype}{sizes}", lambda: getattr(torch, name)(x)
    if random.random() < 0.2:
        mask = tensor(random, broadcasts(random, sizes), "bool")
        a, b = tensor(random, sizes, dtype), tensor(random, broadcasts(random, sizes), dtype)
        return f"where {dtype}{sizes}", lambda: torch.where(mask, a, b)
    name = str(random.choice(binary))
    other = broadcasts(random, sizes)
    a, b = tensor(random, sizes, dtype), tensor(random, other, dtype)
    a, b = (a, b) if random.random() < 0.5 else (b, a)
    return f"{name} {dtype}{sizes}{other}", lambda: getattr(torch, name)(a, b)


def reduction(random: Random) -> Program:
    names = ["sum", "mean", "prod", "nansum", "amax", "argmax", "cumsum", "softmax",
             "log_softmax", "sort", "var", "logsumexp", "all", "any", "flip", "cummax"]  # fmt: skip
    name, sizes = str(random.choice(names)), shape(random, int(random.integers(1, 5)))
    dim = int(random.integers(len(sizes)))
    x = tensor(random, sizes, str(random.choice(DTYPES)))
    return f"{name} {x.dtype}{sizes} over {dim}", lambda: getattr(x, name)(dim)


def pooling(random: Random) -> Program:
    rank = int(random.integers(2, 4))
    sizes = (size(random, 3), size(random, 40), *(size(random, 9) for _ in range(rank)))
    kernel, stride = [tuple(int(v) for v in random.integers(1, 5, rank)) for _ in range(2)]
    padding = tuple(int(random.integers(0, k // 2 + 1)) for k in kernel)
    dilation = tuple(int(v) for v in random.integers(1, 4, rank))
    ceil_mode, counts = bool(random.integers(2)), bool(random.integers(2))
    x = tensor(random, sizes)
    text = f"{sizes} {kernel} {stride} {padding} {dilation} {ceil_mode}"
    if random.random() < 0.5:
        pool = F.max_pool2d if rank == 2 else F.max_pool3d
        return f"max_pool{rank}d {text}", lambda: pool(
            x, kernel, stride, padding, dilation, ceil_mode
        )
    pool = F.avg_pool2d if rank == 2 else F.avg_pool3d
    return f"avg_pool{rank}d {text}", lambda: pool(x, kernel, stride, padding, ceil_mode, counts)


def resizing(random: Random) -> Program:
    rank = int(random.integers(1, 4))
    x = tensor(random, (size(random, 3), size(random, 70), *(size(random, 9) for _ in range(rank))))
    sizes = tuple(size(random, 12) for _ in range(rank))
    smooth = {1: "linear", 2: str(random.choice(["bilinear", "bicubic"])), 3: "trilinear"}[rank]
    mode = str(random.choice(["nearest", "area", smooth, "maxima"]))
    text = f"{mode} of {tuple(x.shape)} to {sizes}"
    if mode == "maxima":
        pool = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}[rank]
        return text, lambda: pool(x, sizes)
    return text, lambda: F.interpolate(x, sizes, mode=mode)


def attention(random: Random) -> Program:
    batch, groups, width, out = (size(random, n) for n in (2, 3, 40, 40))
    rows, keys, heads = size(random, 40), size(random, 40), groups * int(random.integers(1, 3))
    if random.random() < 0.2:
        keys += 128  # more than are taken at once
    dtype = str(random.choice(["float32", "float32", "float64"]))
    q = tensor(random, (batch, heads, rows, width), dtype)
    k = tensor(random, (batch, groups, keys, width), dtype)
    v = tensor(random, (batch, groups, keys, out), dtype)
    options: dict[str, Any] = {"enable_gqa": True}
    if random.random() < 0.4:
        options["is_causal"] = True
    elif random.random() < 0.7:
        of_mask = broadcasts(random, (batch, heads, rows, keys))
        options["attn_mask"] = tensor(random, of_mask, str(random.choice(["bool", dtype]))).detach()
    if random.random() < 0.3:
        options["dropout_p"] = 0.3
    text = f"attention {batch, heads, groups, rows, keys, width, out} {dtype} {list(options)}"

    def run() -> Any:
        torch.manual_seed(0)
        return F.scaled_dot_product_attention(q, k, v, **options)

    return text, run


def convolution(random: Random) -> Program:
    rank = int(random.integers(1, 3))
    groups = int(random.choice([1, 1, 1, 2, 3]))
    per_group, out = int(random.choice([1, 2, 3, 5, 16, 17, 32])), int(random.choice([1, 2, 8, 32]))
    kernel = tuple(int(v) for v in random.integers(1, 5, rank))
    if random.random() < 0.4:
        kernel = (3,) * rank
    sizes = (size(random, 4), per_group * groups, *(size(random, 17) for _ in range(rank)))
    stride, padding, dilation = (
        tuple(int(v) for v in random.integers(low, high, rank))
        for low, high in ((1, 3), (0, 4), (1, 3))
    )
    if random.random() < 0.5:
        stride = dilation = (1,) * rank
    x = tensor(random, sizes)
    weight = tensor(random, (out * groups, per_group, *kernel))
    bias = tensor(random, (out * groups,)) if random.random() < 0.5 else None
    function = getattr(F, f"conv{rank}d")
    text = f"{sizes} {tuple(weight.shape)} {stride} {padding} {dilation} {groups}"
    return f"conv{text}", lambda: function(x, weight, bias, stride, padding, dilation, groups)


def padding(random: Random) -> Program:
    sizes = shape(random, int(random.integers(1, 5)), 9)
    rank = int(random.integers(1, len(sizes) + 1))
    widths = [int(v) for v in random.integers(-3, 5, 2 * rank)]
    mode = str(random.choice(["constant", "reflect", "replicate", "circular"]))
    x = tensor(random, sizes, str(random.choice(["float32", "float64", "int64"])))
    return f"pad {sizes} {widths} {mode}", lambda: F.pad(x, widths, mode)


def products(random: Random) -> Program:
    m, k, n = (size(random, 40) for _ in range(3))
    batch = shape(random, int(random.integers(0, 3)), 4)
    if random.random() < 0.3:
        x, weight = tensor(random, (*batch, m, k)), tensor(random, (n, k))
        bias = tensor(random, (n,)) if random.random() < 0.5 else None
        return f"linear {batch} {m} {k} {n}", lambda: F.linear(x, weight, bias)
    a, b = tensor(random, (*batch, m, k)), tensor(random, (*broadcasts(random, batch), k, n))
    return f"matmul {batch} {m} {k} {n}", lambda: a @ b


def normalization(random: Random) -> Program:
    sizes = (size(random, 9), size(random, 40), *shape(random, int(random.integers(0, 3)), 9))
    x = tensor(random, sizes)
    weight, bias = (tensor(random, sizes[1:2]) for _ in range(2))
    mean, var = torch.zeros(sizes[1]), torch.ones(sizes[1])
    training = bool(random.integers(2))
    return f"batch_norm {sizes} {training}", lambda: F.batch_norm(
        x, mean, var, weight, bias, training
    )


def joining(random: Random) -> Program:
    sizes, dtype = shape(random, int(random.integers(1, 5))), str(random.choice(DTYPES))
    dim = int(random.integers(len(sizes)))
    parts = []
    for _ in range(int(random.integers(1, 5))):
        own = list(sizes)
        own[dim] = size(random, 9)
        parts.append(tensor(random, tuple(own), dtype))
    if random.random() < 0.5:
        return f"cat {dtype}{sizes} along {dim}", lambda: torch.cat(parts, dim)
    alike = [tensor(random, sizes, dtype) for _ in parts]
    return f"stack {dtype}{sizes} along {dim}", lambda: torch.stack(alike, dim)


def copying(random: Random) -> Program:
    sizes = shape(random)
    x = tensor(random, sizes, str(random.choice(DTYPES)))
    other = tensor(random, broadcasts(random, sizes), str(random.choice(DTYPES))).detach()
    target = x.detach()
    programs: list[Program] = [
        (f"contiguous {sizes}", lambda: x.contiguous()),
        (f"clone {sizes}", lambda: x.clone()),
        (f"to {sizes} {x.dtype} {other.dtype}", lambda: x.to(other.dtype)),
        (f"copy_ {sizes} {x.dtype} {other.dtype}", lambda: target.copy_(other)),
        (f"tril {sizes}", lambda: x.tril(int(random.integers(-5, 5)))),
        (f"triu {sizes}", lambda: x.triu(int(random.integers(-5, 5)))),
    ]
    return programs[int(random.integers(len(programs)))]


def indexing(random: Random) -> Program:
    sizes = shape(random, int(random.integers(1, 4)))
    dim = int(random.integers(len(sizes)))
    x = tensor(random, sizes, str(random.choice(DTYPES)))
    own = list(sizes)
    own[dim] = size(random, 9)
    most = max(sizes[dim], 1)
    indices = torch.from_numpy(random.integers(0, most, tuple(own)))
    line = torch.from_numpy(random.integers(0, most, size(random, 9)))
    source = tensor(random, tuple(own), str(x.dtype).removeprefix("torch."))
    mask = tensor(random, sizes, "bool")
    target = x.detach()
    programs: list[Program] = [
        (f"gather {sizes} {dim}", lambda: x.gather(dim, indices)),
        (f"index_select {sizes} {dim}", lambda: x.index_select(dim, line)),
        (f"scatter_add {sizes} {dim}", lambda: x.scatter_add(dim, indices, source)),
        (f"x[line] {sizes}", lambda: x[(slice(None),) * dim + (line,)]),
        (f"x[mask] {sizes}", lambda: x[mask]),
        (f"masked_fill {sizes}", lambda: target.masked_fill(mask, 1)),
        (f"topk {sizes} {dim}", lambda: x.topk(min(2, sizes[dim]), dim)),
        (f"nonzero {sizes}", lambda: target.nonzero()),
    ]
    return programs[int(random.integers(len(programs)))]


def losses(random: Random) -> Program:
    rows, classes = size(random), max(size(random, 17), 1)
    x = tensor(random, (rows, classes), str(random.choice(["float32", "float64"])))
    target = torch.from_numpy(random.integers(0, classes, rows))
    reduce = str(random.choice(["mean", "sum", "none"]))
    return f"cross_entropy {rows} {classes} {reduce}", lambda: F.cross_entropy(
        x, target, reduction=reduce
    )


FAMILIES = [
    elementwise, reduction, pooling, resizing, attention, convolution, padding, products,
    normalization, joining, copying, indexing, losses,
]  # fmt: skip


def make(random: Random) -> Program:
    return FAMILIES[int(random.integers(len(FAMILIES)))](random)
