"""Functions and modules to trace, written once for both frameworks, and inputs for them."""

from __future__ import annotations

import importlib
import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple


class Program(NamedTuple):
    """Something to trace; `shapes` are those of its inputs."""

    root: Any
    shapes: tuple[tuple[int, ...], ...] = ((2, 3),)
    concrete_args: Any = None


def fx_of(t: Any) -> Any:
    return importlib.import_module(f"{t.__name__}.fx")


def programs(t: Any) -> dict[str, Program]:
    return {**_functions(t), **_modules(t)}


def _functions(t: Any) -> dict[str, Program]:
    F = t.nn.functional
    constant = t.ones(3)

    def operators(x, y=2, *args, k=3.5, **kw):
        z = (x + y) * k - 1 / x
        z = -z + abs(z) + 2**z - (3 - z) / 2 // 1 % 5
        z = (z > 0) + (z == 1) + z.T.T
        z += 1
        return z @ x.T

    def calls(x):
        z = t.relu(x) + F.relu(x) + x.relu() + F.gelu(x) + t.sigmoid(x) + F.softmax(x, dim=-1)
        z = z + t.mean(x, dim=[0, 1], keepdim=True) + t.sum(x, dim=1, keepdim=True) + t.norm(x)
        z = t.cat([z, z], dim=0) + t.stack((x, x), dim=0).flatten(0, 1) + t.add(x[:1], 1, alpha=2)
        a, b = t.chunk(z, 2, dim=0)
        dropped = F.dropout(b, 0.5, training=False)
        return t.clamp(a, min=-1, max=1) + dropped + F.pad(x[:, 1:], (1, 0))

    def indices(x):
        z = x[:, None, ..., 0] + x.shape[0] + x.size(1) + x[0, 0] + x[..., -1:][:, [0]]
        return z.view(x.size(0), -1), x.permute(1, 0).contiguous()

    def containers(x, y):
        return {"a": x, "b": [y, (x + y, None, 1.0, True, "s", slice(1, 2), t.float32, ...)], 3: y}

    def dtypes(x):
        z = x.to(dtype=t.float64, device="cpu").float()
        return z + t.zeros_like(x, dtype=t.float32), x.new_full((x.size(0),), math.inf)

    def constants(x):
        return x + constant, constant + x, t.mul(constant, x), x - 1

    def names(input, relu, int, self_1=1):
        return t.relu(relu) + input + int

    def unpacked(x):
        a, b = x.chunk(2)
        return a + b

    def numbers(x):
        return math.sqrt(x.size(1)) * x + t.ones(3) + math.pi

    def attributes(x):
        return x.shape[0], x.dtype, x.is_leaf

    def concrete(x, flag=True):
        return x if flag else -x

    def nested(x, d):
        return [x + d["a"], d["b"][0]]

    def annotated(x: t.Tensor, y: int = 2) -> t.Tensor:
        return x * y

    def setting(x):
        operator.setitem  # noqa: B018
        return x.add_(1), x.clone().mul_(2)

    return {
        "operators": Program(operators),
        "calls": Program(calls),
        "indices": Program(indices),
        "containers": Program(containers, ((2, 3), (2, 3))),
        "dtypes": Program(dtypes),
        "constants": Program(constants),
        "names": Program(names, ((2, 3), (2, 3), (2, 3))),
        "unpacked": Program(unpacked),
        "numbers": Program(numbers),
        "attributes": Program(attributes),
        "concrete": Program(concrete, ((2, 3),), {"flag": False}),
        "nested": Program(nested, ((2, 3),), {"d": {"a": fx_of(t).PH, "b": [fx_of(t).PH, 3]}}),
        "annotated": Program(annotated),
        "setting": Program(setting),
    }


def _modules(t: Any) -> dict[str, Program]:
    nn, F = t.nn, t.nn.functional

    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
            self.scale = nn.Parameter(t.ones(2))
            self.register_buffer("mean", t.zeros(3))
            self.k = 3

        def forward(self, x):
            y = self.net(x - self.mean) * self.scale + self.k
            return self.scale + y

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(4)
            self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
            self.down = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
            self.relu = nn.ReLU(inplace=True)
            self.layers = nn.ModuleList([nn.Conv2d(4, 4, 1) for _ in range(2)])
            self.named = nn.ModuleDict({"a-b": nn.Identity()})

        def forward(self, x):
            out = self.relu(self.bn1(self.conv1(x)))
            out = self.conv2(out)
            out += self.down(x)
            for layer in self.layers:
                out = layer(out)
            out = self.named["a-b"](out)
            pooled = F.max_pool2d(out, 2) + F.adaptive_avg_pool2d(out, 2)
            return t.flatten(self.relu(pooled), 1), {"w": self.conv1.weight.sum()}

    class Direct(nn.Module):
        def __init__(self):
            super().__init__()
            self.p = nn.Parameter(t.ones(3))
            self.lin = nn.Linear(3, 3)
            self.plain = t.ones(3)

        def forward(self, x):
            n = self.p.shape[0]
            r = F.linear(x, self.lin.weight, self.lin.bias)
            return r.view(-1, n) + self.p.sum() + self.plain + self.plain

    return {
        "mlp": Program(MLP()),
        "block": Program(Block().eval(), ((2, 3, 4, 4),)),
        "direct": Program(Direct()),
        "sequential": Program(nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.Tanh()))),
    }


def failing(t: Any) -> dict[str, Callable[..., Any]]:
    """Functions that cannot be traced."""
    return {
        "if": lambda x: x if x.sum() > 0 else -x,
        "for": lambda x: [part for part in x],
        "star": lambda x: max(*x),
        "stars": lambda x: dict(**x),
        "len": lambda x: len(x),
        "in": lambda x: 1 in x,
        "range": lambda x: range(x.size(0)),
        "set": lambda x: operator.setitem(x, 0, 1),
        "result": lambda x: {1, 2},
        "key": lambda x: {(x,): 1},
    }


def layers(t: Any) -> list[Any]:
    """Layers whose own forward is traced."""
    nn = t.nn
    return [
        nn.Linear(2, 3), nn.Conv2d(1, 2, 3), nn.Dropout(), nn.MaxPool2d(2), nn.LayerNorm(3),
        nn.Embedding(3, 2), nn.ReLU(), nn.Softmax(dim=1), nn.CrossEntropyLoss(),
        nn.MSELoss(), nn.Flatten(), nn.Identity(), nn.SiLU(),
        nn.Upsample(scale_factor=2), nn.GroupNorm(1, 3), nn.PReLU(), nn.Sigmoid(), nn.Tanh(),
        nn.Unflatten(1, (2, 3)), nn.PixelShuffle(2), nn.Bilinear(1, 2, 3), nn.ZeroPad2d(1),
        nn.Hardtanh(), nn.AvgPool2d(2), nn.LeakyReLU(), nn.ELU(), nn.Softplus(), nn.LogSoftmax(1),
        nn.GLU(), nn.GELU(), nn.CosineSimilarity(), nn.BCEWithLogitsLoss(),
    ]  # fmt: skip


def inputs(t: Any, program: Program) -> list[Any]:
    """Numbers that are the same in both frameworks, some negative."""
    made = []
    for shape in program.shapes:
        count = math.prod(shape)
        made.append((t.arange(count, dtype=t.float32).reshape(shape) % 7 - 2.5) / 3)
    if program.concrete_args is not None and "d" in program.concrete_args:
        made.append({"a": made[0] * 2, "b": [made[0] - 1, 3]})
    elif program.concrete_args is not None:
        made.append(False)
    return made
