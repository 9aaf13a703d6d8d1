"""Variates of distributions that are drawn by rejection, in PyTorch's streams on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.operation import Operation
from ..categories import FLOATS, refused
from ..dtype import HALVES
from ..errors import OperationError
from ..random import Generator
from ..tensor import Tensor, wrap
from .common import check_same_device, table_of
from .declare import operation
from .random import _state, drawing


def _drawn(kernel: str, source: Any, *parameters: Tensor) -> Tensor:
    """Variates, one for each element of the parameters."""
    arrays = [tensor.array for tensor in parameters]
    return wrap(getattr(drawing(table_of(parameters[0], *arrays[1:])), kernel)(source, *arrays))


class StandardGamma(Operation):
    """A variate that was drawn before, as a function of its concentration."""

    saves = (0, 1)
    node_name = "StandardGammaBackward0"
    kernel = "keep_sample"

    def backward(self, grad: Tensor) -> Any:
        return grad * GammaGradient.apply(*self.saved_tensors), None


class SampleDirichlet(Operation):
    """The same of a row of shares."""

    saves = (0, 1)
    node_name = "SampleDirichletBackward0"
    kernel = "keep_sample"

    def backward(self, grad: Tensor) -> Any:
        concentration, shares = self.saved_tensors
        total = concentration.sum(-1, True).expand(concentration.shape)
        slope = DirichletGradient.apply(shares, concentration, total)
        return slope * (grad - (shares * grad).sum(-1, True)), None


class GammaGradient(Operation):
    node_name = "StandardGammaGradBackward0"


class DirichletGradient(Operation):
    node_name = "DirichletGradBackward0"


@operation(method=False)
def _standard_gamma(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Gamma variates of rate 1, a concentration in each element.

    The gradient is that of a variate whose place in its distribution stays (implicit
    reparameterisation: Figurnov et al. 2018).
    """
    source = _state(generator, input.device)
    return StandardGamma.apply(input, _drawn("random_gamma", source, input))


@operation(method=False)
def _sample_dirichlet(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Shares of Dirichlet distributions, a concentration in each element of a row."""
    source = _state(generator, input.device)
    return SampleDirichlet.apply(input, _drawn("random_dirichlet", source, input))


@operation(method=False)
def _dirichlet_grad(x: Tensor, alpha: Tensor, total: Tensor) -> Tensor:
    """How shares x move with their concentrations `alpha`, of which `total` is the sum."""
    return DirichletGradient.apply(x, alpha, total)


@operation(method=False)
def _standard_gamma_grad(input: Tensor, output: Tensor) -> Tensor:
    """How gamma variates `output` move with their concentrations."""
    return GammaGradient.apply(input, output)


@operation(method=False)
def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Numbers of events, a rate in each element.

    >>> import rushlight as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.poisson(torch.tensor([1.0, 4.0, 50.0]))
    tensor([ 2.,  5., 45.])
    """
    source = _state(generator, input.device)
    return _drawn("random_poisson", source, input)


@operation(method=False)
def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """Numbers of successes in `count` trials that succeed with probability `prob` each.

    >>> import rushlight as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.binomial(torch.tensor([10.0, 100.0]), torch.tensor([0.5, 0.3]))
    tensor([ 7., 31.])
    """
    for name, x in (("count", count), ("prob", prob)):
        if not x.is_floating_point():
            raise ValueError(
                f"binomial only supports floating-point dtypes for {name}, got: {x.dtype}; convert "
                "it with .float()"
            )
    if count.array.dtype in HALVES:
        raise refused("binomial", count.dtype, FLOATS)
    if count.array.dtype != prob.array.dtype:
        raise OperationError(
            f"binomial: found dtype {prob.dtype} for 'prob' but {count.dtype} for 'count'; convert "
            "one with .to(dtype)"
        )
    source = _state(generator, count.device)
    check_same_device("binomial", count, prob)
    shape = np.broadcast_shapes(count.array.shape, prob.array.shape)
    count, prob = count.expand(shape), prob.expand(shape)
    return _drawn("random_binomial", source, count, prob)
