"""What layers say of bad input: PyTorch's type, what met, the likely fix, and where it happened."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn

ones, zeros = torch.ones, torch.zeros


class Net(nn.Module):
    """A network, so that messages have a path to tell."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Identity(), layer)

    def forward(self, *args: Any) -> Any:
        return self.body[1](*args)


REFUSED: list[tuple[Callable[[], nn.Module], Callable[[], tuple[Any, ...]], Any, str]] = [
    # channels and dimensions
    (lambda: nn.Conv2d(3, 4, 3), lambda: (ones(1, 2, 8, 8),), RuntimeError,
     "the input has 2 channels but weight .* takes 3"),
    (lambda: nn.Conv2d(3, 4, 3), lambda: (ones(8, 8),), RuntimeError,
     r"Expected 3D \(unbatched\) or 4D .*\[8, 8\]; its only channel is input.unsqueeze\(0\)"),
    (lambda: nn.MaxPool2d(2), lambda: (ones(8, 8),), RuntimeError,
     r"3D or 4D \(batch mode\) .* \[8, 8\]; its only channel is input.unsqueeze\(0\)"),
    (lambda: nn.BatchNorm2d(3), lambda: (ones(1, 4, 8, 8),), RuntimeError,
     "running_mean should contain 4 elements not 3"),
    (lambda: nn.InstanceNorm2d(3, affine=True), lambda: (ones(1, 4, 8, 8),), ValueError,
     "size at dim=1 to match num_features .3., but got: 4"),
    (lambda: nn.Linear(3, 4), lambda: (ones(2, 5),), RuntimeError,
     "the input has 5 features but weight .* takes 3; did you forget to flatten"),
    (lambda: nn.MultiheadAttention(4, 2), lambda: (ones(2, 5),) * 3, AssertionError,
     "was expecting embedding dimension of 4, but got 5"),
    # channels last
    *[(lambda layer=layer: layer(4, 2, 3), lambda shape=shape: (ones(shape),), RuntimeError,
       rf"has {shape[len(shape) - width]} channels .*{re.escape(str(shape))}.*; {said}\?")
      for width, layers, shapes in (
          (2, (nn.Conv1d, nn.ConvTranspose1d), {
              (2, 8, 4): r"sequences are \(N, C, L\): did you mean .transpose\(1, 2\)",
              (8, 4): r"sequences are \(C, L\): did you mean .transpose\(0, 1\)"}),
          (3, (nn.Conv2d, nn.ConvTranspose2d), {
              (2, 8, 8, 4): r"images are \(N, C, H, W\): did you mean .permute\(0, 3, 1, 2\)",
              (8, 8, 4): r"images are \(C, H, W\): did you mean .permute\(2, 0, 1\)"}),
          (4, (nn.Conv3d, nn.ConvTranspose3d), {
              (2, 8, 8, 8, 4): r"volumes are \(N, C, D, H, W\): .*.permute\(0, 4, 1, 2, 3\)",
              (8, 8, 8, 4): r"volumes are \(C, D, H, W\): .*.permute\(3, 0, 1, 2\)"}),
      ) for layer in layers for shape, said in shapes.items()],
    # one sample where a batch is needed
    *[(lambda kind=kind: kind(3), lambda n=n: (ones((3,) + (4,) * (n - 2)),), ValueError,
       rf"expected .*{n}D.* input \(got {n - 1}D input\): its shape is .*; a batch of one sample "
       r"is input.unsqueeze\(0\)")
      for kind, n in ((nn.BatchNorm2d, 4), (nn.BatchNorm3d, 5))],
    (lambda: nn.BatchNorm1d(3), lambda: (ones(3),), ValueError,
     r"expected 2D or 3D input .*; a batch of one sample is input.unsqueeze\(0\)"),
    (lambda: nn.SyncBatchNorm(3), lambda: (ones(3),), ValueError, r"input.unsqueeze\(0\)"),
    (lambda: nn.GroupNorm(2, 4), lambda: (ones(4),), RuntimeError, r"input.unsqueeze\(0\)"),
    (lambda: nn.LocalResponseNorm(2), lambda: (ones(4, 4),), ValueError,
     r"input.unsqueeze\(0\)"),
    (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), lambda: (ones(3, 8, 8),),
     NotImplementedError, r"Got 3D input, but bilinear mode needs 4D .*input.unsqueeze\(0\)"),
    # geometry
    (lambda: nn.Conv2d(3, 4, 3, stride=0), lambda: (ones(1, 3, 8, 8),), RuntimeError,
     r"non-positive stride is not supported: \(0, 0\)"),
    (lambda: nn.Conv2d(3, 4, 3, dilation=-2), lambda: (ones(1, 3, 8, 8),), RuntimeError,
     r"non-positive dilation is not supported: \(-2, -2\)"),
    (lambda: nn.Conv2d(3, 4, 9), lambda: (ones(1, 3, 8, 8),), RuntimeError,
     r"padded input size per channel: \(8, 8\). Kernel size: \(9, 9\)"),
    (lambda: nn.ConvTranspose2d(3, 4, 3, stride=-1), lambda: (ones(1, 3, 8, 8),), RuntimeError,
     "non-positive stride"),
    (lambda: nn.MaxPool2d(3, dilation=0), lambda: (ones(1, 3, 8, 8),), RuntimeError,
     "non-positive dilation"),
    (lambda: nn.AvgPool2d(9), lambda: (ones(1, 3, 8, 8),), RuntimeError,
     "Output size is too small"),
    (lambda: nn.Unfold(3, stride=0), lambda: (ones(1, 3, 8, 8),), RuntimeError,
     "non-positive stride"),
    # classes and indices
    (lambda: nn.CrossEntropyLoss(), lambda: (ones(2, 3), torch.tensor([0, 3])), IndexError,
     "Target 3 is out of bounds: the input has 3 classes, so targets go from 0 to 2"),
    (lambda: nn.Embedding(5, 3), lambda: (torch.tensor([1, 5]),), IndexError,
     r"index 5 is out of bounds for dimension 0 with size 5 of weight \(5, 3\)"),
    (lambda: nn.Embedding(5, 3), lambda: (torch.tensor([-1]),), IndexError, "index -1 is out of"),
    (lambda: nn.EmbeddingBag(5, 3), lambda: (torch.tensor([[1, 5]]),), RuntimeError,
     r"index 5 is out of bounds for dimension 0 with size 5"),
    (lambda: nn.CrossEntropyLoss(), lambda: (ones(2, 3), zeros(2)), RuntimeError,
     "expected target dtype to be Long or Byte, but got torch.float32: .* convert"),
    (lambda: nn.CrossEntropyLoss(ignore_index=1), lambda: (ones(2, 3), ones(2, 3)), RuntimeError,
     "ignore_index is not supported for floating point target"),
    (lambda: nn.NLLLoss(torch.ones(3).double()), lambda: (ones(2, 3), zeros(2).long()),
     RuntimeError, "expected scalar type torch.float32 but found torch.float64"),
    # targets of another shape
    (lambda: nn.CrossEntropyLoss(), lambda: (ones(2, 3), zeros(3).long()), ValueError,
     r"Expected input batch_size \(2\) to match target batch_size \(3\)"),
    (lambda: nn.BCELoss(), lambda: (ones(2, 1), ones(2)), ValueError,
     "target size .* is different to the input size"),
    (lambda: nn.SoftMarginLoss(), lambda: (ones(2, 1), ones(2)), RuntimeError,
     "doesn't match the broadcast shape"),
    # statistics of nothing
    (lambda: nn.BatchNorm1d(3), lambda: (ones(1, 3),), ValueError,
     "Expected more than 1 value per channel when training"),
    (lambda: nn.InstanceNorm2d(3), lambda: (ones(1, 3, 1, 1),), ValueError,
     "Expected more than 1 spatial element"),
    (lambda: nn.BatchNorm1d(3, eps=0.0), lambda: (ones(2, 3),), ValueError,
     "eps must be positive during training, but got 0.0"),
]  # fmt: skip


@pytest.mark.parametrize("make, inputs, kind, words", REFUSED)
def test_refused(make: Any, inputs: Any, kind: type, words: str) -> None:
    layer = make()
    with pytest.raises(kind, match=words) as raised:
        Net(layer)(*inputs())
    assert str(raised.value).endswith("(in Net.body.1)") and "\n" not in str(raised.value)


UNMADE: list[tuple[Callable[[], Any], Any, str]] = [
    *[(lambda kind=kind, p=p: kind(p), ValueError,
       f"dropout probability has to be between 0 and 1, but got {p}")
      for kind in (nn.Dropout, nn.Dropout2d, nn.AlphaDropout) for p in (1.5, -0.1)],
    (lambda: nn.TransformerEncoderLayer(4, 2, dropout=1.5), ValueError, "between 0 and 1"),
    (lambda: nn.Conv2d(3, 4, 3, groups=0), ValueError, "groups must be a positive integer"),
    (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, "in_channels must be divisible by groups"),
    (lambda: nn.GroupNorm(3, 4), ValueError, "must be divisible by num_groups"),
    (lambda: nn.HuberLoss(delta="1"), TypeError, "delta must be a float or int"),
    (lambda: nn.TransformerDecoderLayer(4, 2, activation="tanh"), RuntimeError,
     "activation should be relu/gelu, not tanh"),
]  # fmt: skip


@pytest.mark.parametrize("make, kind, words", UNMADE)
def test_unmade(make: Any, kind: type, words: str) -> None:
    with pytest.raises(kind, match=words):
        make()


@pytest.mark.parametrize("kind", [nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss])
def test_targets_of_another_shape(kind: Any) -> None:
    words = r"target size \(torch.Size\(\[2\]\)\) that is different to the input size"
    with pytest.warns(UserWarning, match=words):
        assert kind()(ones(2, 1), zeros(2)).shape == ()


def test_instances_of_another_number_of_channels() -> None:
    with pytest.warns(UserWarning, match="size at dim=1 does not match num_features"):
        nn.InstanceNorm2d(3)(torch.randn(1, 4, 8, 8))


EMPTY: list[tuple[Callable[[], nn.Module], tuple[int, ...], tuple[int, ...]]] = [
    (lambda: nn.Linear(3, 4), (0, 3), (0, 4)),
    (lambda: nn.Conv2d(3, 4, 3), (0, 3, 8, 8), (0, 4, 6, 6)),
    (lambda: nn.BatchNorm2d(3), (0, 3, 8, 8), (0, 3, 8, 8)),
    (lambda: nn.MaxPool2d(2), (0, 3, 8, 8), (0, 3, 4, 4)),
    (lambda: nn.AvgPool2d(2), (0, 3, 8, 8), (0, 3, 4, 4)),
    (lambda: nn.LayerNorm(3), (0, 3), (0, 3)),
    (lambda: nn.GroupNorm(2, 4), (0, 4, 2), (0, 4, 2)),
    (lambda: nn.TransformerEncoderLayer(4, 2, 8), (3, 0, 4), (3, 0, 4)),
]


@pytest.mark.parametrize("make, given, expected", EMPTY)
def test_empty_batches(make: Any, given: Any, expected: Any) -> None:
    layer = make()
    x = torch.zeros(given, requires_grad=True)
    y = layer(x)
    y.sum().backward()
    assert y.shape == expected and x.grad is not None and x.grad.shape == given
    assert all(not p.grad.any() for p in layer.parameters() if p.grad is not None)


def test_a_mean_of_nothing_is_no_number() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nn.MSELoss()(ones(0, 3), ones(0, 3)).isnan()
        assert nn.CrossEntropyLoss()(ones(0, 3), zeros(0).long()).isnan()


def test_bytes_are_class_numbers() -> None:
    x, target = torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    loss = nn.CrossEntropyLoss()
    assert torch.equal(loss(x, target.to(torch.uint8)), loss(x, target))
