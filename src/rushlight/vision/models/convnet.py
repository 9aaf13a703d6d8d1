"""A plain convolutional network with batch normalisation and dropout."""

from __future__ import annotations

from ... import nn
from ...tensor import Tensor


class ConvNet(nn.Module):
    """Two blocks of convolution, batch normalisation and pooling, then two linear layers.

    421,738 parameters for 10 classes. Shapes: (N, 1, 28, 28) to (N, num_classes).

    >>> import rushlight as torch
    >>> from rushlight.vision.models import ConvNet
    >>> ConvNet()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(*_block(1, 32), *_block(32, 64))
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(0.25),
            nn.Linear(64 * 7 * 7, 128),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(128, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x))


def _block(in_channels: int, out_channels: int) -> list[nn.Module]:
    """Half the height and width. The convolution needs no bias: the normalisation has one."""
    return [
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]
