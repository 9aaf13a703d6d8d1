"""The calls that `operators.py` measures: the operators that programs use most, with arguments, in
all memory orders. `calls_by_family.py` has the others.

A call is made from `Inputs` (tensors of a size, in a memory order) and returns what is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Call:
    make: Callable[[Any], Callable[[], Any]]
    backward: bool = True
    layouts: bool = True
    sizes: tuple[int, ...] = ()  # empty: all


CALLS: dict[str, Call] = {}


def unary(*names: str, positive: bool = False, backward: bool = True, where: str = "") -> None:
    for name in names:

        def make(i: Any, name: str = name) -> Callable[[], Any]:
            x = i.positive() if positive else i.normal()
            function = getattr(i.functional if where else i.torch, name)
            return lambda: function(x)

        CALLS[name] = Call(make, backward)


def binary(*names: str, backward: bool = True) -> None:
    for name in names:

        def make(i: Any, name: str = name) -> Callable[[], Any]:
            x, y = i.positive(), i.positive()
            function = getattr(i.torch, name)
            return lambda: function(x, y)

        CALLS[name] = Call(make, backward)


def call(name: str, backward: bool = True, layouts: bool = True) -> Any:
    def register(make: Callable[[Any], Callable[[], Any]]) -> Any:
        CALLS[name] = Call(make, backward, layouts)
        return make

    return register


def timed(name: str, function: Any, backward: bool = True, layouts: bool = True) -> None:
    """A row of one tensor: `function(x, i)`."""

    def make(i: Any) -> Callable[[], Any]:
        x = i.normal()
        return lambda: function(x, i)

    CALLS[name] = Call(make, backward, layouts)


# ---- elementwise

unary("neg", "abs", "exp", "sin", "cos", "tanh", "sigmoid", "relu")
unary("square")
unary("zeros_like", "rand_like", "randn_like", backward=False)
unary("floor", "ceil", "round", "trunc", "sign", "isnan", "isfinite", "isinf", "logical_not",
      backward=False)  # fmt: skip
unary("log", "log1p", "sqrt", "rsqrt", "reciprocal", positive=True)
unary("leaky_relu", where="nn.functional")
binary("add", "sub", "mul", "div", "maximum", "minimum", "pow")
binary("remainder")
binary("eq", "ne", "lt", "le", "gt", "ge", "floor_divide", "isclose", "logical_and", "logical_or",
       "logical_xor", "equal", "allclose", backward=False)  # fmt: skip
timed("x + 1", lambda x, i: x + 1)
timed("x * 2.5", lambda x, i: x * 2.5)
timed("x ** 2", lambda x, i: x**2)
timed("x ** 3", lambda x, i: x**3)
timed("1 / x", lambda x, i: 1 / x)
timed("x > 0.5", lambda x, i: x > 0.5, backward=False)
timed("clamp", lambda x, i: x.clamp(-0.5, 0.5))


@call("whole numbers + 1", backward=False)
def whole_numbers(i: Any) -> Any:
    x = i.whole(100)
    return lambda: x + 1


for _name in ("bitwise_and", "bitwise_or", "bitwise_xor"):

    @call(_name, backward=False)
    def bits(i: Any, name: str = _name) -> Any:
        x, y = i.whole(100), i.whole(100)
        function = getattr(i.torch, name)
        return lambda: function(x, y)


@call("lerp")
def lerp(i: Any) -> Any:
    x, y = i.normal(), i.normal()
    return lambda: i.torch.lerp(x, y, 0.3)


@call("add a row")
def add_a_row(i: Any) -> Any:
    x, y = i.normal(), i.normal(i.shape()[-1])
    return lambda: x + y


@call("where")
def where(i: Any) -> Any:
    m, x, y = i.mask(), i.normal(), i.normal()
    return lambda: i.torch.where(m, x, y)


@call("masked_fill")
def masked_fill(i: Any) -> Any:
    m, x = i.mask(), i.normal()
    return lambda: x.masked_fill(m, 0.5)


@call("add_", backward=False)
def add_in_place(i: Any) -> Any:
    x, y = i.normal(), i.normal()
    return lambda: x.add_(y)


@call("step of a parameter by hand", backward=False)
def step_by_hand(i: Any) -> Any:
    parameter, step, out = i.torch.nn.Parameter(i.normal()), i.normal(), i.normal()

    def run() -> None:
        with i.torch.no_grad():
            i.torch.mul(parameter, step, out=out)
            parameter.add_(out, alpha=1e-6)

    return run


# ---- reductions

for _name in ("sum", "mean", "amax", "argmax", "var", "std", "norm", "logsumexp", "all"):
    _backward = _name not in ("argmax", "all")
    if _name not in ("logsumexp", "amax"):
        timed(_name, lambda x, i, n=_name: getattr(x, n)(), _backward)
    for _dim in (0, -1) if _name not in ("norm",) else ():
        timed(f"{_name} along {_dim}", lambda x, i, n=_name, d=_dim: getattr(x, n)(d), _backward)
timed("amin along -1", lambda x, i: x.amin(-1))
timed("argmin along -1", lambda x, i: x.argmin(-1), backward=False)
timed("any along -1", lambda x, i: x.any(-1), backward=False)
timed("count_nonzero", lambda x, i: x.count_nonzero(), backward=False)
timed("max along -1", lambda x, i: x.max(-1))
timed("cumsum along 0", lambda x, i: x.cumsum(0))
timed("cumsum along -1", lambda x, i: x.cumsum(-1))
timed("softmax", lambda x, i: x.softmax(-1))
timed("log_softmax", lambda x, i: x.log_softmax(-1))

# ---- copies and shapes

timed("clone", lambda x, i: x.clone())
timed("contiguous of a permutation", lambda x, i: x.transpose(0, -1).contiguous())
timed("to float64", lambda x, i: x.to(i.torch.float64))
timed("to int64", lambda x, i: x.to(i.torch.int64), backward=False)
timed("reshape", lambda x, i: x.reshape(-1))
timed("transpose", lambda x, i: x.transpose(0, 1))
timed("permute", lambda x, i: x.permute(*reversed(range(x.ndim))))
timed("unsqueeze", lambda x, i: x.unsqueeze(0))
timed("flip", lambda x, i: x.flip(0, 1))
timed("repeat", lambda x, i: x.repeat(*(1,) * (x.ndim - 1), 2))
timed("cat", lambda x, i: i.torch.cat([x, x], 1))
timed("stack", lambda x, i: i.torch.stack([x, x]))
timed("split", lambda x, i: x.split(1 + x.shape[0] // 2))
timed("flatten", lambda x, i: x.flatten())
timed("squeeze", lambda x, i: x.squeeze())
timed("expand", lambda x, i: x.expand(2, *x.shape))
timed("chunk", lambda x, i: x.chunk(2))
timed("narrow", lambda x, i: x.narrow(0, 0, 1))
timed("movedim", lambda x, i: x.movedim(0, -1))
timed("triu", lambda x, i: x.triu())
timed("tril", lambda x, i: x.tril())
timed("pad constant", lambda x, i: i.functional.pad(x, (1, 1, 1, 1)))


@call("copy_", backward=False)
def copy_(i: Any) -> Any:
    x, y = i.normal(), i.normal()
    return lambda: x.copy_(y)


@call("fill_", backward=False)
def fill_(i: Any) -> Any:
    x = i.normal()
    return lambda: x.fill_(1.5)


for _mode in ("reflect", "replicate", "circular"):

    @call(f"pad {_mode}", layouts=False)
    def pad(i: Any, mode: str = _mode) -> Any:
        x = i.normal(1, *i.shape())
        return lambda: i.functional.pad(x, (1, 1), mode)


# ---- indexing

timed("x[1:]", lambda x, i: x[1:])
timed("x[0]", lambda x, i: x[0])
timed("x[:, 0]", lambda x, i: x[:, 0])


@call("x[rows]")
def rows(i: Any) -> Any:
    x, index = i.normal(), i.torch.randint(0, i.rows(), (i.rows(),))
    return lambda: x[index]


@call("x[mask]")
def by_mask(i: Any) -> Any:
    x, m = i.normal(), i.mask()
    return lambda: x[m]


@call("x[1:] = y", backward=False)
def set_slice(i: Any) -> Any:
    x, y = i.normal(), i.normal()[1:]

    def step() -> None:
        x[1:] = y

    return step


@call("x[rows] = y", backward=False)
def set_rows(i: Any) -> Any:
    x, y, index = i.normal(), i.normal(), i.torch.randperm(i.rows())

    def step() -> None:
        x[index] = y

    return step


for _dim in (0, 1):

    @call(f"gather along {_dim}")
    def gather(i: Any, dim: int = _dim) -> Any:
        x, index = i.normal(), i.whole(i.shape()[dim])
        return lambda: x.gather(dim, index)

    @call(f"scatter_add along {_dim}")
    def scatter_add(i: Any, dim: int = _dim) -> Any:
        x, y, index = i.normal(), i.normal(), i.whole(i.shape()[dim])
        return lambda: x.scatter_add(dim, index, y)

    @call(f"index_select along {_dim}")
    def index_select(i: Any, dim: int = _dim) -> Any:
        count = i.shape()[dim]
        x, index = i.normal(), i.torch.randint(0, count, (count,))
        return lambda: x.index_select(dim, index)


timed("sort", lambda x, i: x.sort())
timed("argsort", lambda x, i: x.argsort(), backward=False)
timed("topk", lambda x, i: x.topk(2))
timed("nonzero", lambda x, i: x.nonzero(), backward=False)


@call("one_hot", backward=False, layouts=False)
def one_hot(i: Any) -> Any:
    x = i.whole(10, i.size // 10)
    return lambda: i.functional.one_hot(x, 10)


# ---- creation and random numbers


def created(name: str, function: Any) -> None:
    CALLS[name] = Call(lambda i: lambda: function(i), backward=False, layouts=False)


created("zeros", lambda i: i.torch.zeros(i.size))
created("full", lambda i: i.torch.full((i.size,), 1.5))
created("arange", lambda i: i.torch.arange(i.size))
created("linspace", lambda i: i.torch.linspace(0, 1, i.size))
created("eye", lambda i: i.torch.eye(i.rows()))
created("rand", lambda i: i.torch.rand(i.size))
created("randn", lambda i: i.torch.randn(i.size))
created("tensor of a list", lambda i: i.torch.tensor([1.0, 2.0, 3.0]))
created("randn float64", lambda i: i.torch.randn(i.size, dtype=i.torch.float64))
created("randint", lambda i: i.torch.randint(0, 10, (i.size,)))
created("randperm", lambda i: i.torch.randperm(i.size))
timed("bernoulli", lambda x, i: i.torch.full_like(x, 0.3).bernoulli_(), backward=False)
timed("uniform_", lambda x, i: x.uniform_(-1, 1), backward=False)
timed("exponential_", lambda x, i: x.exponential_(), backward=False)
timed("dropout", lambda x, i: i.functional.dropout(x))

# ---- matrices, images, losses


@call("matmul")
def matmul(i: Any) -> Any:
    x, y = i.normal(), i.normal(i.shape()[-1], 16)
    return lambda: x @ y


@call("bmm", layouts=False)
def bmm(i: Any) -> Any:
    x, y = i.normal(2, *i.shape()), i.normal(2, i.columns(), 16)
    return lambda: i.torch.bmm(x, y)


@call("dot", layouts=False)
def dot(i: Any) -> Any:
    x, y = i.normal(i.size), i.normal(i.size)
    return lambda: i.torch.dot(x, y)


@call("linear")
def linear(i: Any) -> Any:
    x, w, b = i.normal(), i.normal(16, i.shape()[-1]), i.normal(16)
    return lambda: i.functional.linear(x, w, b)


def images(name: str, function: Any) -> None:
    def make(i: Any) -> Callable[[], Any]:
        shape = {10: (1, 1, 4, 4), 10_000: (4, 25, 10, 10)}.get(i.size, (16, 64, 25, 40))
        x = i.normal(*shape)
        return function(x, i)

    CALLS[name] = Call(make)


images("max_pool2d", lambda x, i: lambda: i.functional.max_pool2d(x, 2))
images("avg_pool2d", lambda x, i: lambda: i.functional.avg_pool2d(x, 2))


def conv2d(x: Any, i: Any) -> Any:
    w = i.torch.randn(8, x.shape[1], 3, 3)
    return lambda: i.functional.conv2d(x, w, padding=1)


def batch_norm(x: Any, i: Any) -> Any:
    return lambda: i.functional.batch_norm(x, None, None, training=True)


images("adaptive_avg_pool2d", lambda x, i: lambda: i.functional.adaptive_avg_pool2d(x, 2))
images("conv2d", conv2d)
images("batch_norm", batch_norm)


def loss(name: str, make_target: Any, layouts: bool = True) -> None:
    def make(i: Any) -> Callable[[], Any]:
        x, y = i.normal(), make_target(i)
        function = getattr(i.functional, name)
        return lambda: function(x, y)

    CALLS[name] = Call(make, layouts=layouts)


def other(i: Any) -> Any:
    return i.positive().detach()


def classes(i: Any) -> Any:
    shape = i.shape()
    return i.torch.randint(0, shape[1], (shape[0], *shape[2:]))


for _name in ("mse_loss", "l1_loss", "binary_cross_entropy_with_logits"):
    loss(_name, other)
loss("cross_entropy", classes)
