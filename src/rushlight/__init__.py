"""Rushlight: tensors, automatic differentiation and neural networks with PyTorch's public API.

>>> import rushlight as torch
>>> x = torch.tensor([1.0, 2.0], requires_grad=True)
>>> (x**2).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

from __future__ import annotations

import builtins
from math import e, inf, nan, pi

from . import kernels as _kernels  # first: it loads the extension and the CPU's kernels
from .device import device
from .dtype import (
    bfloat16,
    bool,
    can_cast,
    cdouble,
    cfloat,
    complex64,
    complex128,
    double,
    dtype,
    float,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int,
    int8,
    int16,
    int32,
    int64,
    long,
    promote_types,
    set_default_dtype,
    short,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .tensor import Size, Tensor
from .type_info import finfo, iinfo
from .version import __version__

_kernels.register_cpu()

# isort: split
from . import autograd, cuda, ops, random
from .autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .kernels import get_num_threads, set_num_threads
from .ops.activation import relu, sigmoid, tanh
from .ops.common import result_type
from .ops.compare_all import allclose, equal, isclose
from .ops.comparison import (
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    ceil,
    eq,
    floor,
    ge,
    greater,
    greater_equal,
    gt,
    isfinite,
    isinf,
    isnan,
    le,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    lt,
    ne,
    not_equal,
    round,
    sign,
    trunc,
)
from .ops.convolution import conv1d, conv2d
from .ops.copies import channels_last, clone, contiguous_format, preserve_format
from .ops.creation import (
    arange,
    as_tensor,
    asarray,
    empty,
    empty_like,
    eye,
    from_numpy,
    frombuffer,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from .ops.elementwise import (
    abs,
    absolute,
    add,
    clamp,
    clip,
    cos,
    div,
    divide,
    exp,
    floor_divide,
    lerp,
    log,
    log1p,
    masked_fill,
    maximum,
    minimum,
    mul,
    multiply,
    neg,
    negative,
    pow,
    reciprocal,
    remainder,
    rsqrt,
    sin,
    sqrt,
    square,
    sub,
    subtract,
    true_divide,
    where,
)
from .ops.indexing import (
    argsort,
    gather,
    index_select,
    masked_select,
    nonzero,
    scatter_add,
    sort,
    topk,
)
from .ops.joining import (
    cat,
    chunk,
    concat,
    concatenate,
    narrow,
    select,
    split,
    stack,
    unbind,
)
from .ops.matmul import addmm, bmm, dot, matmul, mm, mv, outer
from .ops.random import (
    bernoulli,
    multinomial,
    normal,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
)
from .ops.reduction import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    count_nonzero,
    cumsum,
    max,
    mean,
    min,
    norm,
    std,
    sum,
    var,
)
from .ops.shape import (
    broadcast_tensors,
    flatten,
    flip,
    movedim,
    permute,
    reshape,
    squeeze,
    swapaxes,
    t,
    transpose,
    tril,
    triu,
    unflatten,
    unsqueeze,
)
from .ops.softmax import log_softmax, logsumexp, softmax
from .printing import set_printoptions
from .random import (
    Generator,
    default_generator,
    fork_rng,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)

# isort: split
from . import graph, nn, optim, utils
from .graph.compile import compile
from .serialization import load, save


def is_tensor(obj: object) -> builtins.bool:
    """Whether an object is a tensor."""
    return isinstance(obj, Tensor)


def numel(input: Tensor) -> builtins.int:
    """How many elements a tensor has."""
    return input.numel()
