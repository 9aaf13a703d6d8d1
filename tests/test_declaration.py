"""Whether kernels do what they declare, for every kernel that the sample table reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import rushlight as torch
import samples
from rushlight.kernels import launch
from rushlight.kernels.base import Base
from rushlight.kernels.declaration import KINDS, kernel, kernels_of
from samples import Op, build, outputs

# Of these a result may be an argument, or share its memory.
MAY_SHARE = {"view", "transfer", "read"}
FIXED_SHAPE = ("elementwise", "reduction")


def arrays_in(value: Any) -> Iterator[Any]:
    if type(value) in launch.plain_tables:
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from arrays_in(part)


class Observer:
    """Stands in a table's place and looks at what each kernel does to its arguments."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self.declarations = kernels_of(type(table))

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.table, name)
        if self.table.is_host and callable(attribute) and not isinstance(attribute, type):
            return self._observed(name, attribute)
        return attribute

    def _observed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            declared = self.declarations.get(name)
            if declared is None:
                result = function(*args)
                assert not list(arrays_in(result)), f"{name} makes arrays and is no kernel"
                return result
            written = [args[p] for p in declared.positions if p < len(args)]
            kept = list(arrays_in([a for a in args if not any(a is w for w in written)]))
            memory = list(arrays_in(written))
            kept = [a for a in kept if not any(np.may_share_memory(a, w) for w in memory)]
            before = [a.copy() for a in kept]
            result = function(*args)
            for array, copy in zip(kept, before, strict=True):
                np.testing.assert_array_equal(array, copy, f"{name} writes what it does not say")
            if declared.kind not in MAY_SHARE:
                for made in arrays_in(result):
                    for array in kept:
                        assert not np.may_share_memory(made, array), f"{name} makes a view"
            return result

        return call


def run(op: Op, sample: samples.Sample) -> None:
    """Forward, and backward where there is one."""

    def tensor(array: Any, differentiable: bool) -> Any:
        made = torch.from_numpy(array)
        return made.requires_grad_() if differentiable else made

    built = build(torch, sample, tensor)
    results = [
        t for t in outputs(op.function(torch)(*built.args, **built.kwargs))
        if isinstance(t, torch.Tensor) and t.requires_grad
    ]  # fmt: skip
    if results and op.differentiable:
        torch.autograd.backward(results, [torch.ones_like(t) for t in results])


@pytest.mark.parametrize("op", list(samples.table), ids=str)
def test_kernels_write_what_they_say(op: Op) -> None:
    with launch.intercepted(Observer):
        for sample in op.samples():
            run(op, sample.map(lambda v: v))


def test_every_kernel_is_of_a_kind_that_is_explained() -> None:
    assert {declared.kind for declared in kernels_of(Base).values()} <= KINDS.keys()
    with pytest.raises(ValueError, match="there is no kind 'viewing'"):
        kernel("viewing")


def test_products_say_how_to_count_their_multiply_adds() -> None:
    """But for Fourier transforms, whose library chooses its way by the sizes."""
    silent = {
        name for name, declaration in kernels_of(Base).items()
        if declaration.kind == "product" and declaration.multiply_adds is None
    }  # fmt: skip
    assert silent == {"fft_c2c", "fft_r2c", "fft_c2r"}


def test_kernels_whose_results_have_a_known_shape_take_one() -> None:
    """So that `out=` costs no copy. Gradients are nobody's `out`."""
    without = [
        name for name, declared in kernels_of(Base).items()
        if declared.kind in FIXED_SHAPE and "out" not in declared.writes
        and not name.endswith("_backward")
    ]  # fmt: skip
    assert without == []


def test_overrides_take_the_declaration_of_their_name() -> None:
    class Device(Base):
        def add(self, a: Any, b: Any, out: Any = None) -> Any: ...

        def helper(self) -> None: ...

    assert kernels_of(Device)["add"].writes == ("out",)
    assert kernels_of(Device) == kernels_of(Base)


def test_sizes_by_their_name() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    assert x.flip(dims=(0, 1)).tolist() == [[5.0, 4.0, 3.0], [2.0, 1.0, 0.0]]
    assert torch.flip(x, dims=[0]).tolist() == [[3.0, 4.0, 5.0], [0.0, 1.0, 2.0]]
    assert torch.permute(x, dims=(1, 0)).shape == x.permute(dims=(1, 0)).shape == (3, 2)
    assert x[:1].expand(size=(2, 3)).shape == (2, 3)
    assert x.repeat(repeats=(2, 1)).shape == (4, 3)
    assert torch.reshape(x, shape=(3, 2)).shape == x.view(size=(3, 2)).shape == (3, 2)
    with pytest.raises(TypeError, match="unexpected keyword argument 'sizes'"):
        x.expand(sizes=(2, 3))
