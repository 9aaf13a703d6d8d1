"""The device "meta": every operation's shape, dtype and strides, and no memory."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from ops_support import (
    ALL,
    DIFFERENTIABLE,
    WITH_OUT,
    each,
    floating_outputs,
    inplace_form,
    maker,
    run,
)
from rushlight import Tensor
from rushlight.kernels.base import Base
from rushlight.kernels.declaration import kernels_of
from rushlight.kernels.meta import Meta
from rushlight.kernels.meta_array import MetaArray
from rushlight.testing import strict_array
from samples import Op, Sample, build, outputs

pytestmark = pytest.mark.any_kernels  # there are none

NO_DATA = "Cannot copy out of meta tensor; no data!"
NO_ITEM = r"Tensor.item\(\) cannot be called on meta tensors"
BY_VALUES = "attempted to run this operator with Meta tensors"

# The rows of which some samples need values, and what they say.
REFUSED = {
    "Tensor.cpu": NO_DATA, "Tensor.to": NO_DATA,
    "Tensor.__contains__": NO_ITEM, "allclose": NO_ITEM, "is_nonzero": NO_ITEM,
    "histogram": NO_ITEM, "histogramdd": NO_ITEM, "lobpcg": NO_ITEM,
    "nn.functional.one_hot": NO_ITEM,
    "argwhere": BY_VALUES, "bincount": BY_VALUES, "equal": BY_VALUES,
    "index by tensors": f"{BY_VALUES}|{NO_ITEM}",
    "masked_select": BY_VALUES, "nonzero": BY_VALUES, "unique": BY_VALUES,
    "unique_consecutive": BY_VALUES, "where": BY_VALUES,
    "repeat_interleave by counts": "cannot repeat_interleave a meta tensor without output_size",
}  # fmt: skip
if torch.cuda.is_available():
    REFUSED["Tensor.cuda"] = NO_DATA
# Matrices that have no such decomposition, histograms of what is not finite, and functions that are
# called for no element.
TAKEN_ON_TRUST = (
    "cholesky", "histc", "inverse", "linalg.cholesky", "linalg.lu_factor", "linalg.solve",
    "linalg.svd", "Tensor.apply_",
)
# Elements are written to where a mask says, and the gradient of the values is read from there.
REFUSED_GRADIENTS = ("Tensor.__setitem__", "index_put")
# Rows that make tensors of the CPU, whatever they are given, or that tell where a tensor is.
ON_HOST = (
    "Tensor", "Tensor by a Size", "Tensor by sizes", "from_numpy", "frombuffer", "Tensor.is_cpu",
    "Tensor.is_meta", "Tensor.type", "broadcast_shapes",
)  # fmt: skip
# Where C++ has another memory order than the generic kernels, and PyTorch.
OTHER_STRIDES = ("argsort", "geqrf", "sort")


def placed(
    op: Op, sample: Sample, device: str, gradient: bool = False, dtype: str | None = None
) -> Sample:
    """The sample's tensors on a device; where it has none, the device as an argument."""
    built = build(torch, sample, maker(device, gradient, dtype))
    if not built.leaves(Tensor):
        built.kwargs["device"] = device
    return built


def told(value: Any) -> Any:
    """What must be the same on both devices."""
    if not isinstance(value, Tensor):
        return value
    return value.shape, value.dtype, value.requires_grad


def strides_of(tensor: Tensor) -> list[int]:
    """Those that say where elements are."""
    if not tensor.numel():
        return []
    return [s for s, n in zip(tensor.stride(), tensor.shape, strict=True) if n > 1]


def both(
    op: Op, gradient: bool = False, dtype: str | None = None
) -> list[tuple[Sample, Sample, Any, Any]]:
    """The arguments and results of all samples on the CPU and on the device, without those that
    are refused there."""
    found, refused = [], 0
    for sample in op.samples():
        here, there = (placed(op, sample, name, gradient, dtype) for name in ("cpu", "meta"))
        try:
            expected = run(op, here)
        except RuntimeError:
            assert dtype is not None, sample  # which some samples do not take
            continue
        if op.name in REFUSED:
            try:
                found.append((here, there, expected, run(op, there)))
            except RuntimeError as error:  # as NotImplementedError is
                refused += 1
                assert pytest.raises(RuntimeError, match=REFUSED[op.name]).matches(error)
        else:
            found.append((here, there, expected, run(op, there)))
    assert refused or op.name not in REFUSED or gradient
    return found


@each([op for op in ALL if op.name not in ON_HOST])
def test_forward(op: Op) -> None:
    for arguments, _, expected, result in both(op):
        wanted, found = outputs(expected), outputs(result)
        np.testing.assert_equal([told(v) for v in found], [told(v) for v in wanted], arguments)
        for a, b in zip(found, wanted, strict=True):
            if isinstance(a, Tensor):
                assert a.is_meta or "cpu" in arguments.args, arguments
                assert op.name in OTHER_STRIDES or strides_of(a) == strides_of(b), arguments


@each([op for op in DIFFERENTIABLE if op.halves and op.name not in ON_HOST])
def test_halves(op: Op) -> None:
    for arguments, _, expected, result in both(op, gradient=True, dtype="bfloat16"):
        wanted, found = outputs(expected), outputs(result)
        np.testing.assert_equal([told(v) for v in found], [told(v) for v in wanted], arguments)


@each([op for op in DIFFERENTIABLE if op.name not in ON_HOST])
def test_gradients(op: Op) -> None:
    for here, there, expected, result in both(op, gradient=True):
        found = []
        for arguments, value in ((here, expected), (there, result)):
            results = floating_outputs(value)
            inputs = [t for t in arguments.leaves(Tensor) if t.requires_grad]
            if not results or not inputs:
                continue
            seeds = [torch.ones_like(t) for t in results]
            try:
                found.append(torch.autograd.grad(results, inputs, seeds, allow_unused=True))
            except NotImplementedError as error:
                assert op.name in REFUSED_GRADIENTS and BY_VALUES in str(error), here
                found.clear()
        for a, b in zip(*found, strict=True) if found else ():
            assert (a is None) == (b is None), here
            assert a is None or told(a) == told(b) and b.is_meta, here


@each([op for op in ALL if inplace_form(op) and op.name not in REFUSED])
def test_inplace(op: Op) -> None:
    inplace: Any = inplace_form(op)
    for _, arguments, _, expected in both(op):
        if not arguments.args or not isinstance(arguments.args[0], Tensor):
            continue
        x = arguments.args[0]
        if expected.shape == x.shape and expected.dtype is x.dtype:
            assert inplace(x, *arguments.args[1:], **arguments.kwargs) is x
            assert x.is_meta and x._version > 0


@each([op for op in WITH_OUT if op.name not in REFUSED])
def test_out(op: Op) -> None:
    for _, arguments, _, expected in both(op):
        results = outputs(expected)
        if not all(isinstance(t, Tensor) for t in results):
            continue
        for shape in (None, (0,)):
            made = [t.new_empty(t.shape if shape is None else shape) for t in results]
            out = made[0] if len(made) == 1 else tuple(made)
            op.function(torch)(*arguments.args, **arguments.kwargs, out=out)
            assert [told(t) for t in made] == [told(t) for t in results]


@each([op for op in ALL if op.invalid()])
def test_errors(op: Op) -> None:
    """What is refused is refused there, too, but for what values alone show."""
    for sample in op.invalid():
        arguments = build(torch, sample, maker("meta", gradient=True))
        try:
            run(op, arguments)
        except RuntimeError as error:
            if re.search(f"{NO_ITEM}|{BY_VALUES}|output_size", str(error)):
                continue
            assert pytest.raises(sample.raises, match=sample.match).matches(error), sample
        except Exception as error:
            assert pytest.raises(sample.raises, match=sample.match).matches(error), sample
        else:
            assert sample.reads_values or op.name in TAKEN_ON_TRUST, sample


def test_every_kernel_is_there() -> None:
    """No kernel of elements or of values is left to what computes; no rule is of another name."""
    kernels = kernels_of(Base)
    rules = {name for name in vars(Meta) if not name.startswith("_")}
    places = {"xp", "array_type", "device_name", "is_host", "device_of", "data_pointer",
              "owns_memory"}  # fmt: skip
    assert rules - places <= set(kernels)
    by_values = {"elementwise", "dynamic", "random", "check"}
    by_kernels = {"random_dirichlet", "random_gamma", "random_poisson", "random_binomial"}
    asked = {name for name, kernel in kernels.items() if kernel.kind in by_values}
    assert asked - by_kernels <= rules


def test_the_library_has_every_function() -> None:
    """The generic kernels may use what `testing/strict_array.py` lists."""
    listed = strict_array.FUNCTIONS | strict_array.CREATION | strict_array.SIZED_BY_VALUES
    names = [*strict_array.UNARY, *strict_array.BINARY, *listed, *strict_array.CONSTANTS]
    unused = {"roll", "tensordot"}
    missing = [name for name in names if not hasattr(Meta.xp, name) and name not in unused]
    assert missing == []


# ---- what a tensor without values says


VIEWS: list[Callable[[Any], Any]] = [
    lambda x: x[1], lambda x: x[:, 1:], lambda x: x[::2, ..., 1::3], lambda x: x[None, -1],
    lambda x: x.transpose(0, 2), lambda x: x.permute(2, 0, 1)[1:], lambda x: x.view(6, 4),
    lambda x: x.view(2, 1, 3, 2, 2), lambda x: x[:, :, :1].squeeze(), lambda x: x.unsqueeze(1),
    lambda x: x[:1].expand(5, 3, 4), lambda x: x.transpose(0, 1).flatten(1),
    lambda x: x.diagonal(0, 1, 2), lambda x: x.unfold(2, 2, 1), lambda x: x[1:].view(torch.int32),
    lambda x: x.as_strided((2, 2), (1, 3), 5), lambda x: x.reshape(4, 6).t().reshape(-1),
    lambda x: x.transpose(1, 2).reshape(2, 12), lambda x: x[:, 1].split(1, 1)[2],
    lambda x: x.select(1, -1).T, lambda x: x[:, :0], lambda x: x[..., 2].contiguous(),
    lambda x: x.transpose(0, 2).clone(), lambda x: torch.view_as_complex(x.view(6, 2, 2)).imag,
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(VIEWS)))
def test_views_lie_as_on_the_cpu(number: int) -> None:
    here, there = torch.empty(2, 3, 4), torch.empty(2, 3, 4, device="meta")
    a, b = VIEWS[number](here), VIEWS[number](there)
    assert told(a) == told(b) and a.stride() == b.stride()
    assert a.storage_offset() == b.storage_offset()
    assert a.is_contiguous() == b.is_contiguous()
    assert (a._base is here) == (b._base is there)
    assert b.data_ptr() == b.storage_offset() * b.element_size()


def test_strides_are_told_of_empty_tensors() -> None:
    assert torch.empty(2, 0, 3, device="meta").stride() == (3, 3, 1)


def test_repr() -> None:
    x = torch.empty(3, 4, device="meta")
    assert repr(x) == "tensor(..., device='meta', size=(3, 4))"
    assert repr(x.long()[0]) == "tensor(..., device='meta', size=(4,), dtype=torch.int64)"
    y = x.requires_grad_().sum()
    assert repr(y) == f"{y}" == "tensor(..., device='meta', size=(), grad_fn=<SumBackward0>)"
    assert repr(torch.nn.Parameter(x)).startswith("Parameter containing:\ntensor(..., device=")
    assert x.type() == "torch.meta.FloatTensor"
    storage = "[torch.storage.UntypedStorage(device=meta) of size 48]"
    assert repr(x.untyped_storage()) == "...\n" + storage


def test_where_it_is() -> None:
    x = torch.empty(2, device="meta:1")
    assert x.device == torch.device("meta") and x.device.index is None
    assert x.is_meta and not x.is_cpu and not x.is_cuda and x.get_device() == -1
    assert x.to("meta") is x and x.to("meta:0") is x
    assert torch.device("meta", 0) == torch.device("meta:0") != x.device
    assert not torch.empty(2).is_meta


NO_VALUES: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda x: x.sum().item(), RuntimeError, NO_ITEM),
    (lambda x: bool(x.sum()), RuntimeError, NO_ITEM),
    (lambda x: int(x.sum()), RuntimeError, NO_ITEM),
    (lambda x: float(x.sum()), RuntimeError, NO_ITEM),
    (lambda x: range(x.long().sum()), RuntimeError, NO_ITEM),
    (lambda x: 1.0 in x, RuntimeError, NO_ITEM),
    (lambda x: x.item(), RuntimeError, "a Tensor with 12 elements cannot be converted to Scalar"),
    (lambda x: bool(x), RuntimeError, "more than one value is ambiguous"),
    (lambda x: x.tolist(), NotImplementedError, NO_DATA),
    (lambda x: x.cpu(), NotImplementedError, NO_DATA),
    (lambda x: x.to("cpu"), NotImplementedError, NO_DATA),
    (lambda x: torch.as_tensor(x, device="cpu"), NotImplementedError, NO_DATA),
    (lambda x: torch.ones(3, 4).copy_(x), NotImplementedError, NO_DATA),
    (lambda x: x.numpy(), TypeError, "can't convert meta device type tensor to numpy"),
    (lambda x: x.requires_grad_().numpy(), TypeError, "can't convert meta device type tensor"),
    (lambda x: np.asarray(x), TypeError, "can't convert meta device type tensor to numpy"),
    (lambda x: torch.equal(x, x), NotImplementedError, "aten::equal: attempted"),
    (lambda x: x.nonzero(), NotImplementedError, "aten::nonzero: attempted"),
    (lambda x: x[x > 0], NotImplementedError, "aten::nonzero: attempted"),
    (lambda x: x.unique(), NotImplementedError, "aten::unique: attempted"),
    (lambda x: x.byte().fill_(300), RuntimeError, "cannot be converted to type uint8"),
    (lambda x: x[5], IndexError, "index 5 is out of bounds for dimension 0 with size 3"),
    (lambda x: x.t().view(12), RuntimeError, "view size is not compatible"),
    (lambda x: torch.Generator("meta"), RuntimeError, "META device type not an accelerator"),
    (lambda x: torch.empty(10**12, 10**9, device="meta"), RuntimeError,
     "Storage size calculation overflowed"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(NO_VALUES)))
def test_values_are_refused(number: int) -> None:
    call, kind, message = NO_VALUES[number]
    with pytest.raises(kind, match=message):
        call(torch.empty(3, 4, device="meta"))


BESIDE: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x + y, lambda x, y: x @ y.T, lambda x, y: torch.cat([x, y]),
    lambda x, y: torch.where(x > 0, x, y), lambda x, y: x.gather(0, y.long()),
    lambda x, y: torch.nn.functional.linear(x, y), lambda x, y: torch.addmm(x.new_ones(3), x, y.T),
    lambda x, y: torch.nn.functional.conv1d(x, y[None]), lambda x, y: torch.add(x, x, out=y),
    lambda x, y: torch.linalg.solve(x[:, :3], y),
    lambda x, y: torch.nn.functional.scaled_dot_product_attention(x, x, y),
    lambda x, y: torch.nn.functional.layer_norm(x, (4,), y[0]), lambda x, y: x.mul_(y),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(BESIDE)))
@pytest.mark.parametrize("first", ["cpu", "meta"])
def test_tensors_of_two_devices(number: int, first: str) -> None:
    x = torch.ones(3, 4, device=first)
    y = torch.ones(3, 4, device="meta" if first == "cpu" else "cpu")
    with pytest.raises(RuntimeError, match="to be on the same device.*(meta and cpu|cpu and meta)"):
        BESIDE[number](x, y)


def test_what_may_be_on_the_cpu_beside_it() -> None:
    x = torch.empty(3, 4, device="meta")
    assert (x + torch.tensor(1.0)).is_meta and (torch.tensor(1.0) * x).is_meta
    assert x.copy_(torch.ones(3, 4)) is x
    assert x[torch.tensor([0, 2, 1, 0])].shape == (4, 4)
    assert x[[True, False, True]].shape == x[torch.tensor([True, False, True])].shape == (2, 4)
    assert x[:, torch.tensor([True, False, True, True]), None].shape == (3, 3, 1)
    assert x[True].shape == (1, 3, 4) and x[torch.tensor(False)].shape == (0, 3, 4)
    counts = torch.empty(3, dtype=torch.int64, device="meta")
    assert x.repeat_interleave(counts, 0, output_size=7).shape == (7, 4)


def test_it_is_made() -> None:
    assert torch.tensor([[1, 2]], device="meta").shape == (1, 2)
    assert torch.ones(3, 4).t().to("meta").stride() == (1, 4)
    assert torch.empty_like(torch.ones(2, 3).t(), device="meta").stride() == (1, 3)
    assert torch.zeros_like(torch.empty(2, device="meta"), device="cpu").tolist() == [0, 0]
    x = torch.empty(2, 3, 4, 5, device="meta", memory_format=torch.channels_last)
    assert x.is_contiguous(memory_format=torch.channels_last)
    assert (x + 1).stride() == x.stride()
    assert torch.from_numpy(np.ones((2, 3))).to("meta").dtype is torch.float64


def test_nothing_is_drawn() -> None:
    before = torch.get_rng_state()
    generator = torch.Generator()
    torch.randn(3, device="meta", generator=generator)
    torch.randperm(5, device="meta")
    x = torch.rand(30, device="meta").bernoulli_(0.5).exponential_()
    torch.nn.functional.dropout(x, 0.5)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.randn(1, generator=generator) == torch.randn(1, generator=torch.Generator())


def test_copies() -> None:
    x = torch.empty(3, 4, device="meta").t().requires_grad_()
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), copy.copy(x)):
        assert told(twin) == told(x) and twin.is_meta and twin.stride() == (1, 4)
    assert x.is_set_to(x.detach()) and not x.is_set_to(copy.deepcopy(x))


def test_hooks_and_graph() -> None:
    x = torch.empty(3, 4, device="meta", requires_grad=True)
    seen: list[Any] = []
    y = (x.exp() @ x.t()).sum()
    x.register_hook(seen.append)
    y.backward(create_graph=True)
    assert x.grad is not None and told(x.grad)[:2] == told(x)[:2] and x.grad.is_meta
    x.grad.sum().backward()
    assert [told(g)[0] for g in seen] == [x.shape] * 2
    with pytest.raises(RuntimeError, match="different device"):
        x.grad = torch.ones(3, 4)


def test_views_of_images() -> None:
    """They lie channels-last, and are seen in the order of their shape all the same."""
    x = torch.empty(2, 3, 8, 8, device="meta", requires_grad=True)
    y = torch.nn.functional.max_pool2d(x, 2)
    seen = y.view(2, -1)
    seen.mul_(2)
    (seen.sum() + y.sum()).backward()
    assert seen.stride() == (48, 1) and told(x.grad)[0] == x.shape


def test_memory_is_not_taken() -> None:
    """Of tensors that no machine could hold, and in as few steps as there are kernels."""
    tracemalloc.start()
    try:
        x = torch.empty(10**7, 10**6, device="meta", requires_grad=True)
        y = x.softmax(1).cumsum(0).sort(0)[0].logsumexp(1) + x[:, 0]
        torch.linalg.svdvals(x).sum().backward()
        y.topk(5)[0].sum().backward()
        z = torch.empty(8, 32, 10**6, 128, device="meta", requires_grad=True)
        torch.nn.functional.scaled_dot_product_attention(z, z, z, is_causal=True).sum().backward()
        index = torch.empty(10**9, dtype=torch.int64, device="meta")
        torch.zeros(10, device="meta").scatter_reduce(0, index, index.float(), "amax")
        torch.searchsorted(x, x.detach())
        torch.nn.functional.avg_pool2d(x[None, None], 10**6, 1).sum().backward()
        torch.nn.functional.conv1d(x[:2], x[None, :2, : 10**5]).sum().backward()
        torch.tril_indices(10**9, 10**9, device="meta")
        torch.arange(10**15, device="meta")
        assert tracemalloc.get_traced_memory()[1] < 2 * 2**20
    finally:
        tracemalloc.stop()


def test_arrays_without_elements_meet_no_others() -> None:
    x = MetaArray((3, 4), "float32")
    for function in (lambda: x + np.ones(4), lambda: np.ones(4) + x, lambda: np.asarray(x),
                     lambda: np.concatenate([x, np.ones((1, 4))])):  # fmt: skip
        with pytest.raises(TypeError, match="arrays with and without elements do not meet"):
            function()


def test_signature_of_rules() -> None:
    """Rules take what the kernels take."""
    for name, rule in vars(Meta).items():
        kernel = getattr(Base, name, None)
        if name not in kernels_of(Base) or any(
            p.kind is p.VAR_POSITIONAL for p in inspect.signature(rule).parameters.values()
        ):
            continue
        rules, kernels = (
            [p.default is p.empty for p in inspect.signature(f).parameters.values()]
            for f in (rule, inspect.unwrap(kernel))
        )
        assert rules == kernels, name
