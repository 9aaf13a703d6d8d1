"""Two parameters and five gradients for each, on which PyTorch's optimizers were run, too."""

import numpy as np

import rushlight as torch
from rushlight import nn


def parameters(dtype=torch.float32):
    return [
        nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=dtype)),
        nn.Parameter(torch.tensor([[0.25], [-0.75]], dtype=dtype)),
    ]


def set_gradients(params, t):
    w, b = params
    w.grad = torch.tensor([0.1 * (t + 1), -0.2, 0.3 - 0.1 * t], dtype=w.dtype)
    b.grad = torch.tensor([[0.5], [-0.125 * t]], dtype=b.dtype)


def five_steps(optimizer, params):
    for t in range(5):
        set_gradients(params, t)
        optimizer.step()
    return values(params)


def values(params):
    return np.concatenate([p.detach().numpy().ravel() for p in params])


def one_parameter(value=1.0):
    parameter = nn.Parameter(torch.tensor([value]))
    parameter.grad = torch.tensor([1.0])
    return parameter
