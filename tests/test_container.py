from collections import OrderedDict

import pytest

import rushlight as torch
from rushlight import nn


def names(container):
    return [type(module).__name__ for module in container]


# ---- Sequential


def sequence():
    return nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 2))


def test_sequential_calls_in_order():
    net = sequence()
    x = torch.randn(3, 1)
    assert torch.equal(net(x), net[2](torch.relu(net[0](x))))
    assert nn.Sequential()(x) is x


def test_sequential_with_names():
    net = nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh()))
    assert isinstance(net.b, nn.Tanh) and net[1] is net.b
    assert repr(net) == "Sequential(\n  (a): ReLU()\n  (b): Tanh()\n)"
    assert list(net[1:]._modules) == ["b"]


def test_sequential_indexing():
    net = sequence()
    assert net[-1] is net[2] and len(net) == 3
    part = net[1:]
    assert isinstance(part, nn.Sequential) and list(part) == [net[1], net[2]]
    net[1] = nn.Tanh()
    assert names(net) == ["Linear", "Tanh", "Linear"]
    del net[0]
    assert list(net._modules) == ["0", "1"] and names(net) == ["Tanh", "Linear"]
    del net[0:2]
    assert len(net) == 0 and repr(net) == "Sequential()"


def test_sequential_as_a_list():
    net = nn.Sequential(nn.ReLU())
    assert net.append(nn.Tanh()) is net
    assert net.insert(0, nn.Sigmoid()) is net
    assert net.insert(-1, nn.Flatten()) is net
    assert names(net) == ["Sigmoid", "ReLU", "Flatten", "Tanh"]
    assert list(net._modules) == ["0", "1", "2", "3"]
    assert isinstance(net.pop(1), nn.ReLU)
    assert names(net.pop(slice(0, 2))) == ["Sigmoid", "Flatten"]
    assert net.extend([nn.ReLU(), nn.ReLU()]) is net
    net.extend(net)
    assert names(net) == ["Tanh", "ReLU", "ReLU"] * 2


def test_sequential_arithmetic():
    net, other = nn.Sequential(nn.ReLU()), nn.Sequential(nn.Tanh())
    assert names(net + other) == ["ReLU", "Tanh"] and len(net) == 1
    assert names(net * 2) == names(2 * net) == ["ReLU", "ReLU"]
    net += other
    assert names(net) == ["ReLU", "Tanh"]
    net *= 2
    assert names(net) == ["ReLU", "Tanh", "ReLU", "Tanh"]
    assert net[0] is net[2]


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda n: n[5], IndexError, "index 5 is out of range"),
        (lambda n: n[1.5], TypeError, "float"),
        (lambda n: n.__setitem__(9, nn.ReLU()), IndexError, "index 9 is out of range"),
        (lambda n: n.insert(20, nn.ReLU()), IndexError, "Index out of range: 20"),
        (lambda n: n.insert(0, 3), AssertionError, "expected a Module, got int"),
        (lambda n: n.append(3), TypeError, "int is not a Module subclass"),
        (lambda n: n + 3, ValueError, "supports only objects of Sequential class"),
        (lambda n: n * 2.0, TypeError, "unsupported operand"),
        (lambda n: n * 0, ValueError, "Non-positive multiplication factor 0"),
        (lambda n: nn.Sequential(1), TypeError, "int is not a Module subclass"),
        (lambda n: nn.Sequential(nn.ReLU), TypeError, r"did you forget the parentheses, ReLU\(\)"),
        (lambda n: nn.Sequential(torch.relu), TypeError,
         r"the function relu is not a Module subclass: did you mean nn.ReLU\(\)\?"),
        (lambda n: nn.Sequential(nn.functional.log_softmax), TypeError,
         r"the function log_softmax is .*nn.LogSoftmax\(\)\?"),
        (lambda n: nn.Sequential(torch.exp), TypeError,
         r"the function exp is .*: give a Module whose forward\(\) calls it"),
        (lambda n: n.append(lambda x: x), TypeError, "the function <lambda> is .*: give a Module"),
    ],
)
def test_invalid_sequential_operations(call, error, message):
    net = sequence()
    with pytest.raises(error, match=message):
        call(net)
    assert names(net) == ["Linear", "ReLU", "Linear"]


# ---- ModuleList


def test_module_list():
    modules = nn.ModuleList([nn.Linear(1, 1), nn.ReLU()])
    assert len(list(modules.parameters())) == 2
    modules.append(nn.Tanh()).extend([nn.ReLU()])
    modules.insert(-1, nn.Sigmoid())
    modules += [nn.Flatten()]
    assert names(modules) == ["Linear", "ReLU", "Tanh", "Sigmoid", "ReLU", "Flatten"]
    assert names(modules + [nn.Tanh()])[-1] == "Tanh" and len(modules) == 6
    part = modules[1:3]
    assert isinstance(part, nn.ModuleList) and list(part._modules) == ["0", "1"]
    del modules[0], modules[-1]
    assert names(modules) == ["ReLU", "Tanh", "Sigmoid", "ReLU"]
    assert isinstance(modules.pop(0), nn.ReLU) and list(modules._modules) == ["0", "1", "2"]
    modules[0] = nn.ReLU()
    assert names(reversed(modules)) == ["ReLU", "Sigmoid", "ReLU"]
    assert modules[0] in modules


def test_module_list_prints_equal_neighbours_once():
    blocks = nn.ModuleList([nn.Sequential(nn.ReLU()) for _ in range(2)] + [nn.Tanh()])
    assert repr(blocks) == (
        "ModuleList(\n  (0-1): 2 x Sequential(\n    (0): ReLU()\n  )\n  (2): Tanh()\n)"
    )
    assert repr(nn.ModuleList()) == "ModuleList()"


def test_invalid_module_list_operations():
    modules = nn.ModuleList([nn.ReLU()])
    with pytest.raises(TypeError, match="extend should be called with an iterable, but got int"):
        modules.extend(3)
    with pytest.raises(IndexError, match="index 1 is out of range"):
        modules[1]
    with pytest.raises(NotImplementedError, match='missing the required "forward"'):
        modules(1)


# ---- ModuleDict


def test_module_dict():
    modules = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.ReLU()})
    assert list(modules) == list(modules.keys()) == ["a", "b"] and len(modules) == 2
    assert list(modules.values()) == [modules["a"], modules["b"]]
    assert "a" in modules and "c" not in modules
    modules["c"] = nn.Tanh()
    modules.update([("d", nn.ReLU()), ("a", nn.ReLU())])
    modules.update(nn.ModuleDict({"e": nn.ReLU()}))
    assert [key for key, _ in modules.items()] == ["a", "b", "c", "d", "e"]
    assert isinstance(modules["a"], nn.ReLU)
    assert isinstance(modules.pop("c"), nn.Tanh)
    del modules["d"]
    assert repr(modules) == "ModuleDict(\n  (a): ReLU()\n  (b): ReLU()\n  (e): ReLU()\n)"
    modules.clear()
    assert len(modules) == 0


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda d: d["c"], KeyError, "c"),
        (lambda d: d.update(3), TypeError, "with an iterable of key/value pairs, but got int"),
        (lambda d: d.update([3]), TypeError, "element #0 should be Iterable; isint"),
        (lambda d: d.update([("z",)]), ValueError, "#0 has length 1; 2 is required"),
        (lambda d: d.update({"z": 3}), TypeError, "int is not a Module subclass"),
        (lambda d: d.__setitem__("a.b", nn.ReLU()), KeyError, "module name can.*t contain"),
        (lambda d: d.__setitem__("keys", nn.ReLU()), KeyError, "attribute 'keys' already exists"),
        (lambda d: d.__setitem__(1, nn.ReLU()), TypeError, "should be a string. Got int"),
    ],
)
def test_invalid_module_dict_operations(call, error, message):
    modules = nn.ModuleDict({"a": nn.ReLU()})
    with pytest.raises(error, match=message):
        call(modules)
    assert list(modules) == ["a"]
