"""AlexNet, with one column: Krizhevsky, arXiv:1404.5997."""

from __future__ import annotations

from ... import nn
from ...tensor import Tensor
from .registry import network
from .weights import find_weights as __getattr__  # noqa: F401 - AlexNet_Weights


class AlexNet(nn.Module):
    """Five convolutions and three linear layers: shapes (N, 3, H, W) to (N, num_classes).

    >>> import rushlight as torch
    >>> from rushlight.vision.models import alexnet
    >>> alexnet(num_classes=2).eval()(torch.zeros(1, 3, 63, 63)).shape
    torch.Size([1, 2])
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


alexnet = network("alexnet", AlexNet, paper="arXiv:1404.5997")
