import pytest

import rushlight as torch
from rushlight import nn


def test_parameter_list():
    weights = nn.ParameterList([nn.Parameter(torch.ones(2, 2)), torch.ones(3), 5])
    assert isinstance(weights[1], nn.Parameter) and weights[2] == 5
    assert list(weights.state_dict()) == ["0", "1"] and len(weights) == 3
    assert weights.append(torch.zeros(1)) is weights
    weights.extend([torch.ones(1)])
    weights += [torch.full((1,), 2.0)]
    assert weights[-1].item() == 2.0 and len(list(weights.parameters())) == 5
    weights[0] = torch.zeros(7)
    assert list(weights[:2].state_dict()) == ["0", "1"] and weights[0].shape == (7,)
    assert [type(w).__name__ for w in weights][:3] == ["Parameter", "Parameter", "int"]


def test_parameter_list_repr():
    weights = nn.ParameterList([torch.ones(2, 2), torch.ones(3), 5])
    assert repr(weights) == (
        "ParameterList(\n"
        "    (0): Parameter containing: [torch.float32 of size 2x2]\n"
        "    (1): Parameter containing: [torch.float32 of size 3]\n"
        "    (2): Object of type: int\n"
        ")"
    )
    assert repr(nn.ParameterList()) == "ParameterList()"


def test_invalid_parameter_list_operations():
    weights = nn.ParameterList([torch.ones(1)])
    with pytest.raises(IndexError, match="index 20 is out of range"):
        weights[20]
    with pytest.raises(TypeError, match="extend should be called with an iterable, but got int"):
        weights.extend(3)
    with pytest.raises(RuntimeError, match="ParameterList should not be called."):
        weights(1)


def test_parameter_dict():
    scales = nn.ParameterDict({"b": torch.ones(1), "a": nn.Parameter(torch.ones(2)), "c": "text"})
    assert list(scales) == list(scales.keys()) == ["a", "b", "c"]  # a plain dict is sorted
    assert [name for name, _ in scales.named_parameters()] == ["a", "b"]
    scales["z"] = torch.ones(1)
    scales.update([("y", torch.ones(1))])
    assert list(scales) == ["a", "b", "c", "z", "y"] and "y" in scales and len(scales) == 5
    assert list(reversed(scales))[0] == "y"
    assert scales.popitem()[0] == "y" and scales.pop("z").shape == (1,)
    assert scales.get("z") is None and scales.get("z", 3) == 3 and scales.get("c") == "text"
    assert isinstance(scales.setdefault("n", torch.ones(1)), nn.Parameter)
    assert scales.setdefault("c") == "text"
    copy = scales.copy()
    assert list(copy) == list(scales) and copy["a"] is scales["a"]
    del copy["a"]
    assert "a" in scales
    assert dict(scales.items())["a"] is scales["a"] and list(scales.values())[2] == "text"
    scales.clear()
    assert len(scales) == 0 and list(scales.parameters()) == []


def test_parameter_dict_joined():
    left, right = nn.ParameterDict({"a": torch.ones(1)}), nn.ParameterDict({"b": torch.ones(2)})
    assert list(left | right) == ["a", "b"] and list(left) == ["a"]
    assert list({"z": torch.ones(1)} | left) == ["z", "a"]
    left |= right
    assert list(left) == ["a", "b"]
    assert list(left.fromkeys(["x", "y"], torch.ones(1))) == ["x", "y"]


def test_parameter_dict_repr():
    scales = nn.ParameterDict({"a": torch.ones(2), "c": "text"})
    assert repr(scales) == (
        "ParameterDict(\n"
        "    (a): Parameter containing: [torch.FloatTensor of size 2]\n"
        "    (c): Object of type: str\n"
        ")"
    )
    assert repr(nn.ParameterDict()) == "ParameterDict()"


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda d: d[1], TypeError, "cannot be used as a key as it is not a string"),
        (lambda d: d.__setitem__(1, torch.ones(1)), TypeError, "it is not a string"),
        (lambda d: d.__setitem__("a.b", torch.ones(1)), KeyError, "parameter name can.*t contain"),
        (lambda d: d.update(3), TypeError, "with an iterable of key/value pairs, but got int"),
        (lambda d: d.pop("zz"), AttributeError, "zz"),
        (lambda d: d.__delitem__("zz"), KeyError, "zz"),
        (lambda d: d(1), RuntimeError, "ParameterDict should not be called."),
    ],
)
def test_invalid_parameter_dict_operations(call, error, message):
    scales = nn.ParameterDict({"a": torch.ones(1)})
    with pytest.raises(error, match=message):
        call(scales)
    assert list(scales) == ["a"]
