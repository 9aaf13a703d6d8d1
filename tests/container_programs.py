"""Little programs about containers, see `module_programs.py`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from module_programs import attempt, program


@program
def module_list(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    layers = nn.ModuleList([nn.Linear(1, 1), nn.ReLU()])
    layers.insert(1, nn.Tanh())
    layers.insert(2, nn.Sigmoid())
    layers.append(nn.GELU())
    yield layers
    yield layers[1:3], layers[-1], len(layers), [type(m).__name__ for m in layers]
    layers[0] = nn.Identity()
    layers[-1] = nn.SiLU()
    del layers[1]
    yield layers
    del layers[1:3]
    yield layers
    layers += [nn.ELU()]
    yield layers + [nn.Softplus()], layers.pop(0), layers.pop(-1), layers
    yield attempt(lambda: layers[5]), attempt(lambda: layers[-9]), attempt(lambda: layers.pop(7))
    yield attempt(lambda: layers.append(3)), attempt(lambda: layers.extend(3))
    yield attempt(lambda: layers["0"])
    yield attempt(lambda: layers(1)), attempt(lambda: nn.ModuleList(3)), nn.ModuleList()
    yield nn.Linear(1, 1) in layers, layers[0] in layers, "0" in dir(layers)
    yield nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)])
    yield nn.ModuleList([None, nn.ReLU()])


@program
def sequential(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    net = nn.Sequential(OrderedDict(a=nn.Linear(2, 2), b=nn.ReLU()))
    yield net, net[0], net[:1], net[-1], net.a, list(net.state_dict())
    net.append(nn.Tanh()).extend([nn.ELU(), nn.GELU()])
    yield net, attempt(lambda: nn.Sequential(nn.ReLU(), nn.ELU()).insert(1, nn.Tanh()))
    other = nn.Sequential(nn.ReLU(), nn.ELU())
    yield attempt(lambda: other.insert(-1, nn.SiLU())), attempt(lambda: other.insert(9, nn.SiLU()))
    yield attempt(lambda: other.insert(0, 3)), other
    yield other + nn.Sequential(nn.Tanh()), other * 2, 2 * other, attempt(lambda: other * 0)
    yield attempt(lambda: other * 1.5), attempt(lambda: other + [nn.Tanh()])
    other += nn.Sequential(nn.Tanh())
    other *= 2
    yield other, other.pop(0), other.pop(-1), attempt(lambda: other.pop(99))
    other[0] = nn.Softplus()
    del other[1:]
    yield other, len(other), attempt(lambda: other["0"]), attempt(lambda: other[3])
    yield attempt(lambda: nn.Sequential(3)), attempt(lambda: nn.Sequential({"a": nn.ReLU()}))
    yield attempt(lambda: nn.Sequential()(3)), nn.Sequential()
    yield attempt(lambda: nn.Sequential(nn.ReLU(), None))
    del net[0]
    yield net
    net.a = nn.Identity()
    yield net, [name for name, _ in net.named_children()], [type(m).__name__ for m in reversed(net)]


@program
def module_dict(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    modules = nn.ModuleDict({"relu": nn.ReLU(), "a": nn.Tanh()})
    modules.update([("z", nn.ELU()), ("b", nn.GELU())])
    modules.update(nn.ModuleDict({"b": nn.SiLU()}))
    yield modules, list(modules), len(modules), "a" in modules, modules["a"], modules.b
    yield list(modules.keys()), [type(m).__name__ for m in modules.values()]
    yield modules.pop("a"), attempt(lambda: modules.pop("a")), attempt(lambda: modules["q"])
    del modules["z"]
    yield modules, attempt(lambda: modules.update(3)), attempt(lambda: modules.update([1]))
    yield attempt(lambda: modules.update([("a",)])), attempt(lambda: modules.update({"a": 3}))
    yield attempt(lambda: modules.__setitem__("a.b", nn.ReLU()))
    yield attempt(lambda: modules.__setitem__("keys", nn.ReLU()))
    yield attempt(lambda: modules.__setitem__("", nn.ReLU()))
    yield attempt(lambda: modules.__setitem__(3, nn.ReLU())), attempt(lambda: modules(3))
    modules.clear()
    yield modules, list(modules.named_children()), nn.ModuleDict()


@program
def parameter_list(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    values = nn.ParameterList([torch.ones(2), nn.Parameter(torch.zeros(1)), 3, "x"])
    yield values, len(values), values[0], values[-1], list(values)[2:], values[1:3]
    values.append(torch.ones(1)).extend([torch.zeros(2, 2)])
    values += [torch.ones(3)]
    values[0] = torch.zeros(5)
    values[-1] = nn.Parameter(torch.ones(1), requires_grad=False)
    yield values, [name for name, _ in values.named_parameters()], list(values.state_dict())
    yield attempt(lambda: values[99]), attempt(lambda: values.extend(3)), attempt(lambda: values(3))
    yield attempt(lambda: values["0"]), attempt(lambda: values.extend(torch.ones(2)))
    yield values.pop if hasattr(values, "pop") else None, attempt(lambda: values.__delitem__(0))
    yield [name for name in dir(values) if name.isdigit()], nn.ParameterList()
    yield nn.ParameterList(nn.ParameterList([torch.ones(1)]))


@program
def parameter_dict(torch: Any) -> Iterator[Any]:
    nn = torch.nn
    values = nn.ParameterDict({"b": torch.ones(2), "a": nn.Parameter(torch.zeros(1)), "n": 3})
    yield values, list(values), len(values), values["a"], "b" in values, list(values.keys())
    values["c"] = torch.ones(1)
    yield list(values.items()), list(reversed(values)), values.get("q"), values.get("q", 3)
    yield values.setdefault("a", torch.ones(9)), values.setdefault("d", torch.ones(1))
    yield values.setdefault("e"), values.copy(), values.pop("b"), values.popitem()
    yield attempt(lambda: values.pop("q")), attempt(lambda: values["q"])
    yield values.fromkeys(["x", "y"], torch.ones(1)), values.fromkeys(["x"])
    yield values | nn.ParameterDict({"c": torch.zeros(2), "z": torch.ones(1)})
    values |= nn.ParameterDict({"c": torch.zeros(3)})
    yield values, [name for name, _ in values.named_parameters()]
    values.update([("k", torch.ones(1)), ("j", torch.ones(1))])
    values.update(OrderedDict(r=torch.ones(1), q=torch.ones(1)))
    values.update(nn.ParameterDict({"m": torch.ones(1), "l": torch.ones(1)}))
    yield list(values), attempt(lambda: values.update(3)), attempt(lambda: values.update([1]))
    yield attempt(lambda: values.update([("a",)]))
    yield attempt(lambda: values(3)), attempt(lambda: values.__delitem__("none"))
    yield attempt(lambda: values | {"a": 1}), attempt(lambda: values == values)
    values.clear()
    yield values, nn.ParameterDict()
