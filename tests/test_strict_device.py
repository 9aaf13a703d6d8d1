"""The device "strict": that it is as strict as a GPU, and that networks train there.

The sample table runs on it in test_ops.py, as on every device.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import rushlight as torch
import samples
from rushlight import nn
from rushlight.kernels import launch
from rushlight.kernels.base import Base
from rushlight.testing import register_strict_device, strict_array
from rushlight.vision.models import ConvNet, LeNet
from samples import Op, Sample, build, outputs

xp = register_strict_device()


@pytest.fixture
def base_kernels() -> Iterator[None]:
    """The CPU with the generic kernels, whether or not the extension is there."""
    found = launch.kernels[np.ndarray]
    launch.register(Base())
    yield
    launch.register(found)


def on_strict(array: Any, differentiable: bool = False) -> torch.Tensor:
    made = torch.from_numpy(np.array(array)).to("strict")
    return made.requires_grad_() if differentiable else made


# ---- the arrays


@pytest.mark.parametrize(
    "read",
    [
        np.asarray, bool, int, float, complex, list, lambda x: x.item(), lambda x: x.tolist(),
        lambda x: np.add(x, x), np.sum, lambda x: x + np.ones(1), lambda x: np.ones(1) + x,
        lambda x: xp.add(x, np.ones(1)), lambda x: xp.concatenate([x, np.ones(1)]),
        lambda x: x + [1.0], lambda x: x[np.zeros(1, int)], lambda x: x.__setitem__(0, np.ones(1)),
        lambda x: range(3)[x.astype("int64").sum()],
    ],
)  # fmt: skip
def test_nothing_is_converted_by_itself(read: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        read(xp.ones(1))


def test_functions_take_cupys_parameters_alone() -> None:
    x = xp.ones((2, 3))
    for call in (
        lambda: xp.add(x, x, where=x > 0), lambda: xp.argsort(x, stable=True),
        lambda: xp.full_like(x, 1, subok=False), lambda: xp.sum(x, where=x > 0),
        lambda: xp.add.at(x.astype("int64"), 0, 1),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            call()
    with pytest.raises(AttributeError, match="'vectorize'"):
        _ = xp.vectorize


def test_results_without_dimensions_are_arrays() -> None:
    x = xp.ones((2, 3))
    for result in (x.sum(), x[0, 0], xp.max(x), x[0, 0] + 1, xp.sqrt(x[0, 0])):
        assert type(result) is xp.ndarray and result.shape == ()


def test_transfers_are_counted() -> None:
    with xp.counted() as transfers:
        x = xp.asarray(np.ones(3))
        y = (x + 1).reshape(3, 1).sum()
        assert vars(transfers) == {"to_device": 1, "to_host": 0}
        y.get()
        assert vars(transfers) == {"to_device": 1, "to_host": 1}
        assert x[x > 0].shape == (3,)  # the size of the result comes from the device
        assert transfers.to_host == 2


def test_indices_out_of_range_wrap_around() -> None:
    x = xp.arange(5)
    assert x[xp.asarray([7, -6])].get().tolist() == [2, 4]
    assert xp.take(x, xp.asarray([7])).get().tolist() == [2]
    with pytest.raises(IndexError):
        x[5]


def test_devices_do_not_mix() -> None:
    with xp.devices[1]:
        x = xp.ones(2)
        assert (x + x).device.id == 1
    with pytest.raises(ValueError, match="different from the current device"):
        x + x


def test_list_against_cupy() -> None:
    """Every function that is offered is CuPy's, with these parameters."""
    cupy = pytest.importorskip("cupy")
    for name in (*strict_array.UNARY, *strict_array.BINARY):
        assert isinstance(getattr(cupy, name), cupy.ufunc), name
    listed = strict_array.FUNCTIONS | strict_array.CREATION | strict_array.SIZED_BY_VALUES
    for name, parameters in listed.items():
        if name == "matmul":  # its signature is (*args, out=None, ...)
            continue
        found = list(inspect.signature(getattr(cupy, name)).parameters)
        if name == "pad":
            found = [*found[:3], "constant_values"]
        positional, named = parameters.partition(" * ")[::2]
        assert found[: len(positional.split())] == positional.split(), name
        assert set(named.split()) <= set(found), name
    for name, parameters in strict_array.FOURIER.items():
        found = list(inspect.signature(getattr(cupy.fft, name)).parameters)
        assert found[:4] == parameters, name
    for name in (*strict_array.CONSTANTS, "asarray", "put_along_axis", "broadcast_to", "ogrid"):
        assert hasattr(cupy, name), name
    methods = [n for n, v in vars(strict_array.ndarray).items() if not n.startswith("_")]
    missing = [n for n in methods if n not in ("module",) and not hasattr(cupy.ndarray, n)]
    assert not missing


# ---- tensors


def test_images_stay_channels_last_on_the_way() -> None:
    images = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    there = images.to("strict")
    assert there.stride() == images.stride()
    assert there.cpu().stride() == images.stride() and torch.equal(there.cpu(), images)


@pytest.mark.parametrize("index", [0, 1])
def test_results_are_on_the_inputs_device(index: int) -> None:
    where = torch.device("strict", index)
    x = torch.randn(3, 3, device=where, requires_grad=True)
    y = nn.functional.dropout((x @ x).relu().softmax(0)) + torch.ones(3, device=where)
    y.sum().backward()
    assert x.grad is not None
    made = [
        torch.rand(2, device=where), torch.full((2,), 1, device=where), x.new_zeros(2), x.clone(),
        torch.arange(3, device=where), torch.tensor([1.0], device=where),
    ]  # fmt: skip
    assert {t.device for t in (x.grad, y, x[0], *made)} == {where}


def test_copies_between_devices() -> None:
    x = torch.tensor([1.0, 2.0], device="strict:0", requires_grad=True)
    y = x.to("strict:1")
    (y * 3).sum().backward()
    assert y.device.index == 1 and x.grad is not None
    assert x.grad.device.index == 0 and x.grad.tolist() == [3.0, 3.0]
    z = torch.zeros(2, device="strict:1").copy_(x.detach())
    assert z.device.index == 1 and z.tolist() == [1.0, 2.0]
    host = torch.zeros(2).copy_(y.detach())
    assert host.device.type == "cpu" and host.tolist() == [1.0, 2.0]
    assert x.to("strict") is x and x.to("strict:0") is x
    assert x.detach().to("strict", copy=True).data_ptr() != x.data_ptr()


def test_gradients_from_another_device_are_refused() -> None:
    x = torch.ones(3, requires_grad=True, device="strict:0")
    expected = "expected device strict:0 but got cpu"
    for use in (
        lambda: (x * 2).backward(torch.ones(3)), lambda: x.backward(torch.ones(3)),
        lambda: torch.autograd.grad(x + 1, x, torch.ones(3)),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match=expected):
            use()
    assert x.grad is None


def test_unknown_index() -> None:
    with pytest.raises(RuntimeError, match="invalid device ordinal: there is no strict:2"):
        torch.zeros(1, device="strict:2")


def test_numbers_are_no_transfers() -> None:
    x = torch.randn(4, device="strict", requires_grad=True)
    with xp.counted() as transfers:
        y = torch.where(x > 0, x, 0.5).masked_fill(x > 1, 2.0).clamp(-1, 1) ** 2 + 3 - 2 * x / 7
        z = torch.where(x > 0, 1.0, 2.0) + y.sum() * 2
        z[0] = 5.0
        z[1:] = 7
        z.fill_(2).add_(1).mul_(0.5)
        z.sum().backward()
    assert vars(transfers) == {"to_device": 0, "to_host": 0}


def test_a_wrong_label_shows_although_nobody_reads_it() -> None:
    scores = torch.zeros(2, 3, device="strict", requires_grad=True)
    for wrong in (3, -1):
        loss = nn.functional.cross_entropy(scores, torch.tensor([0, wrong], device="strict"))
        assert loss.isnan().item()


# ---- tensors of two devices


def _with_one_on_the_host(op: Op) -> Iterator[Sample]:
    """Samples with one tensor in turn left on the CPU."""
    for sample in op.samples():
        arrays = [a for a in sample.leaves(np.ndarray)]
        arrays += [f.array for f in sample.leaves(samples.Fixed)]
        if len(arrays) < 2:
            continue
        for number, left in enumerate(arrays):
            if left.size and min(a.size for a in arrays):
                yield number, left, build(torch, sample, _placing(left))


def _placing(left: Any) -> Callable[..., torch.Tensor]:
    def tensor(array: Any, differentiable: bool) -> torch.Tensor:
        made = torch.from_numpy(np.array(array))
        return made if array is left else made.to("strict")

    return tensor


MOVES = {"Tensor.type_as", "Tensor.copy_", "Tensor.to", "Tensor.__setitem__",
         "nn.functional.ctc_loss", "ctc_loss"}  # fmt: skip
USES_SHAPE_ALONE = {
    "Tensor.expand_as", "Tensor.view_as", "Tensor.reshape_as", "broadcast_tensors", "result_type",
    "resize_as_", "Tensor.resize_as", "is_same_size", "Tensor.is_set_to", "atleast_1d",
    "atleast_2d", "atleast_3d",
}  # fmt: skip
REFUSALS = (
    "Expected all tensors to be on the same device, but found at least two devices",
    "indices should be either on cpu or on the same device as the indexed tensor",
    "stft input and window must be on the same device but got self on",
)
INDICES = {"index by tensors", "index_put", "index_select", "masked_select"}


@pytest.mark.any_kernels
@pytest.mark.parametrize("op", list(samples.table), ids=str)
def test_two_devices(op: Op) -> None:
    """PyTorch's error that names the operation and both devices; but 0-d CPU tensors may mix."""
    if op.name in MOVES | USES_SHAPE_ALONE:
        pytest.skip("takes tensors of two devices")
    for number, left, sample in _with_one_on_the_host(op):
        try:
            result = op.function(torch)(*sample.args, **sample.kwargs)
        except RuntimeError as error:
            text = str(error)
            assert any(expected in text for expected in REFUSALS), f"{sample}: {text}"
            assert "strict:0" in text and "cpu" in text, sample
        else:
            if op.name == "equal" or getattr(sample.args[-1], "ndim", None) == 0 == number:
                continue  # a number as the index; tensors of two shapes, of which none is looked at
            is_index = op.name in INDICES and number > 0
            assert left.ndim == 0 or is_index, f"{op}{sample} took tensors of two devices"
            for value in outputs(result):
                assert not isinstance(value, torch.Tensor) or value.device.type == "strict", sample


# ---- tensors made there


def _makes_tensors(op: Op) -> bool:
    return not any(s.leaves(np.ndarray) for s in op.samples()) and op.call is None or (
        op.name in ("rand", "randn", "randint", "randperm")
    )


@pytest.mark.parametrize("op", [op for op in samples.table if _makes_tensors(op)], ids=str)
def test_made_on_the_device(op: Op) -> None:
    """With `device=` a function makes there what it makes on the CPU, and transfers nothing."""
    for sample in op.samples():
        here = build(torch, sample, on_strict)
        if "device" in here.kwargs or here.leaves(torch.Tensor) or op.name == "Tensor":
            continue
        expected = op.function(torch)(*here.args, **here.kwargs)
        with xp.counted() as transfers:
            found = op.function(torch)(*here.args, **here.kwargs, device="strict:1")
        given = op.name in ("tensor", "as_tensor", "asarray")
        assert vars(transfers) == {"to_device": int(given), "to_host": 0}, sample
        assert found.device == torch.device("strict", 1), sample
        assert found.shape == expected.shape and found.dtype is expected.dtype, sample
        if "kaiser" in op.name:  # of Bessel's function each library has a last digit of its own
            assert torch.allclose(found.cpu(), expected, rtol=1e-6), sample
        elif not op.name.startswith("rand"):
            assert torch.equal(found.cpu(), expected), sample


# ---- networks


def _train(model: nn.Module, device: str, make: Any, steps: int = 6) -> list[float]:
    torch.manual_seed(1)
    model.to(device)
    optimizer = make(model.parameters())
    losses = []
    for _ in range(steps):
        images, labels = torch.randn(8, 1, 28, 28), torch.randint(0, 10, (8,))
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images.to(device)), labels.to(device))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.002, amsgrad=True),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=list(OPTIMIZERS))
def test_lenet_trains_as_on_the_cpu(base_kernels: None, make: Any) -> None:
    torch.manual_seed(0)
    here = LeNet()
    there = LeNet()
    there.load_state_dict(here.state_dict())
    assert _train(here, "cpu", make) == _train(there, "strict", make)
    for a, b in zip(here.parameters(), there.parameters(), strict=True):
        assert b.device == torch.device("strict", 0) and torch.equal(a, b.cpu())


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=list(OPTIMIZERS))
@pytest.mark.parametrize("model_class", [LeNet, ConvNet])
def test_a_step_transfers_what_the_program_asks_for(model_class: Any, make: Any) -> None:
    model = model_class().to("strict")
    optimizer = make(model.parameters())
    images, labels = torch.randn(4, 1, 28, 28), torch.arange(4)
    for _ in range(2):
        with xp.counted() as transfers:
            x, y = images.to("strict"), labels.to("strict")
            assert vars(transfers) == {"to_device": 2, "to_host": 0}
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            assert vars(transfers) == {"to_device": 2, "to_host": 0}
            loss.item()
            assert vars(transfers) == {"to_device": 2, "to_host": 1}


def test_checkpoint_goes_through_the_host(tmp_path: Any) -> None:
    model = LeNet().to("strict")
    optimizer = OPTIMIZERS["adam"](model.parameters())
    model(torch.randn(1, 1, 28, 28, device="strict")).sum().backward()
    optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "c")
    loaded = torch.load(tmp_path / "c")
    assert {t.device.type for t in loaded["model"].values()} == {"strict"}
    on_cpu = torch.load(tmp_path / "c", map_location="cpu")
    assert {t.device.type for t in on_cpu["model"].values()} == {"cpu"}
    other = LeNet().to("strict")
    other.load_state_dict(on_cpu["model"])
    again = OPTIMIZERS["adam"](other.parameters())
    again.load_state_dict(on_cpu["optimizer"])
    for network, steps in ((model, optimizer), (other, again)):
        steps.zero_grad()
        network(torch.ones(1, 1, 28, 28, device="strict")).sum().backward()
        steps.step()
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("model_class", [LeNet, ConvNet])
def test_a_recorded_step_runs_there(model_class: Any) -> None:
    """Recorded below autograd, a step replays on the device, random numbers and all."""

    def weights(compiled: bool) -> list[torch.Tensor]:
        torch.manual_seed(0)
        model = model_class().to("strict:1")
        optimizer = OPTIMIZERS["sgd"](model.parameters())

        def step(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            images, labels = images.to("strict:1"), labels.to("strict:1")
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            return loss

        run = torch.compile(step, fullgraph=True) if compiled else step
        for _ in range(4):
            with xp.counted() as transfers:
                run(torch.randn(4, 1, 28, 28), torch.randint(0, 10, (4,)))
            assert vars(transfers) == {"to_device": 2, "to_host": 0}
        return [p.detach().cpu() for p in model.parameters()]

    assert all(map(torch.equal, weights(compiled=True), weights(compiled=False)))
