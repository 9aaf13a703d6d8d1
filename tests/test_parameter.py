import copy
import pickle

import pytest

import rushlight as torch
from rushlight import nn


def test_parameter_shares_memory_and_requires_grad():
    data = torch.ones(2)
    with torch.no_grad():
        parameter = nn.Parameter(data)
    data.fill_(5.0)
    assert isinstance(parameter, torch.Tensor) and parameter.requires_grad and parameter.is_leaf
    assert parameter.tolist() == [5.0, 5.0]
    assert not nn.Parameter(data, requires_grad=False).requires_grad
    assert nn.Parameter().shape == (0,)


def test_parameter_of_a_result_is_a_leaf():
    x = torch.ones(2, requires_grad=True)
    parameter = nn.Parameter(x * 2)
    assert parameter.is_leaf and parameter.grad_fn is None


def test_operations_return_plain_tensors():
    parameter = nn.Parameter(torch.ones(2))
    assert type(parameter + 1) is torch.Tensor
    assert type(parameter.detach()) is torch.Tensor
    assert type(parameter.data) is torch.Tensor


def test_repr():
    expected = "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    assert repr(nn.Parameter(torch.ones(2))) == expected
    assert repr(nn.Buffer(torch.ones(2))) == "tensor([1., 1.])"


def test_deepcopy():
    parameter = nn.Parameter(torch.ones(2))
    parameter.grad = torch.ones(2)
    first, second = copy.deepcopy([parameter, parameter])
    assert first is second and type(first) is nn.Parameter
    assert first.requires_grad and first.grad is None
    with torch.no_grad():
        first.zero_()
    assert parameter.tolist() == [1.0, 1.0]


def test_deepcopy_keeps_the_memory_order():
    weight = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    assert copy.deepcopy(nn.Parameter(weight)).stride() == weight.stride()


def test_pickle():
    parameter = pickle.loads(pickle.dumps(nn.Parameter(torch.ones(2), requires_grad=False)))
    assert type(parameter) is nn.Parameter and not parameter.requires_grad
    assert type(pickle.loads(pickle.dumps(nn.Buffer(torch.ones(2))))) is nn.Buffer


def test_buffer_is_registered_by_assignment():
    module = nn.Module()
    module.kept = nn.Buffer(torch.zeros(1))
    module.temporary = nn.Buffer(torch.zeros(1), persistent=False)
    assert [name for name, _ in module.named_buffers()] == ["kept", "temporary"]
    assert list(module.state_dict()) == ["kept"]
    assert not copy.deepcopy(module.temporary).persistent


def test_integers_cannot_require_gradients():
    with pytest.raises(RuntimeError, match="floating point and complex dtype can require grad"):
        nn.Parameter(torch.ones(2, dtype=torch.int64))
    assert not nn.Parameter(torch.ones(2, dtype=torch.int64), requires_grad=False).requires_grad
    with pytest.raises(TypeError, match="expected a Tensor as data, got list"):
        nn.Parameter([1.0, 2.0])
