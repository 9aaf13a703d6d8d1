"""nn.parallel: on the CPU as PyTorch answers there, on other devices the parts and the whole."""

from __future__ import annotations

from collections import namedtuple

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn import parallel
from rushlight.nn.parallel.scatter_gather import scatter_kwargs
from rushlight.testing import register_strict_device

register_strict_device()
TWO = ["strict", "strict"]
Pair = namedtuple("Pair", "a b")


class Net(nn.Module):
    """What data parallelism must get right: nested arguments, a buffer, a shared layer."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.layers = nn.ModuleList([self.first, nn.BatchNorm1d(3, momentum=1.0)])
        self.nothing = None
        self.register_parameter("absent", None)

    def forward(self, x, scale=1.0, other=None):
        y = self.layers[1](self.first(x)) * scale
        return {"y": y, "pair": (y if other is None else y + other, None)}


def test_without_a_gpu_the_module_is_called_as_it_is():
    net = Net()
    whole = nn.DataParallel(net)
    assert list(whole.state_dict())[0] == "module.first.weight"
    assert repr(whole).startswith("DataParallel(\n  (module): Net(")
    x = torch.randn(4, 3)
    if not torch.cuda.is_available():
        assert whole.device_ids == []
        assert torch.equal(whole.eval()(x)["y"], net(x)["y"])
        with pytest.raises(RuntimeError, match="device type could not be determined"):
            parallel.data_parallel(net, x)
        with pytest.raises(RuntimeError, match="there is no GPU"):
            parallel.parallel_apply([net], [x])


def test_one_call_on_two_devices():
    torch.manual_seed(0)
    net = Net().eval().to("strict")
    x, other = torch.randn(5, 3, device="strict"), torch.randn(5, 3, device="strict")
    found = parallel.data_parallel(net, x, TWO, module_kwargs={"scale": 2.0, "other": other})
    expected = net(x, 2.0, other)
    assert torch.equal(found["y"], expected["y"])
    assert torch.equal(found["pair"][0], expected["pair"][0]) and found["pair"][1] is None
    found["y"].square().sum().backward()
    gradients = [p.grad.cpu() for p in net.parameters()]
    net.zero_grad()
    expected["y"].square().sum().backward()
    for one, same in zip(gradients, net.parameters(), strict=True):
        assert torch.allclose(one, same.grad.cpu(), rtol=1e-5)


def test_replicas():
    net = Net().to("strict")
    one, two = parallel.replicate(net, TWO)
    assert one.first is one.layers[0] and one.first is not two.first is not net.first
    assert not list(one.parameters()) and one.first.weight.requires_grad
    assert len(list(one.buffers())) == 3 and list(net.parameters())
    one(torch.randn(4, 3, device="strict"))["y"].sum().backward()
    assert net.first.weight.grad is not None
    detached = parallel.replicate(net, TWO, detach=True)[0]
    assert not detached.first.weight.requires_grad
    assert parallel.replicate(net, []) == []
    with pytest.raises(AssertionError, match="Broadcast function not implemented for CPU"):
        parallel.replicate(Net(), TWO)
    with pytest.raises(RuntimeError, match="can't be used with `DataParallel`"):
        parallel.replicate(nn.Sequential(nn.LazyLinear(2)).to("strict"), TWO)


def test_scattered_arguments():
    x = torch.arange(5, device="strict")
    parts = parallel.scatter(x, TWO)
    assert [part.tolist() for part in parts] == [[0, 1, 2], [3, 4]]
    nested = parallel.scatter((Pair(x, 1), [x], {"x": x}, "text", ()), TWO)
    pair, things, named, text, nothing = nested[1]
    assert type(pair) is Pair and pair.a.tolist() == things[0].tolist() == [3, 4]
    assert named["x"].tolist() == [3, 4] and (pair.b, text, nothing) == (1, "text", ())
    assert len(parallel.scatter(torch.ones(1, device="strict"), TWO)) == 1
    args, kwargs = scatter_kwargs((), {"x": x}, TWO)
    assert args == ((), ()) and kwargs[0]["x"].tolist() == [0, 1, 2]
    args, kwargs = scatter_kwargs((x,), None, TWO)
    assert kwargs == ({}, {}) and args[1][0].tolist() == [3, 4]
    with pytest.raises(ValueError, match="Expected a non cpu device, but got: cpu"):
        parallel.scatter(x, ["cpu"])


def test_gathered_results():
    x = torch.ones(2, device="strict")
    assert parallel.gather([x, x], "strict").shape == (4,)
    assert parallel.gather([Pair(x, None), Pair(x, None)], "strict").a.shape == (4,)
    with pytest.warns(UserWarning, match="all input tensors were scalars"):
        assert parallel.gather([x.sum(), x.sum()], "strict").tolist() == [2.0, 2.0]
    with pytest.raises(ValueError, match="same number of keys"):
        parallel.gather([{"a": x}, {}], "strict")
    with pytest.raises(AssertionError, match="Gather function not implemented for CPU"):
        parallel.gather([torch.ones(1)], "strict")


def test_what_does_not_fit():
    net = nn.Linear(3, 2)
    with pytest.raises(AssertionError, match="modules 2 is not equal to the number of i"):
        parallel.parallel_apply([net, net], [torch.ones(1, 3)])
    with pytest.raises(RuntimeError, match=r"strict \(device_ids\[0\]\) but found .* cpu"):
        parallel.data_parallel(net, torch.ones(1, 3), TWO)
    with pytest.raises(RuntimeError, match="no available devices were found"):
        parallel.data_parallel(net, torch.ones(1, 3), [])


def test_a_module_without_arguments():
    class Constant(nn.Module):
        def forward(self):
            return torch.ones(2, device="strict")

    assert parallel.data_parallel(Constant(), None, ["strict"]).tolist() == [1.0, 1.0]


def test_several_processes_are_not_there():
    with pytest.raises(NotImplementedError, match="no torch.distributed yet.* call the Linear"):
        parallel.DistributedDataParallel(nn.Linear(2, 1))


def test_synchronised_batch_norm_in_one_process():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.InstanceNorm2d(3))
    x = torch.randn(4, 1, 5, 5)
    net(x)
    plain = net[1]
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    assert converted is net and type(net[1]) is nn.SyncBatchNorm
    assert net[1].weight is plain.weight and net[1].running_mean is plain.running_mean
    assert type(net[2]) is nn.InstanceNorm2d
    hidden = net[0](x)
    before = plain.running_var.clone()
    assert torch.equal(net[1](hidden), plain(hidden)) and not torch.equal(plain.running_var, before)
    with pytest.raises(ValueError, match="expected at least 2D input .*unsqueeze"):
        nn.SyncBatchNorm(3)(torch.ones(3))
    with pytest.raises(ValueError, match="input channels should be non-zero"):
        nn.SyncBatchNorm(3)(torch.ones(3, 0))


def test_old_and_small_names():
    with pytest.warns(FutureWarning, match="`nn.Container` is deprecated"):
        assert list(nn.Container(a=nn.ReLU(), b=None).state_dict()) == []
    assert nn.factory_kwargs(None) == {}
    given = {"device": "cpu", "factory_kwargs": {"dtype": torch.float64}}
    assert nn.factory_kwargs(given) == {"device": "cpu", "dtype": torch.float64}
    with pytest.raises(TypeError, match="unexpected kwargs"):
        nn.factory_kwargs({"size": 1})
    with pytest.raises(TypeError, match="device specified twice"):
        nn.factory_kwargs({"device": "cpu", "factory_kwargs": {"device": "cpu"}})
