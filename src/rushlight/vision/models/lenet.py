"""LeNet-5, the network that read cheques: LeCun et al., 1998, doi:10.1109/5.726791."""

from __future__ import annotations

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor


class LeNet(nn.Module):
    """Two convolutions and three linear layers, 61,706 parameters for 10 classes.

    As LeNet-5 is built today: ReLU, max pooling and a plain last layer, where the paper has tanh,
    trained averages and radial basis functions. Shapes: (N, 1, 28, 28) to (N, num_classes).

    >>> import rushlight as torch
    >>> from rushlight.vision.models import LeNet
    >>> LeNet()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)
