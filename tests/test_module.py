import copy
import pickle

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.errors import OperationError


class Block(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.linear = nn.Linear(features, features)
        self.norm = nn.BatchNorm1d(features)

    def forward(self, x):
        return self.norm(self.linear(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Block(2)
        self.blocks = nn.ModuleList([Block(2), Block(2)])
        self.again = self.first

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.first(x)


# ---- calling


def test_call_passes_arguments_on():
    class Module(nn.Module):
        def forward(self, *args, **kwargs):
            return args, kwargs

    module = Module()
    assert module() == ((), {})
    assert module(1) == ((1,), {})
    assert module(None) == ((None,), {})
    assert module(1, 2, x=3) == ((1, 2), {"x": 3})


def test_missing_forward():
    class Empty(nn.Module):
        pass

    message = 'Module \\[Empty\\] is missing the required "forward" function'
    with pytest.raises(NotImplementedError, match=message):
        Empty()(1)


def test_missing_attribute():
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'wieght'"):
        nn.Linear(1, 1).wieght  # noqa: B018


def test_errors_say_where():
    net = Net()
    net.blocks[1].linear = nn.Linear(3, 2)
    for _ in range(2):  # a second error must not carry anything of the first
        with pytest.raises(RuntimeError) as caught:
            net(torch.ones(4, 2))
        assert str(caught.value).endswith(" (in Net.blocks.1.linear)")
        assert caught.value.args == (str(caught.value),)


def test_errors_of_a_module_alone_and_of_one_that_is_not_a_submodule():
    with pytest.raises(RuntimeError, match=r" \(in Linear\)$"):
        nn.Linear(3, 2)(torch.ones(4, 2))

    class Calls(nn.Module):
        def forward(self, x):
            return nn.Linear(3, 2)(x)

    with pytest.raises(RuntimeError, match=r" \(in Calls.Linear\)$"):
        Calls()(torch.ones(4, 2))


def test_other_errors_of_operations_say_where_too():
    class Loss(nn.Module):
        def __init__(self):
            super().__init__()
            self.criterion = nn.CrossEntropyLoss()

        def forward(self, x, y):
            return self.criterion(x, y)

    with pytest.raises(IndexError, match=r"Target 7 is out of bounds.* \(in Loss.criterion\)$"):
        Loss()(torch.zeros(2, 3), torch.tensor([1, 7]))


def test_an_error_without_module_stays_as_it_was():
    class Raises(nn.Module):
        def forward(self):
            raise ValueError("as it was")

    with pytest.raises(ValueError, match="^as it was$"):
        Raises()()


def test_an_error_can_be_sent_to_another_process():
    with pytest.raises(OperationError) as caught:
        nn.Sequential(nn.Linear(3, 2))(torch.ones(4, 2))
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


# ---- what is in it


def test_parameters_and_buffers():
    net = Net()
    names = [name for name, _ in net.named_parameters()]
    assert names[:5] == [
        "first.linear.weight", "first.linear.bias", "first.norm.weight", "first.norm.bias",
        "blocks.0.linear.weight",
    ]  # fmt: skip
    assert len(names) == 12 and not any(name.startswith("again") for name in names)
    assert [id(p) for _, p in net.named_parameters()] == [id(p) for p in net.parameters()]
    assert [name for name, _ in net.first.named_buffers("x")] == [
        "x.norm.running_mean", "x.norm.running_var", "x.norm.num_batches_tracked",
    ]  # fmt: skip
    assert len(list(net.buffers())) == 9


def test_parameters_of_one_module_and_with_duplicates():
    net = Net()
    assert list(net.parameters(recurse=False)) == []
    assert len(list(net.first.linear.parameters(recurse=False))) == 2
    twice = list(net.named_parameters(remove_duplicate=False))
    assert len(twice) == 16 and twice[-1][0] == "again.norm.bias"
    tied = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    tied[1].weight = tied[0].weight
    assert len(list(tied.parameters())) == 3


def test_modules_and_children():
    net = Net()
    assert [name for name, _ in net.named_children()] == ["first", "blocks"]
    assert list(net.children()) == [net.first, net.blocks]
    paths = [path for path, _ in net.named_modules()]
    assert paths == [
        "", "first", "first.linear", "first.norm", "blocks", "blocks.0", "blocks.0.linear",
        "blocks.0.norm", "blocks.1", "blocks.1.linear", "blocks.1.norm",
    ]  # fmt: skip
    assert len(list(net.modules())) == 11
    assert len(list(net.modules(remove_duplicate=False))) == 14
    assert [path for path, _ in net.first.named_modules(prefix="a")] == [
        "a", "a.linear", "a.norm",
    ]  # fmt: skip


# ---- its mode


def test_train_and_eval():
    net = Net()
    assert net.eval() is net and not any(module.training for module in net.modules())
    assert net.train() is net and all(module.training for module in net.modules())
    with pytest.raises(ValueError, match="training mode is expected to be boolean"):
        net.train(1)


def test_requires_grad_and_zero_grad():
    net = Net()
    net(torch.randn(4, 2)).sum().backward()
    first = net.first.linear.weight
    net.zero_grad(set_to_none=False)
    assert first.grad is not None and first.grad.abs().sum().item() == 0.0
    net.zero_grad()
    assert all(parameter.grad is None for parameter in net.parameters())
    assert net.requires_grad_(False) is net
    assert not any(parameter.requires_grad for parameter in net.parameters())


def test_zero_grad_of_a_gradient_with_a_graph():
    parameter = nn.Parameter(torch.tensor([2.0]))
    module = nn.ParameterList([parameter])
    (parameter**3).sum().backward(create_graph=True)
    assert parameter.grad.requires_grad
    module.zero_grad(set_to_none=False)
    assert not parameter.grad.requires_grad and parameter.grad.item() == 0.0


# ---- conversion


def test_to_converts_in_place():
    net = Net()
    net(torch.randn(4, 2)).sum().backward()
    weight, buffer = net.first.linear.weight, net.first.norm.num_batches_tracked
    assert net.to(torch.float64) is net
    assert net.first.linear.weight is weight and weight.dtype == torch.float64
    assert weight.grad.dtype == torch.float64 and weight.requires_grad
    assert net.first.norm.running_mean.dtype == torch.float64
    assert net.first.norm.num_batches_tracked.dtype == buffer.dtype == torch.int64
    assert net(torch.randn(4, 2, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize(
    "convert, dtype",
    [
        (lambda net: net.double(), torch.float64),
        (lambda net: net.half(), torch.float16),
        (lambda net: net.double().float(), torch.float32),
        (lambda net: net.to("cpu", torch.float64), torch.float64),
        (lambda net: net.to(torch.device("cpu"), dtype=torch.float64), torch.float64),
        (lambda net: net.to(torch.zeros(1, dtype=torch.float64)), torch.float64),
        (lambda net: net.to(dtype=torch.float64, non_blocking=True), torch.float64),
        (lambda net: net.type(torch.float64), torch.float64),
        (lambda net: net.cpu(), torch.float32),
    ],
)
def test_conversions(convert, dtype):
    net = Net()
    assert convert(net) is net
    assert {parameter.dtype for parameter in net.parameters()} == {dtype}


def test_to_channels_last_concerns_images_only():
    layer = nn.Conv2d(3, 4, 5)
    values = layer.weight.tolist()
    layer.to(memory_format=torch.channels_last)
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)
    assert layer.weight.tolist() == values


def test_invalid_conversions():
    net = Net()
    with pytest.raises(TypeError, match="only accepts floating point or complex dtypes, but got"):
        net.to(torch.int64)
    with pytest.raises(RuntimeError, match="nowhere"):
        net.to("nowhere")
    assert {parameter.dtype for parameter in net.parameters()} == {torch.float32}


def test_apply_goes_through_children_first():
    seen = []
    net = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh())
    assert net.apply(lambda module: seen.append(type(module).__name__)) is net
    assert seen == ["ReLU", "Sequential", "Tanh", "Sequential"]


# ---- copies


def test_copies_are_independent():
    net = Net()
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other.again is other.first
        assert repr(other) == repr(net)
        with torch.no_grad():
            other.first.linear.weight.zero_()
        assert net.first.linear.weight.abs().sum().item() > 0
        assert other.first._parameters is not net.first._parameters
        other.first.extra = nn.ReLU()
        assert not hasattr(net.first, "extra")


def test_a_shallow_copy_shares_values_but_not_names():
    net = Net()
    other = copy.copy(net)
    assert other.first is net.first
    other.extra = nn.ReLU()
    del other.again
    assert [name for name, _ in net.named_children()] == ["first", "blocks"]
    assert list(net._modules) == ["first", "blocks", "again"]
    assert list(other._modules) == ["first", "blocks", "extra"]


# ---- printing


def test_repr():
    class Empty(nn.Module):
        pass

    class TwoLines(nn.Module):
        def extra_repr(self):
            return "a=1\nb=2"

    net = nn.Sequential(Block(2), TwoLines())
    net.absent = Empty()
    net.absent = None
    assert repr(Empty()) == "Empty()"
    assert repr(net) == (
        "Sequential(\n"
        "  (0): Block(\n"
        "    (linear): Linear(in_features=2, out_features=2, bias=True)\n"
        "    (norm): BatchNorm1d(2, eps=1e-05, momentum=0.1, affine=True, bias=True, "
        "track_running_stats=True)\n"
        "  )\n"
        "  (1): TwoLines(\n"
        "    a=1\n"
        "    b=2\n"
        "  )\n"
        "  (absent): None\n"
        ")"
    )


def test_compile_in_place():
    layer = nn.Linear(2, 1)
    x = torch.ones(1, 2)
    expected = layer(x)
    keys = list(layer.state_dict())
    layer.compile(fullgraph=True)
    for _ in range(4):
        assert torch.equal(layer(x), expected)
    assert list(layer.state_dict()) == keys and type(layer) is nn.Linear
    assert len(layer._compiled_call_impl.graph.calls) == 1
    with layer.register_forward_hook(lambda m, args, output: output * 2):
        assert torch.equal(layer(x), expected * 2)
    assert torch.equal(layer(x), expected)
    assert copy.deepcopy(layer)._compiled_call_impl is None
    assert torch.equal(pickle.loads(pickle.dumps(layer))(x), expected)


def test_a_gradient_stays_the_tensor_that_it_is():
    layer = nn.Linear(2, 1)
    layer(torch.ones(1, 2)).sum().backward()
    grad = layer.weight.grad
    layer.double()
    assert layer.weight.grad is grad and grad.dtype == torch.float64


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: nn.Module(3), r"Module.__init__\(\) takes 1 positional argument but 2 were given"),
        (lambda: nn.Module(a=3), r"Module.__init__\(\) got an unexpected keyword argument 'a'"),
    ],
)
def test_arguments_of_the_base_class(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_call_super_init():
    class Named:
        def __init__(self, name):
            self.name = name

    class Both(nn.Module, Named):
        call_super_init = True

    assert Both("x").name == "x"


@pytest.mark.parametrize(
    "arguments",
    [
        ("cpu", "cpu"), (torch.float32, torch.float64), (torch.float32, "cpu"), ("cpu", True),
        (torch.ones(1), torch.float32), (torch.float32, None), (3.5,), ("cpu", 3.5),
    ],
)  # fmt: skip
def test_arguments_that_do_not_go_together(arguments):
    for value in (nn.Linear(1, 1), torch.ones(1)):
        with pytest.raises(TypeError, match=r"to\(\) received an invalid combination of argume"):
            value.to(*arguments)


def test_to_changes_in_place_and_does_not_copy():
    with pytest.raises(RuntimeError, match=r"\.to\(\) does not accept copy argument"):
        nn.Linear(1, 1).to("cpu", torch.float32, True, True)
    assert nn.Linear(1, 1).to(None, torch.float64, True).weight.dtype == torch.float64
    assert nn.Linear(1, 1).bfloat16().weight.dtype == torch.bfloat16
