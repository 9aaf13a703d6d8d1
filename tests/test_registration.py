import pytest

import rushlight as torch
from rushlight import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 1)
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("mean", torch.zeros(1))
        self.register_buffer("temporary", torch.zeros(1), persistent=False)
        self.register_parameter("absent", None)
        self.number = 3


def test_assignment_registers_by_type():
    net = Net()
    assert dict(net._modules) == {"fc": net.fc}
    assert net._parameters == {"scale": net.scale, "absent": None}
    assert list(net._buffers) == ["mean", "temporary"]
    assert net.number == 3 and net.absent is None


def test_the_three_kinds_are_seen_and_changed_as_dictionaries():
    net = Net()
    weight = nn.Parameter(torch.zeros(3))
    net._parameters["scale"] = weight
    assert net.scale is weight and next(net.parameters()) is weight
    del net._parameters["scale"]
    assert not hasattr(net, "scale")
    net._modules["extra"] = nn.ReLU()
    assert isinstance(net.extra, nn.ReLU) and len(net._modules) == 2
    with pytest.raises(KeyError):
        net._buffers["fc"]
    net._buffers = net._buffers.copy()
    assert list(net._buffers) == ["mean", "temporary"]
    net._buffers = {"other": torch.ones(1)}
    assert list(net._buffers) == ["other"] and not hasattr(net, "mean")
    assert repr(net._modules) == repr(dict(net._modules))


def test_a_name_changes_its_kind():
    net = Net()
    net.fc = nn.Parameter(torch.ones(1))
    assert "fc" not in net._modules and list(net._parameters) == ["scale", "absent", "fc"]
    net.mean = nn.ReLU()
    assert "mean" not in net._buffers and "mean" in net._modules
    net.number = nn.Parameter(torch.ones(1))
    assert "number" in net._parameters
    net.temporary = nn.Parameter(torch.ones(1))
    assert net._non_persistent_buffers_set == set()


def test_replacing_keeps_the_place():
    net = Net()
    net.scale = nn.Parameter(torch.zeros(2))
    net.fc = None
    net.mean = torch.ones(1)
    assert list(net._parameters) == ["scale", "absent"]
    assert list(net._buffers) == ["mean", "temporary"]
    assert list(net.state_dict()) == ["scale", "mean"]
    net.scale = None
    assert list(net.parameters()) == [] and list(net._parameters) == ["scale", "absent"]
    net.temporary = torch.ones(1)
    assert list(net.state_dict()) == ["mean"]


def test_deletion():
    net = Net()
    for name in ("fc", "scale", "mean", "temporary", "number"):
        delattr(net, name)
        assert not hasattr(net, name)
    assert (len(net._modules), len(net._parameters), len(net._buffers)) == (0, 1, 0)
    assert net._non_persistent_buffers_set == set()
    with pytest.raises(AttributeError):
        del net.fc


def test_plain_tensors_are_not_registered():
    net = Net()
    net.cache = torch.ones(2)
    assert "cache" not in net._buffers and len(list(net.parameters())) == 3


def test_dir_lists_names_but_not_numbers():
    names = dir(nn.Sequential(nn.Linear(1, 1)))
    assert "forward" in names and "0" not in names and names == sorted(names)
    assert {"fc", "scale", "mean", "number"} <= set(dir(Net()))


@pytest.mark.parametrize(
    "value, message",
    [
        (nn.Parameter(torch.ones(1)), "cannot assign parameters before Module.__init__() call"),
        (nn.ReLU(), "cannot assign module before Module.__init__() call"),
        (nn.Buffer(torch.ones(1)), "cannot assign buffer before Module.__init__() call"),
    ],
)
def test_assignment_before_init(value, message):
    class Forgetful(nn.Module):
        def __init__(self):
            self.anything = 3
            self.member = value

    with pytest.raises(AttributeError) as caught:
        Forgetful()
    assert str(caught.value) == message


class WithoutInit(nn.Module):
    """Its mistake shows only when it is used, for it sets nothing but plain attributes."""

    def __init__(self):
        self.number = 3

    def forward(self, x):
        return x


@pytest.mark.parametrize("use", [
    lambda m: list(m.parameters()),
    lambda m: list(m.named_buffers()),
    lambda m: list(m.children()),
    lambda m: list(m.modules()),
    lambda m: m.train(),
    lambda m: m.eval(),
    lambda m: m.to("cpu"),
    lambda m: m.half(),
    lambda m: m.zero_grad(),
    lambda m: m.requires_grad_(),
    lambda m: m.apply(print),
    lambda m: torch.optim.SGD(m.parameters()),
    lambda m: m(torch.ones(2)),
    lambda m: nn.Sequential(m)(torch.ones(2)),
    lambda m: nn.Sequential(m).eval(),
    lambda m: m.state_dict(),
    lambda m: m.load_state_dict({}),
    lambda m: m.add_module("act", nn.ReLU()),
    lambda m: m.share_memory(),
    repr,
])  # fmt: skip
def test_use_without_init(use):
    with pytest.raises(AttributeError) as caught:
        use(WithoutInit())
    assert str(caught.value) == "WithoutInit: call super().__init__() first"


def test_an_attribute_error_of_forward_is_its_own():
    class Misspelt(nn.Module):
        def forward(self, x):
            return self.liner(x)

    with pytest.raises(AttributeError, match="no attribute 'liner'"):
        Misspelt()(torch.ones(2))


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("scale", torch.ones(1), "cannot assign 'torch.FloatTensor' as parameter 'scale' "
         "(torch.nn.Parameter or None expected)"),
        ("fc", 3, "cannot assign 'int' as child module 'fc' (torch.nn.Module or None expected)"),
        ("mean", "x", "cannot assign 'str' as buffer 'mean' "
         "(torch.nn.Buffer, torch.Tensor or None expected)"),
    ],
)  # fmt: skip
def test_assignment_of_another_type(name, value, message):
    net = Net()
    before = getattr(net, name)
    with pytest.raises(TypeError) as caught:
        setattr(net, name, value)
    assert str(caught.value) == message
    assert getattr(net, name) is before


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda n: n.register_buffer("fc", torch.ones(1)), KeyError, "attribute 'fc' already"),
        (lambda n: n.register_parameter("fc", None), KeyError, "attribute 'fc' already exists"),
        (lambda n: n.add_module("scale", nn.ReLU()), KeyError, "attribute 'scale' already exists"),
        (lambda n: n.add_module("a.b", nn.ReLU()), KeyError, "module name can.*t contain"),
        (lambda n: n.add_module("", nn.ReLU()), KeyError, "module name can.*t be empty"),
        (lambda n: n.add_module(3, nn.ReLU()), TypeError, "should be a string. Got int"),
        (lambda n: n.add_module("x", 3), TypeError, "int is not a Module subclass"),
        (lambda n: n.register_buffer("x", 3), TypeError, "cannot assign 'int' object to buffer"),
        (
            lambda n: n.register_parameter("x", torch.ones(1)),
            TypeError,
            "cannot assign 'torch.FloatTensor' object to parameter 'x'",
        ),
    ],
)
def test_invalid_registration(call, error, message):
    net = Net()
    keys = list(net.state_dict())
    with pytest.raises(error, match=message):
        call(net)
    assert list(net.state_dict()) == keys


def test_members_by_path():
    net = nn.Sequential(Net(), nn.BatchNorm2d(1))
    assert net.get_submodule("0.fc") is net[0].fc
    assert net.get_submodule("") is net
    assert net.get_parameter("0.fc.weight") is net[0].fc.weight
    assert net.get_buffer("1.running_mean") is net[1].running_mean
    net.set_submodule("0.fc", nn.Identity())
    assert isinstance(net[0].fc, nn.Identity)
    net.set_submodule("0.new", nn.Identity())
    assert isinstance(net[0].new, nn.Identity)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda n: n.get_submodule("fc.x"), AttributeError, "Linear has no attribute `x`"),
        (lambda n: n.get_submodule("scale"), AttributeError, "`scale` is not an nn.Module"),
        (lambda n: n.get_parameter("fc"), AttributeError, "`fc` is not an nn.Parameter"),
        (lambda n: n.get_parameter("x"), AttributeError, "Net has no attribute `x`"),
        (lambda n: n.get_buffer("scale"), AttributeError, "`scale` is not a buffer"),
        (lambda n: n.set_submodule("", nn.ReLU()), ValueError, "without a target name"),
        (lambda n: n.set_submodule("fc", 3), ValueError, "`module` is not an nn.Module"),
        (lambda n: n.set_submodule("scale", nn.ReLU()), AttributeError, "is not an nn.Module"),
        (
            lambda n: n.set_submodule("x", nn.ReLU(), strict=True),
            AttributeError,
            "Net has no attribute `x`",
        ),
    ],
)
def test_paths_that_lead_nowhere(call, error, message):
    with pytest.raises(error, match=message):
        call(Net())
