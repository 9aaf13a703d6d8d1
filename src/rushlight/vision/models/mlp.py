"""A multilayer perceptron."""

from __future__ import annotations

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor


class MLP(nn.Module):
    """784-512-512-num_classes with ReLU between, 669,706 parameters for 10 classes.

    Shapes: (N, 1, 28, 28), or anything else with 784 values per image, to (N, num_classes).

    >>> import rushlight as torch
    >>> from rushlight.vision.models import MLP
    >>> MLP()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, 512)
        self.fc2 = nn.Linear(512, 512)
        self.fc3 = nn.Linear(512, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)
