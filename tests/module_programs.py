"""Little programs about modules that run on PyTorch and on Rushlight, and show the same.

Each is a generator: what it yields is compared. `attempt(call)` stands for an error by its type.
"""

from __future__ import annotations

import copy
import importlib
import io
import pickle
import warnings
from collections.abc import Callable, Iterator
from typing import Any

PROGRAMS: list[Callable[[Any], Iterator[Any]]] = []


def program(function: Callable[[Any], Iterator[Any]]) -> Callable[[Any], Iterator[Any]]:
    PROGRAMS.append(function)
    return function


def shown(value: Any) -> Any:
    """A value as plain data that two frameworks can be compared by."""
    if hasattr(value, "detach"):
        values = value.detach().double() if value.is_floating_point() else value
        return (type(value).__name__, tuple(value.shape), value.requires_grad, values.tolist())
    if isinstance(value, dict) or hasattr(value, "items") and callable(value.items):
        return [(key, shown(part)) for key, part in value.items()]
    if isinstance(value, (list, tuple)) or type(value).__name__ in ("generator", "dict_keys"):
        return [shown(part) for part in value]
    if hasattr(value, "named_parameters"):
        return repr(value)
    return value


def run(torch: Any, function: Callable[[Any], Iterator[Any]]) -> list[Any]:
    """What a program shows, warnings included."""
    torch.manual_seed(1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = [shown(value) for value in function(torch)]
    return [*found, [warning.category.__name__ for warning in caught]]


def attempt(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # a framework's own is a builtin one, too
        return next(kind for kind in type(error).__mro__ if kind.__module__ == "builtins").__name__


def make_net(torch: Any) -> Any:
    nn = torch.nn
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))


# ---- modules


@program
def members_by_path(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    net = nn.Module()
    net.part = make_net(torch)
    net.register_buffer("count", torch.zeros(1), persistent=False)
    yield net.get_submodule("part.1"), net.get_submodule(""), net.get_buffer("part.1.running_mean")
    yield net.get_parameter("part.0.bias"), net.get_buffer("count")
    for wrong in ("part.9", "nothing", "part.0.weight", "part..0"):
        yield attempt(lambda w=wrong: net.get_submodule(w))
    for wrong in ("part.0.none", "count", "part.1.running_mean", "part", ""):
        yield attempt(lambda w=wrong: net.get_parameter(w))
    for wrong in ("part.0.weight", "none", "part", "training", ""):
        yield attempt(lambda w=wrong: net.get_buffer(w))
    net.set_submodule("part.2", nn.Tanh())
    net.set_submodule("part.new", nn.ELU())
    net.set_submodule("fresh", nn.GELU())
    yield net
    yield attempt(lambda: net.set_submodule("", nn.ReLU()))
    yield attempt(lambda: net.set_submodule("part.0.weight", nn.ReLU()))
    yield attempt(lambda: net.set_submodule("part.q", nn.ReLU(), strict=True))
    yield attempt(lambda: net.set_submodule("a.b.c", nn.ReLU()))
    yield attempt(lambda: net.set_submodule("part.0", 3))
    yield attempt(lambda: net.get_extra_state()), attempt(lambda: net.set_extra_state(3))
    yield attempt(lambda: net.missing), attempt(lambda: net.part.weight)


@program
def names_of_members(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    shared = nn.Linear(1, 1)
    net = nn.Sequential(shared, nn.Sequential(shared), nn.BatchNorm1d(1))
    net.again = shared.weight
    for remove in (True, False):
        yield [name for name, _ in net.named_parameters(remove_duplicate=remove)]
        yield [name for name, _ in net.named_buffers(remove_duplicate=remove)]
        yield [name for name, _ in net.named_modules(remove_duplicate=remove)]
    yield [name for name, _ in net.named_parameters("x", recurse=False)]
    yield [name for name, _ in net.named_buffers(prefix="y", recurse=True)]
    yield [name for name, _ in net.named_modules(prefix="z")], [n for n, _ in net.named_children()]
    yield len(list(net.modules())), len(list(net.children())), len(list(net.parameters()))
    net.nothing = None
    net.register_module("none", None)
    net.register_parameter("empty", None)
    net.register_buffer("blank", None)
    yield [name for name, _ in net.named_modules()], list(net.state_dict()), net
    yield [name for name in dir(net) if name in ("none", "empty", "blank", "again", "0")]


@program
def registration(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    net = nn.Module()
    net.weight = nn.Parameter(torch.ones(1))
    net.moved = nn.Buffer(torch.zeros(1))
    net.hidden = nn.Buffer(torch.zeros(2), persistent=False)
    net.part = nn.ReLU()
    yield list(net.state_dict()), [name for name, _ in net.named_buffers()], net
    yield attempt(lambda: setattr(net, "weight", torch.ones(1)))
    yield attempt(lambda: setattr(net, "moved", 3)), attempt(lambda: setattr(net, "part", 3))
    net.moved = torch.ones(3)
    net.hidden = torch.ones(4)
    yield list(net.named_buffers()), list(net.state_dict())
    net.moved = nn.Parameter(torch.ones(2))
    net.weight = None
    yield list(net.named_buffers()), list(net.named_parameters()), net.weight
    net.weight = nn.Parameter(torch.zeros(1))
    net.part = None
    yield list(net.named_parameters()), list(net.named_children())
    net.part = nn.Tanh()
    del net.part, net.hidden
    yield net, list(net.named_buffers()), attempt(lambda: delattr(net, "hidden"))
    for call in (
        lambda: net.register_buffer("a.b", torch.ones(1)), lambda: net.register_buffer("", None),
        lambda: net.register_buffer(3, None), lambda: net.register_buffer("x", 3),
        lambda: net.register_buffer("weight", torch.ones(1)),
        lambda: net.register_parameter("x", torch.ones(1)),
        lambda: net.register_parameter("train", None),
        lambda: net.register_parameter("y", nn.Parameter(torch.ones(1)) * 2),
        lambda: net.add_module("x", 3), lambda: net.add_module("a.b", None),
        lambda: net.add_module("weight", nn.ReLU()), lambda: net.add_module(None, nn.ReLU()),
    ):  # fmt: skip
        yield attempt(call)
    yield attempt(lambda: nn.Module(3)), attempt(lambda: nn.Module(a=3))

    class NoInit(nn.Module):
        def __init__(self, value: Any) -> None:
            self.value = value

    for value in (nn.Parameter(torch.ones(1)), nn.ReLU(), 3, nn.Buffer(torch.ones(1))):
        yield attempt(lambda v=value: NoInit(v).value)

    class Mixin:
        def __init__(self, size: int, **kwargs: Any) -> None:
            self.size = (size, kwargs)

    class Both(nn.Module, Mixin):
        call_super_init = True

    yield Both(3, a=4).size, attempt(lambda: Both())


@program
def conversions(torch: Any) -> Iterator[Any]:
    net = make_net(torch)
    yield [p.dtype == torch.bfloat16 for p in net.bfloat16().parameters()]
    yield [str(b.dtype) for b in net.buffers()]
    yield [str(p.dtype) for p in net.half().double().float().parameters()]
    net[0](torch.ones(1, 3)).sum().backward()
    weight, grad = net[0].weight, net[0].weight.grad
    net.to(torch.float64)
    yield weight is net[0].weight, str(net[0].weight.grad.dtype), grad is net[0].weight.grad
    yield [str(b.dtype) for b in net.type(torch.float32).buffers()]
    yield attempt(lambda: net.to(torch.int32)), attempt(lambda: net.to("nowhere"))
    yield net.train() is net, net.eval().training, [m.training for m in net.modules()]
    yield attempt(lambda: net.train(3)), net.requires_grad_(False)[0].weight.requires_grad
    net.requires_grad_()
    net.zero_grad()
    yield net[0].weight.grad, net.share_memory() is net, net.cpu() is net
    seen: list[str] = []
    yield net.apply(lambda module: seen.append(type(module).__name__)) is net, seen
    empty = net.to_empty(device="meta")
    yield empty is net, [str(p.device) for p in net.parameters()], net[0].weight.requires_grad


@program
def copies(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    net.shared = net[0]
    net[0].weight.grad = torch.ones(2, 2)
    net[0].bias.requires_grad_(False)
    other = copy.deepcopy(net)
    yield other, other.shared is other[0], other[0].weight.grad, other[0].bias.requires_grad
    shallow = copy.copy(net)
    yield shallow[0] is net[0], shallow.shared is net[0]
    buffer = io.BytesIO()
    pickle.dump(net, buffer)
    buffer.seek(0)
    loaded = pickle.load(buffer)
    yield loaded, loaded.shared is loaded[0], loaded[0].weight.grad, loaded.state_dict()
    for made in (nn.ModuleList([net]), nn.ModuleDict({"a": net}), nn.ParameterList([torch.ones(1)]),
                 nn.ParameterDict({"a": torch.ones(1)})):  # fmt: skip
        yield copy.deepcopy(made), pickle.loads(pickle.dumps(made)), copy.copy(made)


@program
def conversions_of_odd_modules(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    net = nn.Module()
    net.weight = nn.Parameter(torch.ones(2))
    net.indices = nn.Parameter(torch.ones(2, dtype=torch.int64), requires_grad=False)
    net.register_buffer("complex", torch.ones(2, dtype=torch.complex64))
    net.register_buffer("none", None)
    tied = nn.Module()
    tied.one = net
    tied.weight = net.weight
    for convert in (
        lambda: tied.double(), lambda: tied.half(), lambda: tied.to(torch.float32),
        lambda: tied.to(dtype=torch.float64, non_blocking=True), lambda: tied.to(torch.ones(1)),
        lambda: tied.to("cpu", torch.float16), lambda: tied.float(), lambda: tied.bfloat16(),
        lambda: tied.type(torch.float32), lambda: tied.type(torch.float64),
    ):  # fmt: skip
        convert()
        yield [str(p.dtype) for p in tied.parameters()], [str(b.dtype) for b in tied.buffers()]
        yield tied.weight is net.weight, net.indices.requires_grad
    yield attempt(lambda: net.to(torch.ones(1, dtype=torch.int64)))
    yield attempt(lambda: net.to(torch.float32, torch.float64)), attempt(lambda: net.to())
    for arguments in (
        ("cpu", "cpu"), (torch.float32, "cpu"), (torch.ones(1), torch.float32), ("cpu", True),
        (torch.float32, True, True), (torch.float32, None), (None,), (None, torch.float32),
        ("cpu", torch.float32, True), ("cpu", torch.float32, True, True), ("cpu", None),
        (torch.float32, True), (torch.ones(1), False),
    ):  # fmt: skip
        yield attempt(lambda a=arguments: net.to(*a))
        yield attempt(lambda a=arguments: str(torch.ones(1, dtype=torch.float64).to(*a).dtype))
    frozen = nn.Linear(1, 1).requires_grad_(False)
    yield [p.requires_grad for p in frozen.double().parameters()], frozen.weight.is_leaf
    layer = nn.Linear(1, 1)
    layer(torch.ones(1, 1)).sum().backward()
    layer.weight.grad.requires_grad_()
    layer.double()
    yield layer.weight.grad.requires_grad, layer.weight.grad.is_leaf, layer.weight._version
    yield layer._apply(lambda t: t * 2) is layer, layer.weight.grad
    yield nn.Sequential(layer)._apply(lambda t: t + 1, recurse=False)[0] is layer


@program
def overridden_methods(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    seen: list[Any] = []

    class Odd(nn.Linear):
        _version = 3

        def train(self, mode: bool = True) -> Any:
            seen.append(("train", mode))
            return super().train(mode)

        def _apply(self, fn: Any, recurse: bool = True) -> Any:
            seen.append("apply")
            return super()._apply(fn, recurse)

        def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
            super()._save_to_state_dict(destination, prefix, keep_vars)
            destination[prefix + "extra"] = torch.ones(1)

        def _load_from_state_dict(
            self, state_dict: Any, prefix: str, local_metadata: Any, strict: Any, *lists: Any
        ) -> None:
            seen.append((prefix, sorted(state_dict), dict(local_metadata), strict))
            state_dict.pop(prefix + "extra", None)
            super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, *lists)

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "doubled":
                value = value * 2
            super().__setattr__(name, value)

        def named_parameters(self, *args: Any, **kwargs: Any) -> Any:
            for name, parameter in super().named_parameters(*args, **kwargs):
                yield f"my_{name}", parameter

        def extra_repr(self) -> str:
            return "odd\nmore"

        def _get_name(self) -> str:
            return "Strange"

    net = nn.Sequential(Odd(1, 1))
    net.eval()
    net.double()
    net[0].doubled = 3
    state = net.state_dict()
    yield seen, list(state), state._metadata, net[0].doubled, net, net[0]
    yield net.load_state_dict(state), seen[-1], [name for name, _ in net.named_parameters()]
    yield [name for name, _ in net[0].named_parameters()], len(list(net[0].parameters()))
    yield net.load_state_dict(state, strict=False), seen[-1]


# ---- state


@program
def state_dicts(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    net = make_net(torch)
    state = net.state_dict()
    yield state, state._metadata, net.state_dict(prefix="p."), type(state).__name__
    yield net.state_dict(keep_vars=True)["0.weight"] is net[0].weight
    yield list(net.state_dict(None, "q.")), list(net.state_dict(destination={"x": 1}))
    other = make_net(torch)
    yield other.load_state_dict(state), other.state_dict()
    yield repr(other.load_state_dict({**state, "extra": 1}, strict=False))
    del state["0.weight"]
    yield other.load_state_dict(state, strict=False), attempt(lambda: other.load_state_dict(state))
    yield attempt(lambda: other.load_state_dict([1])), attempt(lambda: other.load_state_dict({}))
    yield repr(other.load_state_dict({}, strict=False))
    state["0.weight"] = torch.ones(1, 3)
    yield attempt(lambda: other.load_state_dict(state, strict=False))
    fresh = nn.Linear(2, 1).double()
    given = {"weight": torch.ones(1, 2), "bias": nn.Parameter(torch.ones(1))}
    fresh.requires_grad_(False)
    yield fresh.load_state_dict(given, assign=True), str(fresh.weight.dtype), fresh.bias
    yield fresh.bias is given["bias"], fresh.weight.requires_grad
    meta = nn.Linear(2, 1, device="meta")
    yield meta.load_state_dict(given), str(meta.weight.device)
    yield meta.load_state_dict(given, assign=True), str(meta.weight.device)


@program
def state_hooks(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    net = make_net(torch)
    seen: list[Any] = []
    net[0].register_state_dict_pre_hook(lambda m, p, keep: seen.append(("before", p, keep)))
    net[0].register_state_dict_post_hook(lambda m, s, p, meta: seen.append((p, len(s), meta)))
    state = net.state_dict(prefix="x.", keep_vars=True)
    net[3]._register_state_dict_hook(lambda m, s, p, meta: {"ignored": 1})
    yield seen, list(state), list(net.state_dict())
    net._register_state_dict_hook(lambda m, s, p, meta: {k: v for k, v in s.items() if "0" in k})
    yield list(net.state_dict())
    other = make_net(torch)
    given = other.state_dict()
    target = make_net(torch)
    seen.clear()
    target[0]._register_load_state_dict_pre_hook(lambda s, p, *rest: seen.append((p, len(rest))))
    target[0]._register_load_state_dict_pre_hook(
        lambda m, s, p, *rest: seen.append((m is target[0], p)), with_module=True
    )
    target[3].register_load_state_dict_pre_hook(lambda m, s, p, *rest: s.pop(p + "added", None))
    handle = target.register_load_state_dict_post_hook(
        lambda m, keys: seen.append([list(part) for part in keys])
    )
    given["3.added"] = torch.ones(1)
    yield target.load_state_dict(given), seen
    handle.remove()
    del given["0.bias"]
    target.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
    yield target.load_state_dict(given)
    target.register_load_state_dict_post_hook(lambda m, keys: keys)
    yield attempt(lambda: target.load_state_dict(given))

    class Extra(nn.Linear):
        told: Any = None

        def get_extra_state(self) -> Any:
            return {"told": 3}

        def set_extra_state(self, state: Any) -> None:
            self.told = state

    extra = nn.Sequential(Extra(1, 1))
    state = extra.state_dict()
    yield list(state), extra.load_state_dict(state), extra[0].told
    del state["0._extra_state"]
    yield extra.load_state_dict(state, strict=False), attempt(lambda: extra.load_state_dict(state))
    plain = nn.Sequential(nn.Linear(1, 1))
    yield plain.load_state_dict({**plain.state_dict(), "0._extra_state": 1}, strict=False)


@program
def prefixes(torch: Any) -> Iterator[Any]:
    utils = importlib.import_module(f"{torch.__name__}.nn.modules.utils")
    wrapped = torch.nn.Module()
    wrapped.module = make_net(torch)
    state = wrapped.state_dict()
    utils.consume_prefix_in_state_dict_if_present(state, "module.")
    yield list(state), dict(state._metadata)
    plain = {"modules.a": 1, "module.b": 2}
    utils.consume_prefix_in_state_dict_if_present(plain, "module.")
    yield plain
