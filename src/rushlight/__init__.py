"""Rushlight: tensors, automatic differentiation and neural networks with PyTorch's public API.

>>> import rushlight as torch
>>> x = torch.tensor([1.0, 2.0], requires_grad=True)
>>> (x**2).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

from __future__ import annotations

import builtins
import sys as _sys
from math import e, inf, nan, pi
from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import kernels as _kernels  # first: it loads the extension and the CPU's kernels
from .device import device, set_default_device
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
from .layout import (
    channels_last,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    sparse_bsc,
    sparse_bsr,
    sparse_coo,
    sparse_csc,
    sparse_csr,
    strided,
)
from .tensor import Size, Tensor
from .type_info import finfo, iinfo
from .version import __version__

_kernels.register_cpu()

# isort: split
from . import autograd, copying, cuda, ops, random, subclasses
from .autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .kernels import get_num_threads, set_num_threads
from .kernels.devices import get_default_device
from .ops.promotion import result_type
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
from . import _C, fft, func, graph, linalg, masked, nn, optim, overrides, signal, special, utils
from . import missing as _missing
from .func import vmap
from .graph.compile import compile
from .serialization import load, save
from .storage import TypedStorage, UntypedStorage
from .tensor_types import (
    BFloat16Tensor,
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
    set_default_tensor_type,
)
from .utils import checkpoint as _checkpoint

if _TYPE_CHECKING:
    from . import distributions, sparse  # which `missing` imports on demand

# What the operations have declared; `__init__.pyi` says it to editors.
globals().update(ops.declare.places["torch"])


_missing.watch(
    _sys.modules[__name__], autograd, cuda, fft, func, linalg, masked, nn, nn.functional, nn.init,
    nn.utils, optim, optim.lr_scheduler, signal.windows, special, utils.data,
)  # fmt: skip

ops.declare.open_members()
_missing.watch_tensor(Tensor)


def is_tensor(obj: object) -> builtins.bool:
    """Whether an object is a tensor."""
    return isinstance(obj, Tensor)


def is_storage(obj: object) -> builtins.bool:
    """Whether an object is a storage."""
    return isinstance(obj, UntypedStorage)


def numel(input: Tensor) -> builtins.int:
    """How many elements a tensor has."""
    return input.numel()
