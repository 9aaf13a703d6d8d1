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

# What an import that was interrupted has left is imported anew: half of it would stay away else.
# The extension cannot be loaded twice, and is whole.
if "Tensor" not in globals():  # no reload
    for _name in [name for name in _sys.modules if name.startswith("rushlight.")]:
        if _name != "rushlight._native":
            del _sys.modules[_name]

from .garbage import uncollected as _uncollected

with _uncollected():
    from . import kernels as _kernels  # first: it loads the extension and the CPU's kernels

    _kernels.register_cpu()

    # isort: split
    from . import ops

    # isort: split
    from . import func, nn, optim, utils

# isort: split
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
    float4_e2m1fn_x2,
    float8_e4m3fn,
    float8_e4m3fnuz,
    float8_e5m2,
    float8_e5m2fnuz,
    float8_e8m0fnu,
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
    channels_last_3d,
    contiguous_format,
    layout,
    legacy_contiguous_format,
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

# isort: split
from . import autograd, cuda, ops, random
from . import copying as _copying
from . import subclasses as _subclasses
from ._C import DisableTorchFunction, DisableTorchFunctionSubclass
from .autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .autograd.anomaly_mode import (
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_anomaly_enabled,
)
from .cuda import OutOfMemoryError
from .kernels import get_num_threads, set_num_threads
from .kernels.devices import get_default_device
from .ops.index import newaxis
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
from . import (
    _C,
    _VF,
    amp,
    cpu,
    fft,
    func,
    linalg,
    masked,
    nn,
    optim,
    overrides,
    return_types,
    signal,
    special,
    utils,
)
from . import companions as _companions
from . import elsewhere as _elsewhere
from . import missing as _missing
from . import storage as _storage
from .amp import GradScaler, autocast
from .amp.autocast_mode import (
    autocast_decrement_nesting,
    autocast_increment_nesting,
    clear_autocast_cache,
    get_autocast_cpu_dtype,
    get_autocast_dtype,
    get_autocast_gpu_dtype,
    is_autocast_cache_enabled,
    is_autocast_cpu_enabled,
    is_autocast_enabled,
    set_autocast_cache_enabled,
    set_autocast_cpu_dtype,
    set_autocast_cpu_enabled,
    set_autocast_dtype,
    set_autocast_enabled,
    set_autocast_gpu_dtype,
)
from .control_flow import cond, while_loop
from .cpu import amp as _cpu_amp  # which makes it an attribute there
from .cuda import amp as _cuda_amp
from .func import vmap
from .standing_in import as_torch
from .storage import TypedStorage, UntypedStorage
from .streams import Event, Stream
from .switches import (
    are_deterministic_algorithms_enabled,
    get_deterministic_debug_mode,
    get_device_module,
    get_float32_matmul_precision,
    get_num_interop_threads,
    has_lapack,
    has_mkl,
    has_openmp,
    has_spectral,
    is_deterministic_algorithms_warn_only_enabled,
    is_warn_always_enabled,
    set_deterministic_debug_mode,
    set_float32_matmul_precision,
    set_flush_denormal,
    set_num_interop_threads,
    set_warn_always,
    use_deterministic_algorithms,
)
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
from .torch_function import _assert
from .utils import checkpoint as _checkpoint

if _TYPE_CHECKING:
    from . import (  # which `missing` imports on demand
        _dynamo,
        _inductor,
        backends,
        compiler,
        distributions,
        functional,
        fx,
        graph,
        jit,
        library,
        multiprocessing,
        sparse,
    )
    from .graph.compile import compile
    from .nn.nan_finder import detect_nan
    from .nn.summary import summary
    from .serialization import load, save

# What the operations have declared; `__init__.pyi` says it to editors.
globals().update(ops.declare.places["torch"])
globals().update(_storage.legacy_storages)
Storage = _storage.legacy_storages["FloatStorage"]  # as PyTorch calls it by its oldest name

_elsewhere.publish(__name__)
_missing.watch_all(_sys.modules[__name__])

ops.declare.open_members()
ops.declare.name_for_pickle()
ops.bytecode.keep()
_missing.watch_tensor(Tensor)
_companions.watch_imports()


def is_tensor(obj: object) -> builtins.bool:
    """Whether an object is a tensor.

    >>> import rushlight as torch
    >>> torch.is_tensor(torch.tensor(1)), torch.is_tensor(1)
    (True, False)
    """
    return isinstance(obj, Tensor)


def typename(obj: object) -> str:
    """The name of an object's type with its module; of a tensor its old type's.

    >>> import rushlight as torch
    >>> torch.typename(torch.zeros(2)), torch.typename([])
    ('torch.FloatTensor', 'list')
    """
    if isinstance(obj, Tensor):
        return str(obj.type())
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(kind, "__module__", None)
    name = str(getattr(kind, "__qualname__", ""))
    return name if module in (None, "builtins") else f"{module}.{name}"


def is_storage(obj: object) -> builtins.bool:
    """Whether an object is a storage.

    >>> import rushlight as torch
    >>> torch.is_storage(torch.zeros(2).untyped_storage())
    True
    """
    return isinstance(obj, UntypedStorage)


def numel(input: Tensor) -> builtins.int:
    """How many elements a tensor has.

    >>> import rushlight as torch
    >>> torch.numel(torch.zeros(2, 3))
    6
    """
    return input.numel()


__all__ = _missing.names_for_star(_sys.modules[__name__])
