from collections import OrderedDict

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn.modules.utils import consume_prefix_in_state_dict_if_present


class Net(nn.Module):
    def __init__(self, hidden=3):
        super().__init__()
        self.fc1 = nn.Linear(2, hidden)
        self.norm = nn.BatchNorm1d(hidden)
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("temporary", torch.ones(1), persistent=False)


def test_keys_in_pytorchs_order():
    state = Net().state_dict()
    assert list(state) == [
        "scale", "fc1.weight", "fc1.bias", "norm.weight", "norm.bias", "norm.running_mean",
        "norm.running_var", "norm.num_batches_tracked",
    ]  # fmt: skip
    assert isinstance(state, OrderedDict)
    assert state._metadata == {
        "": {"version": 1}, "fc1": {"version": 1}, "norm": {"version": 2},
    }  # fmt: skip


def test_values_share_memory_and_are_detached():
    net = Net()
    state = net.state_dict()
    assert not state["scale"].requires_grad
    state["scale"].fill_(7.0)
    assert net.scale.item() == 7.0
    assert net.state_dict(keep_vars=True)["scale"] is net.scale


def test_prefix_and_destination():
    destination = OrderedDict()
    result = nn.Linear(1, 1).state_dict(destination=destination, prefix="a.")
    assert result is destination and list(result) == ["a.weight", "a.bias"]
    with pytest.warns(FutureWarning, match="Positional args are being deprecated"):
        assert list(nn.Linear(1, 1).state_dict(None, "b.")) == ["b.weight", "b.bias"]


def test_load():
    net, other = Net(), Net()
    other.norm.running_mean.fill_(3.0)
    weight = net.fc1.weight
    result = net.load_state_dict(other.state_dict())
    assert repr(result) == str(result) == "<All keys matched successfully>"
    assert result == ([], [])
    assert net.fc1.weight is weight and torch.equal(weight, other.fc1.weight)
    assert weight.requires_grad and net.norm.running_mean.tolist() == [3.0] * 3
    other.scale.data.fill_(9.0)
    assert net.scale.item() == 1.0


def test_missing_and_unexpected_keys():
    net = Net()
    state = net.state_dict()
    del state["fc1.bias"], state["norm.running_var"]
    state["fc2.weight"] = state["fc1.extra"] = state["temporary"] = torch.ones(1)
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    assert str(caught.value) == (
        "Error(s) in loading state_dict for Net:\n"
        '\tMissing key(s) in state_dict: "fc1.bias", "norm.running_var". \n'
        '\tUnexpected key(s) in state_dict: "fc2.weight", "temporary", "fc1.extra". '
    )
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["fc1.bias", "norm.running_var"]
    assert result.unexpected_keys == ["fc2.weight", "temporary", "fc1.extra"]
    assert repr(result) == (
        "_IncompatibleKeys(missing_keys=['fc1.bias', 'norm.running_var'], "
        "unexpected_keys=['fc2.weight', 'temporary', 'fc1.extra'])"
    )


def test_sizes_that_differ():
    with pytest.raises(RuntimeError) as caught:
        Net().load_state_dict(Net(hidden=4).state_dict(), strict=False)
    assert str(caught.value).startswith(
        "Error(s) in loading state_dict for Net:\n"
        "\tsize mismatch for fc1.weight: copying a param with shape torch.Size([4, 2]) from "
        "checkpoint, the shape in current model is torch.Size([3, 2]).\n"
        "\tsize mismatch for fc1.bias: copying a param with shape torch.Size([4]) from "
        "checkpoint, the shape in current model is torch.Size([3]).\n"
    )


def test_values_that_are_no_tensors():
    state = Net().state_dict()
    state["scale"] = 3
    with pytest.raises(RuntimeError, match='the parameter named "scale", expected torch.Tensor'):
        Net().load_state_dict(state)
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class 'int'>"):
        Net().load_state_dict(3)


def test_the_loaded_dictionary_stays_as_it_was():
    state = Net().state_dict()
    del state["norm.num_batches_tracked"]
    state._metadata["norm"] = {"version": 1}
    keys, metadata = list(state), dict(state._metadata)
    assert Net().load_state_dict(state).missing_keys == []  # version 1 had no such buffer
    assert list(state) == keys and state._metadata == metadata
    Net().load_state_dict(state, assign=True)
    assert state._metadata == metadata


def test_assign():
    net, other = Net(), Net().double()
    net.fc1.requires_grad_(False)
    state = other.state_dict()
    net.load_state_dict(state, assign=True)
    assert net.fc1.weight.dtype == torch.float64
    assert isinstance(net.fc1.weight, nn.Parameter) and not net.fc1.weight.requires_grad
    assert net.scale.requires_grad
    assert net.norm.running_mean is state["norm.running_mean"]
    state = other.state_dict(keep_vars=True)
    net.load_state_dict(state, assign=True)
    assert net.scale is other.scale


def test_load_converts_the_dtype():
    net = Net()
    net.load_state_dict(Net().double().state_dict())
    assert net.fc1.weight.dtype == torch.float32


def test_a_scalar_saved_with_one_dimension():
    module = nn.Module()
    module.register_buffer("count", torch.tensor(0))
    module.load_state_dict({"count": torch.tensor([5])})
    assert module.count.item() == 5


def test_extra_state():
    class Counter(nn.Module):
        def __init__(self, count):
            super().__init__()
            self.count = count

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    net = nn.Sequential(Counter(3))
    state = net.state_dict()
    assert dict(state) == {"0._extra_state": {"count": 3}}
    other = nn.Sequential(Counter(0))
    other.load_state_dict(state)
    assert other[0].count == 3
    assert other.load_state_dict({}, strict=False).missing_keys == ["0._extra_state"]
    plain = nn.Sequential(nn.ReLU())
    assert plain.load_state_dict(state, strict=False).unexpected_keys == ["0._extra_state"]


def test_overriding_how_a_module_loads():
    class Renamed(nn.Linear):
        _version = 2

        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
            if local_metadata.get("version", 1) < 2:
                state_dict[prefix + "weight"] = state_dict.pop(prefix + "kernel")
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)

    net = nn.Sequential(Renamed(2, 1))
    net.load_state_dict({"0.kernel": torch.full((1, 2), 5.0), "0.bias": torch.zeros(1)})
    assert net[0].weight.tolist() == [[5.0, 5.0]]
    assert net.state_dict()._metadata["0"] == {"version": 2}


def test_hooks():
    net = nn.Sequential(nn.Linear(1, 1))
    seen = []
    net.register_state_dict_pre_hook(lambda module, prefix, keep: seen.append(("pre", prefix)))
    handle = net[0].register_state_dict_post_hook(
        lambda module, state, prefix, metadata: state.update({prefix + "added": torch.ones(1)})
    )
    state = net.state_dict()
    assert seen == [("pre", "")] and list(state) == ["0.weight", "0.bias", "0.added"]
    net[0].register_load_state_dict_pre_hook(
        lambda module, state_dict, prefix, *rest: state_dict.pop(prefix + "added")
    )
    net.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    del state["0.bias"]
    assert net.load_state_dict(state) == ([], [])
    handle.remove()
    assert list(net.state_dict()) == ["0.weight", "0.bias"]
    net.register_state_dict_post_hook(lambda *arguments: 3)
    with pytest.raises(RuntimeError, match="state_dict post-hook must return None"):
        net.state_dict()


@pytest.mark.parametrize("assign", [False, True])
def test_nothing_changes_where_one_of_a_hundred_keys_does_not_fit(assign):
    net = nn.Sequential(*[nn.Linear(2, 2) for _ in range(50)])
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    parameters = list(net.parameters())
    state = nn.Sequential(*[nn.Linear(2, 2) for _ in range(50)]).state_dict()
    state["49.bias"] = torch.ones(3)
    with pytest.raises(RuntimeError, match="size mismatch for 49.bias: .* shape torch.Size"):
        net.load_state_dict(state, assign=assign)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert all(a is b for a, b in zip(net.parameters(), parameters, strict=True))
    del state["49.bias"]
    with pytest.raises(RuntimeError, match='Missing key\\(s\\) in state_dict: "49.bias"'):
        net.load_state_dict(state, assign=assign)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    state["49.bias"] = torch.ones(2)
    net.load_state_dict(state, assign=assign)
    assert torch.equal(net[0].weight, state["0.weight"])


def test_nothing_changes_where_code_of_users_takes_part_in_loading():
    class Counts(nn.Linear):
        seen = 0

        def get_extra_state(self):
            return self.seen

        def set_extra_state(self, state):
            self.seen = state

    net = nn.Sequential(Counts(1, 1), nn.Linear(1, 1))
    weight = net[0].weight.item()
    state = nn.Sequential(Counts(1, 1), nn.Linear(1, 1)).state_dict()
    state["0._extra_state"] = 7
    fails = net[1].register_load_state_dict_post_hook(lambda module, keys: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        net.load_state_dict(state)
    assert net[0].seen == 0 and net[0].weight.item() == weight
    fails.remove()
    net.load_state_dict(state)
    assert net[0].seen == 7 and net[0].weight.item() == state["0.weight"].item()


def test_hooks_of_old():
    net = nn.Linear(1, 1)
    net._register_state_dict_hook(lambda module, state, prefix, metadata: {"all": dict(state)})
    assert list(net.state_dict()) == ["all"]
    seen = []
    other = nn.Linear(1, 1)
    other._register_load_state_dict_pre_hook(lambda state, prefix, *rest: seen.append(prefix))
    other._register_load_state_dict_pre_hook(
        lambda module, state, prefix, *rest: seen.append(module), with_module=True
    )
    other.load_state_dict(nn.Linear(1, 1).state_dict())
    assert seen == ["", other]


def test_a_prefix_that_is_too_many_is_named():
    net = nn.Sequential(nn.Linear(1, 1))
    wrapped = nn.Module()
    wrapped.module = net
    state = wrapped.state_dict()
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    assert str(caught.value).endswith(
        'The state\'s keys begin with "module.": torch.nn.modules.utils.'
        'consume_prefix_in_state_dict_if_present(state_dict, "module.") takes it off the keys. '
    )
    with pytest.raises(RuntimeError, match="load the state into the module's own part `module`"):
        wrapped.load_state_dict(net.state_dict())
    consume_prefix_in_state_dict_if_present(state, "module.")
    assert list(state) == ["0.weight", "0.bias"] and list(state._metadata) == ["", "0"]
    assert net.load_state_dict(state) == ([], [])
    del state["0.bias"]
    with pytest.raises(RuntimeError, match='Missing key.s. in state_dict: "0.bias". $'):
        net.load_state_dict(state)
