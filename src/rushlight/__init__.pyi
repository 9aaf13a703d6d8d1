# Written by tools/stubs.py from the operations' declarations.

import builtins
from collections.abc import Sequence
from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi
from typing import Any, Literal, overload

import numpy as np

from . import autograd as autograd
from . import cuda as cuda
from . import func as func
from . import graph as graph
from . import nn as nn
from . import ops as ops
from . import optim as optim
from . import overrides as overrides
from . import random as random
from . import special as special
from . import utils as utils
from .autograd import enable_grad as enable_grad
from .autograd import inference_mode as inference_mode
from .autograd import is_grad_enabled as is_grad_enabled
from .autograd import is_inference_mode_enabled as is_inference_mode_enabled
from .autograd import no_grad as no_grad
from .autograd import set_grad_enabled as set_grad_enabled
from .device import device as device
from .dtype import bfloat16 as bfloat16
from .dtype import bool as bool
from .dtype import can_cast as can_cast
from .dtype import cdouble as cdouble
from .dtype import cfloat as cfloat
from .dtype import complex64 as complex64
from .dtype import complex128 as complex128
from .dtype import double as double
from .dtype import dtype as dtype
from .dtype import float as float
from .dtype import float16 as float16
from .dtype import float32 as float32
from .dtype import float64 as float64
from .dtype import get_default_dtype as get_default_dtype
from .dtype import half as half
from .dtype import int as int
from .dtype import int8 as int8
from .dtype import int16 as int16
from .dtype import int32 as int32
from .dtype import int64 as int64
from .dtype import long as long
from .dtype import promote_types as promote_types
from .dtype import set_default_dtype as set_default_dtype
from .dtype import short as short
from .dtype import uint8 as uint8
from .dtype import uint16 as uint16
from .dtype import uint32 as uint32
from .dtype import uint64 as uint64
from .func import vmap as vmap
from .graph.compile import compile as compile
from .kernels import get_num_threads as get_num_threads
from .kernels import set_num_threads as set_num_threads
from .layout import channels_last as channels_last
from .layout import contiguous_format as contiguous_format
from .layout import layout as layout
from .layout import memory_format as memory_format
from .layout import preserve_format as preserve_format
from .layout import strided as strided
from .ops.common import ValuesAndIndices
from .ops.promotion import result_type as result_type
from .printing import set_printoptions as set_printoptions
from .random import Generator as Generator
from .random import default_generator as default_generator
from .random import fork_rng as fork_rng
from .random import get_rng_state as get_rng_state
from .random import initial_seed as initial_seed
from .random import manual_seed as manual_seed
from .random import seed as seed
from .random import set_rng_state as set_rng_state
from .serialization import load as load
from .serialization import save as save
from .tensor import Size as Size
from .tensor import Tensor as Tensor
from .type_info import finfo as finfo
from .type_info import iinfo as iinfo
from .types import AnyDevice, Dims, Number
from .version import __version__ as __version__

def abs(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
absolute = abs
def acos(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
arccos = acos
def acosh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
arccosh = acosh
def add(
    input: Tensor, other: Tensor | Number, *, alpha: Number = 1, out: Tensor | None = None
) -> Tensor: ...
def addcdiv(
    input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Tensor | None = None
) -> Tensor: ...
def addcmul(
    input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Tensor | None = None
) -> Tensor: ...
def addmm(
    input: Tensor,
    mat1: Tensor,
    mat2: Tensor,
    *,
    beta: Number = 1,
    alpha: Number = 1,
    out: Tensor | None = None,
) -> Tensor: ...
def all(
    input: Tensor, dim: Dims = None, keepdim: builtins.bool = False, *, out: Tensor | None = None
) -> Tensor: ...
def allclose(
    input: Tensor,
    other: Tensor,
    rtol: builtins.float = 1e-05,
    atol: builtins.float = 1e-08,
    equal_nan: builtins.bool = False,
) -> builtins.bool: ...
def amax(
    input: Tensor, dim: Dims = (), keepdim: builtins.bool = False, *, out: Tensor | None = None
) -> Tensor: ...
def amin(
    input: Tensor, dim: Dims = (), keepdim: builtins.bool = False, *, out: Tensor | None = None
) -> Tensor: ...
def angle(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def any(
    input: Tensor, dim: Dims = None, keepdim: builtins.bool = False, *, out: Tensor | None = None
) -> Tensor: ...
def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    requires_grad: builtins.bool = False,
    out: Tensor | None = None,
    **ignored: Any,
) -> Tensor: ...
def argmax(
    input: Tensor,
    dim: builtins.int | None = None,
    keepdim: builtins.bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def argmin(
    input: Tensor,
    dim: builtins.int | None = None,
    keepdim: builtins.bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def argsort(
    input: Tensor,
    dim: builtins.int = -1,
    descending: builtins.bool = False,
    stable: builtins.bool = True,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def as_tensor(data: Any, dtype: dtype | None = None, device: AnyDevice = None) -> Tensor: ...
def asarray(
    obj: Any,
    *,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    copy: builtins.bool | None = None,
) -> Tensor: ...
def asin(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
arcsin = asin
def asinh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
arcsinh = asinh
def atan(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
arctan = atan
def atan2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
arctan2 = atan2
def atanh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
arctanh = atanh
def bernoulli(
    input: Tensor,
    p: builtins.float | None = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
def bitwise_and(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def bitwise_or(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
def bitwise_xor(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]: ...
def cat(
    tensors: Sequence[Tensor], dim: builtins.int = 0, *, out: Tensor | None = None
) -> Tensor: ...
concat = cat
concatenate = cat
def ceil(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def chunk(input: Tensor, chunks: builtins.int, dim: builtins.int = 0) -> tuple[Tensor, ...]: ...
def clamp(
    input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None
) -> Tensor: ...
clip = clamp
def clone(input: Tensor, *, memory_format: memory_format = ...) -> Tensor: ...
def complex(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def conj(input: Tensor) -> Tensor: ...
def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: builtins.int = 1,
) -> Tensor: ...
def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: builtins.int = 1,
) -> Tensor: ...
def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: builtins.int = 1,
) -> Tensor: ...
def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: builtins.int = 1,
    dilation: Any = 1,
) -> Tensor: ...
def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: builtins.int = 1,
    dilation: Any = 1,
) -> Tensor: ...
def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: builtins.int = 1,
    dilation: Any = 1,
) -> Tensor: ...
def copysign(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
def cos(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def cosh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor: ...
def cumsum(
    input: Tensor, dim: builtins.int, *, dtype: dtype | None = None, out: Tensor | None = None
) -> Tensor: ...
def div(
    input: Tensor,
    other: Tensor | Number,
    *,
    rounding_mode: str | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
divide = div
def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def empty(
    *size: Any,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    layout: Any = None,
    requires_grad: builtins.bool = False,
    pin_memory: builtins.bool = False,
    memory_format: Any = None,
    out: Tensor | None = None,
    **named: Any,
) -> Tensor: ...
def empty_like(
    input: Tensor,
    *,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    requires_grad: builtins.bool = False,
    memory_format: Any = None,
    **ignored: Any,
) -> Tensor: ...
def eq(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
def equal(input: Tensor, other: Tensor) -> builtins.bool: ...
def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def erfc(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def exp2(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def expm1(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def eye(
    n: builtins.int,
    m: builtins.int | None = None,
    *,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    requires_grad: builtins.bool = False,
    out: Tensor | None = None,
    **ignored: Any,
) -> Tensor: ...
def flatten(input: Tensor, start_dim: builtins.int = 0, end_dim: builtins.int = -1) -> Tensor: ...
def flip(input: Tensor, *dims: Any) -> Tensor: ...
def floor(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def floor_divide(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
def fmax(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def fmin(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def fmod(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor: ...
def frombuffer(
    buffer: Any,
    *,
    dtype: dtype,
    count: builtins.int = -1,
    offset: builtins.int = 0,
    requires_grad: builtins.bool = False,
) -> Tensor: ...
def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    layout: Any = None,
    requires_grad: builtins.bool = False,
    pin_memory: builtins.bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    requires_grad: builtins.bool = False,
    memory_format: Any = None,
    **ignored: Any,
) -> Tensor: ...
def gather(
    input: Tensor, dim: builtins.int, index: Tensor, *, out: Tensor | None = None
) -> Tensor: ...
def ge(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
greater_equal = ge
def gt(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
greater = gt
def hypot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def imag(input: Tensor) -> Tensor: ...
def index_put(
    input: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: builtins.bool = False
) -> Tensor: ...
def index_select(
    input: Tensor, dim: builtins.int, index: Tensor, *, out: Tensor | None = None
) -> Tensor: ...
def is_tensor(obj: object) -> builtins.bool: ...
def isclose(
    input: Tensor,
    other: Tensor,
    rtol: builtins.float = 1e-05,
    atol: builtins.float = 1e-08,
    equal_nan: builtins.bool = False,
) -> Tensor: ...
def isfinite(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def isinf(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def isnan(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def le(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
less_equal = le
def lerp(input: Tensor, end: Tensor, weight: Any, *, out: Tensor | None = None) -> Tensor: ...
def linspace(
    start: Any,
    end: Any,
    steps: builtins.int,
    *,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    requires_grad: builtins.bool = False,
    out: Tensor | None = None,
    **ignored: Any,
) -> Tensor: ...
def log(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def log10(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def log1p(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def log2(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def log_softmax(
    input: Tensor,
    dim: builtins.int | None = None,
    dtype: dtype | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def logaddexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def logcumsumexp(input: Tensor, dim: builtins.int, *, out: Tensor | None = None) -> Tensor: ...
def logical_and(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def logical_not(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def logical_or(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def logical_xor(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def logsumexp(
    input: Tensor, dim: Any, keepdim: builtins.bool = False, *, out: Tensor | None = None
) -> Tensor: ...
def lt(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
less = lt
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor: ...
def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def max(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def max(input: Tensor, other: Tensor, /, *, out: Tensor | None = None) -> Tensor: ...
@overload
def max(
    input: Tensor,
    dim: builtins.int,
    keepdim: builtins.bool = False,
    *,
    out: Sequence[Tensor] | None = None,
) -> ValuesAndIndices: ...
def maximum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def mean(
    input: Tensor,
    dim: Dims = None,
    keepdim: builtins.bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def min(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def min(input: Tensor, other: Tensor, /, *, out: Tensor | None = None) -> Tensor: ...
@overload
def min(
    input: Tensor,
    dim: builtins.int,
    keepdim: builtins.bool = False,
    *,
    out: Sequence[Tensor] | None = None,
) -> ValuesAndIndices: ...
def minimum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor: ...
def mul(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
multiply = mul
def multinomial(
    input: Tensor,
    num_samples: builtins.int,
    replacement: builtins.bool = False,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def narrow(
    input: Tensor, dim: builtins.int, start: builtins.int, length: builtins.int
) -> Tensor: ...
def ne(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
not_equal = ne
def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
negative = neg
@overload
def nonzero(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def nonzero(input: Tensor, *, as_tuple: Literal[False], out: Tensor | None = None) -> Tensor: ...
@overload
def nonzero(input: Tensor, *, as_tuple: Literal[True]) -> tuple[Tensor, ...]: ...
def norm(
    input: Tensor,
    p: Any = "fro",
    dim: Dims = None,
    keepdim: builtins.bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    out: Tensor | None = None,
) -> Tensor: ...
def numel(input: Tensor) -> builtins.int: ...
def ones(
    *size: Any,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    layout: Any = None,
    requires_grad: builtins.bool = False,
    pin_memory: builtins.bool = False,
    out: Tensor | None = None,
    **named: Any,
) -> Tensor: ...
def ones_like(input: Tensor, **options: Any) -> Tensor: ...
def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def permute(input: Tensor, *dims: Any) -> Tensor: ...
def polar(abs: Tensor, angle: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def pow(input: Any, exponent: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    requires_grad: builtins.bool = False,
    out: Tensor | None = None,
    **options: Any,
) -> Tensor: ...
def rand_like(
    input: Tensor,
    *,
    dtype: dtype | None = None,
    requires_grad: builtins.bool = False,
    device: AnyDevice = None,
    generator: Generator | None = None,
    memory_format: Any = None,
    **ignored: Any,
) -> Tensor: ...
def randint(
    low: builtins.int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    requires_grad: builtins.bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def randint_like(
    input: Tensor,
    low: builtins.int,
    high: Any = None,
    *,
    dtype: dtype | None = None,
    requires_grad: builtins.bool = False,
    device: AnyDevice = None,
    generator: Generator | None = None,
    memory_format: Any = None,
    **ignored: Any,
) -> Tensor: ...
def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    requires_grad: builtins.bool = False,
    out: Tensor | None = None,
    **options: Any,
) -> Tensor: ...
def randn_like(
    input: Tensor,
    *,
    dtype: dtype | None = None,
    requires_grad: builtins.bool = False,
    device: AnyDevice = None,
    generator: Generator | None = None,
    memory_format: Any = None,
    **ignored: Any,
) -> Tensor: ...
def randperm(
    n: builtins.int,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    out: Tensor | None = None,
    **ignored: Any,
) -> Tensor: ...
def real(input: Tensor) -> Tensor: ...
def reciprocal(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def relu(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def remainder(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
def reshape(input: Tensor, *shape: Any) -> Tensor: ...
def resolve_conj(input: Tensor) -> Tensor: ...
resolve_neg = resolve_conj
def round(input: Tensor, *, decimals: builtins.int = 0, out: Tensor | None = None) -> Tensor: ...
def rsqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def scatter_add(
    input: Tensor, dim: builtins.int, index: Tensor, src: Tensor, *, out: Tensor | None = None
) -> Tensor: ...
def select(input: Tensor, dim: builtins.int, index: builtins.int) -> Tensor: ...
def sgn(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def sin(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def sinc(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def sinh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def softmax(
    input: Tensor,
    dim: builtins.int | None = None,
    dtype: dtype | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def sort(
    input: Tensor,
    dim: builtins.int = -1,
    descending: builtins.bool = False,
    stable: builtins.bool = True,
    *,
    out: Sequence[Tensor] | None = None,
) -> ValuesAndIndices: ...
def split(
    input: Tensor, split_size_or_sections: Any, dim: builtins.int = 0
) -> tuple[Tensor, ...]: ...
def sqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def square(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def squeeze(input: Tensor, dim: Any = None) -> Tensor: ...
def stack(
    tensors: Sequence[Tensor], dim: builtins.int = 0, *, out: Tensor | None = None
) -> Tensor: ...
def std(
    input: Tensor,
    dim: Any = None,
    unbiased: builtins.bool | None = None,
    keepdim: builtins.bool = False,
    *,
    correction: Any = None,
    out: Tensor | None = None,
) -> Tensor: ...
def sub(
    input: Tensor, other: Tensor | Number, *, alpha: Number = 1, out: Tensor | None = None
) -> Tensor: ...
subtract = sub
def sum(
    input: Tensor,
    dim: Dims = None,
    keepdim: builtins.bool = False,
    *,
    dtype: dtype | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
def t(input: Tensor) -> Tensor: ...
def tan(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def tanh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def tensor(
    data: Any,
    *,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    requires_grad: builtins.bool = False,
    pin_memory: builtins.bool = False,
) -> Tensor: ...
def topk(
    input: Tensor,
    k: builtins.int,
    dim: builtins.int = -1,
    largest: builtins.bool = True,
    sorted: builtins.bool = True,
    *,
    out: Sequence[Tensor] | None = None,
) -> ValuesAndIndices: ...
def transpose(input: Tensor, dim0: builtins.int, dim1: builtins.int) -> Tensor: ...
swapaxes = transpose
swapdims = transpose
def tril(input: Tensor, diagonal: builtins.int = 0, *, out: Tensor | None = None) -> Tensor: ...
def triu(input: Tensor, diagonal: builtins.int = 0, *, out: Tensor | None = None) -> Tensor: ...
def true_divide(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor: ...
def trunc(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
fix = trunc
def unbind(input: Tensor, dim: builtins.int = 0) -> tuple[Tensor, ...]: ...
def unflatten(input: Tensor, dim: builtins.int, sizes: Sequence[builtins.int]) -> Tensor: ...
def unsqueeze(input: Tensor, dim: builtins.int) -> Tensor: ...
def var(
    input: Tensor,
    dim: Any = None,
    unbiased: builtins.bool | None = None,
    keepdim: builtins.bool = False,
    *,
    correction: Any = None,
    out: Tensor | None = None,
) -> Tensor: ...
def view_as_complex(input: Tensor) -> Tensor: ...
def view_as_real(input: Tensor) -> Tensor: ...
@overload
def where(condition: Tensor) -> tuple[Tensor, ...]: ...
@overload
def where(
    condition: Tensor, input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None
) -> Tensor: ...
def zeros(
    *size: Any,
    dtype: dtype | None = None,
    device: AnyDevice = None,
    layout: Any = None,
    requires_grad: builtins.bool = False,
    pin_memory: builtins.bool = False,
    out: Tensor | None = None,
    **named: Any,
) -> Tensor: ...
def zeros_like(input: Tensor, **options: Any) -> Tensor: ...
