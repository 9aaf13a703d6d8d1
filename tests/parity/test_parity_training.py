"""The same program with the same seed trains alike, to rounding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import rushlight

STEPS = 20


def lenet(t: Any) -> Any:
    class LeNet(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = t.nn.Conv2d(1, 6, 5, padding=2)
            self.conv2 = t.nn.Conv2d(6, 16, 5)
            self.fc1 = t.nn.Linear(400, 120)
            self.fc2 = t.nn.Linear(120, 84)
            self.fc3 = t.nn.Linear(84, 10)

        def forward(self, x: Any) -> Any:
            x = t.nn.functional.max_pool2d(t.relu(self.conv1(x)), 2)
            x = t.nn.functional.max_pool2d(t.relu(self.conv2(x)), 2)
            x = t.relu(self.fc1(x.flatten(1)))
            return self.fc3(t.relu(self.fc2(x)))

    return LeNet()


def normalized(t: Any) -> Any:
    """A plain convnet with what depends on the mode: batch norm and dropout.

    No bias before a batch norm: its gradient is nothing but rounding, which Adam makes steps of.
    """
    return t.nn.Sequential(
        t.nn.Conv2d(1, 8, 3, stride=2, bias=False), t.nn.BatchNorm2d(8), t.nn.ReLU(),
        t.nn.Conv2d(8, 16, 3, padding=1, bias=False), t.nn.BatchNorm2d(16), t.nn.Tanh(),
        t.nn.AvgPool2d(2), t.nn.Flatten(), t.nn.Dropout(0.3), t.nn.Linear(576, 10),
    )  # fmt: skip


def perceptron(t: Any) -> Any:
    return t.nn.Sequential(
        t.nn.Flatten(), t.nn.Linear(784, 64), t.nn.Sigmoid(), t.nn.Dropout(0.5),
        t.nn.Linear(64, 32), t.nn.ReLU(), t.nn.Linear(32, 10),
    )  # fmt: skip


OPTIMIZERS: dict[str, Callable[[Any, Any], Any]] = {
    "SGD": lambda t, p: t.optim.SGD(p, lr=0.05),
    "momentum": lambda t, p: t.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=5e-4),
    "Nesterov": lambda t, p: t.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True),
    "Adam": lambda t, p: t.optim.Adam(p, lr=1e-3),
    "AdamW": lambda t, p: t.optim.AdamW(p, lr=1e-3),
}


def train(t: Any, make_model: Any, make_optimizer: Any, steps: int = STEPS) -> tuple[Any, Any]:
    """The losses, and the model after the last step. The data depend on the seed, too."""
    t.manual_seed(0)
    model = make_model(t)
    optimizer = make_optimizer(t, model.parameters())
    images, labels = t.randn(64, 1, 28, 28), t.randint(10, (64,))
    loader = t.utils.data.DataLoader(
        t.utils.data.TensorDataset(images, labels), batch_size=16, shuffle=True
    )
    loss_function, losses = t.nn.CrossEntropyLoss(), []
    model.train()
    while len(losses) < steps:
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_function(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return np.array(losses), model


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("make_model", [lenet, normalized, perceptron], ids=lambda f: f.__name__)
def test_losses_agree(make_model: Any, optimizer: str) -> None:
    (ours, our_model), (theirs, their_model) = (
        train(t, make_model, OPTIMIZERS[optimizer]) for t in (rushlight, torch)
    )
    assert ours[0] == pytest.approx(theirs[0], rel=1e-6)
    np.testing.assert_allclose(ours, theirs, rtol=2e-3)
    assert theirs[-4:].mean() < theirs[:4].mean()  # it did train
    for (name, a), (same, b) in zip(
        our_model.state_dict().items(), their_model.state_dict().items(), strict=True
    ):
        assert name == same
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-2, atol=2e-3, err_msg=name)


def test_double_precision_agrees_closely() -> None:
    """In float64 rounding does not grow to anything in 20 steps: the programs are the same."""
    results = []
    for t in (rushlight, torch):
        t.set_default_dtype(t.float64)
        try:
            results.append(train(t, lenet, OPTIMIZERS["momentum"])[0])
        finally:
            t.set_default_dtype(t.float32)
    np.testing.assert_allclose(results[0], results[1], rtol=1e-9)


def test_evaluation_agrees() -> None:
    outputs = []
    for t in (rushlight, torch):
        model = train(t, normalized, OPTIMIZERS["SGD"])[1].eval()
        with t.no_grad():
            outputs.append(model(t.ones(4, 1, 28, 28)).numpy())
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-2, atol=1e-3)
