"""Tensors print as PyTorch prints them. Every expected text was printed by PyTorch 2.13."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch

nan, inf = float("nan"), float("inf")
CASES = [
    (
        lambda: torch.tensor(1.5),
        "tensor(1.5000)",
    ),
    (
        lambda: torch.tensor(3),
        "tensor(3)",
    ),
    (
        lambda: torch.tensor(True),
        "tensor(True)",
    ),
    (
        lambda: torch.tensor(nan),
        "tensor(nan)",
    ),
    (
        lambda: torch.tensor(-inf),
        "tensor(-inf)",
    ),
    (
        lambda: torch.tensor(1e-5),
        "tensor(1.0000e-05)",
    ),
    (
        lambda: torch.tensor([]),
        "tensor([])",
    ),
    (
        lambda: torch.tensor([], dtype=torch.int64),
        "tensor([], dtype=torch.int64)",
    ),
    (
        lambda: torch.zeros(0, 3),
        "tensor([], size=(0, 3))",
    ),
    (
        lambda: torch.zeros(2, 0, dtype=torch.int32),
        "tensor([], size=(2, 0), dtype=torch.int32)",
    ),
    (
        lambda: torch.tensor([1.0, 2.0]),
        "tensor([1., 2.])",
    ),
    (
        lambda: torch.tensor([1.0, 2.5]),
        "tensor([1.0000, 2.5000])",
    ),
    (
        lambda: torch.tensor([-1.0, 2.0, nan]),
        "tensor([-1.,  2., nan])",
    ),
    (
        lambda: torch.tensor([nan, inf]),
        "tensor([nan, inf])",
    ),
    (
        lambda: torch.tensor([0.1, nan, -inf]),
        "tensor([0.1000,    nan,   -inf])",
    ),
    (
        lambda: torch.tensor([1e-5, 1.0]),
        "tensor([1.0000e-05, 1.0000e+00])",
    ),
    (
        lambda: torch.tensor([0.0001, 0.1]),
        "tensor([1.0000e-04, 1.0000e-01])",
    ),
    (
        lambda: torch.tensor([0.001, 1.0, 1000.1]),
        "tensor([1.0000e-03, 1.0000e+00, 1.0001e+03])",
    ),
    (
        lambda: torch.tensor([1.0, 1001.0]),
        "tensor([1.0000e+00, 1.0010e+03])",
    ),
    (
        lambda: torch.tensor([1.0, 1000.0]),
        "tensor([   1., 1000.])",
    ),
    (
        lambda: torch.tensor([0.5, 500.0]),
        "tensor([  0.5000, 500.0000])",
    ),
    (
        lambda: torch.tensor([1e9, 1.0]),
        "tensor([1.0000e+09, 1.0000e+00])",
    ),
    (
        lambda: torch.tensor([0.0, -0.0]),
        "tensor([0., -0.])",
    ),
    (
        lambda: torch.tensor([1, -20, 300]),
        "tensor([  1, -20, 300])",
    ),
    (
        lambda: torch.tensor([True, False]),
        "tensor([ True, False])",
    ),
    (
        lambda: torch.tensor([1, 2], dtype=torch.int32),
        "tensor([1, 2], dtype=torch.int32)",
    ),
    (
        lambda: torch.tensor([1, 2], dtype=torch.uint8),
        "tensor([1, 2], dtype=torch.uint8)",
    ),
    (
        lambda: torch.tensor([0.1, 2], dtype=torch.float64),
        "tensor([0.1000, 2.0000], dtype=torch.float64)",
    ),
    (
        lambda: torch.tensor([0.1, 2], dtype=torch.float16),
        "tensor([0.1000, 2.0000], dtype=torch.float16)",
    ),
    (
        lambda: torch.tensor([1 + 2j, -0.5j]),
        "tensor([1.+2.0000j, -0.-0.5000j])",
    ),
    (
        lambda: torch.tensor([1 + 2j], dtype=torch.complex128),
        "tensor([1.+2.j], dtype=torch.complex128)",
    ),
    (
        lambda: torch.arange(6.0).reshape(2, 3),
        "tensor([[0., 1., 2.],\n"
        "        [3., 4., 5.]])",
    ),
    (
        lambda: torch.arange(24).reshape(2, 3, 4),
        "tensor([[[ 0,  1,  2,  3],\n"
        "         [ 4,  5,  6,  7],\n"
        "         [ 8,  9, 10, 11]],\n"
        "\n"
        "        [[12, 13, 14, 15],\n"
        "         [16, 17, 18, 19],\n"
        "         [20, 21, 22, 23]]])",
    ),
    (
        lambda: torch.arange(16).reshape(2, 2, 2, 2),
        "tensor([[[[ 0,  1],\n"
        "          [ 2,  3]],\n"
        "\n"
        "         [[ 4,  5],\n"
        "          [ 6,  7]]],\n"
        "\n"
        "\n"
        "        [[[ 8,  9],\n"
        "          [10, 11]],\n"
        "\n"
        "         [[12, 13],\n"
        "          [14, 15]]]])",
    ),
    (
        lambda: torch.arange(30),
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
        "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])",
    ),
    (
        lambda: torch.arange(25.0) / 7,
        "tensor([0.0000, 0.1429, 0.2857, 0.4286, 0.5714, 0.7143, 0.8571, 1.0000, 1.1429,\n"
        "        1.2857, 1.4286, 1.5714, 1.7143, 1.8571, 2.0000, 2.1429, 2.2857, 2.4286,\n"
        "        2.5714, 2.7143, 2.8571, 3.0000, 3.1429, 3.2857, 3.4286])",
    ),
    (
        lambda: torch.arange(1001),
        "tensor([   0,    1,    2,  ...,  998,  999, 1000])",
    ),
    (
        lambda: torch.arange(1000)[::50],
        "tensor([  0,  50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 550, 600, 650,\n"
        "        700, 750, 800, 850, 900, 950])",
    ),
    (
        lambda: torch.zeros(1200),
        "tensor([0., 0., 0.,  ..., 0., 0., 0.])",
    ),
    (
        lambda: torch.arange(10000.0).reshape(100, 100),
        "tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 9.7000e+01, 9.8000e+01,\n"
        "         9.9000e+01],\n"
        "        [1.0000e+02, 1.0100e+02, 1.0200e+02,  ..., 1.9700e+02, 1.9800e+02,\n"
        "         1.9900e+02],\n"
        "        [2.0000e+02, 2.0100e+02, 2.0200e+02,  ..., 2.9700e+02, 2.9800e+02,\n"
        "         2.9900e+02],\n"
        "        ...,\n"
        "        [9.7000e+03, 9.7010e+03, 9.7020e+03,  ..., 9.7970e+03, 9.7980e+03,\n"
        "         9.7990e+03],\n"
        "        [9.8000e+03, 9.8010e+03, 9.8020e+03,  ..., 9.8970e+03, 9.8980e+03,\n"
        "         9.8990e+03],\n"
        "        [9.9000e+03, 9.9010e+03, 9.9020e+03,  ..., 9.9970e+03, 9.9980e+03,\n"
        "         9.9990e+03]])",
    ),
    (
        lambda: torch.arange(8000).reshape(20, 20, 20),
        "tensor([[[   0,    1,    2,  ...,   17,   18,   19],\n"
        "         [  20,   21,   22,  ...,   37,   38,   39],\n"
        "         [  40,   41,   42,  ...,   57,   58,   59],\n"
        "         ...,\n"
        "         [ 340,  341,  342,  ...,  357,  358,  359],\n"
        "         [ 360,  361,  362,  ...,  377,  378,  379],\n"
        "         [ 380,  381,  382,  ...,  397,  398,  399]],\n"
        "\n"
        "        [[ 400,  401,  402,  ...,  417,  418,  419],\n"
        "         [ 420,  421,  422,  ...,  437,  438,  439],\n"
        "         [ 440,  441,  442,  ...,  457,  458,  459],\n"
        "         ...,\n"
        "         [ 740,  741,  742,  ...,  757,  758,  759],\n"
        "         [ 760,  761,  762,  ...,  777,  778,  779],\n"
        "         [ 780,  781,  782,  ...,  797,  798,  799]],\n"
        "\n"
        "        [[ 800,  801,  802,  ...,  817,  818,  819],\n"
        "         [ 820,  821,  822,  ...,  837,  838,  839],\n"
        "         [ 840,  841,  842,  ...,  857,  858,  859],\n"
        "         ...,\n"
        "         [1140, 1141, 1142,  ..., 1157, 1158, 1159],\n"
        "         [1160, 1161, 1162,  ..., 1177, 1178, 1179],\n"
        "         [1180, 1181, 1182,  ..., 1197, 1198, 1199]],\n"
        "\n"
        "        ...,\n"
        "\n"
        "        [[6800, 6801, 6802,  ..., 6817, 6818, 6819],\n"
        "         [6820, 6821, 6822,  ..., 6837, 6838, 6839],\n"
        "         [6840, 6841, 6842,  ..., 6857, 6858, 6859],\n"
        "         ...,\n"
        "         [7140, 7141, 7142,  ..., 7157, 7158, 7159],\n"
        "         [7160, 7161, 7162,  ..., 7177, 7178, 7179],\n"
        "         [7180, 7181, 7182,  ..., 7197, 7198, 7199]],\n"
        "\n"
        "        [[7200, 7201, 7202,  ..., 7217, 7218, 7219],\n"
        "         [7220, 7221, 7222,  ..., 7237, 7238, 7239],\n"
        "         [7240, 7241, 7242,  ..., 7257, 7258, 7259],\n"
        "         ...,\n"
        "         [7540, 7541, 7542,  ..., 7557, 7558, 7559],\n"
        "         [7560, 7561, 7562,  ..., 7577, 7578, 7579],\n"
        "         [7580, 7581, 7582,  ..., 7597, 7598, 7599]],\n"
        "\n"
        "        [[7600, 7601, 7602,  ..., 7617, 7618, 7619],\n"
        "         [7620, 7621, 7622,  ..., 7637, 7638, 7639],\n"
        "         [7640, 7641, 7642,  ..., 7657, 7658, 7659],\n"
        "         ...,\n"
        "         [7940, 7941, 7942,  ..., 7957, 7958, 7959],\n"
        "         [7960, 7961, 7962,  ..., 7977, 7978, 7979],\n"
        "         [7980, 7981, 7982,  ..., 7997, 7998, 7999]]])",
    ),
    (
        lambda: torch.zeros(2, 600),
        "tensor([[0., 0., 0.,  ..., 0., 0., 0.],\n"
        "        [0., 0., 0.,  ..., 0., 0., 0.]])",
    ),
    (
        lambda: torch.ones(2, requires_grad=True),
        "tensor([1., 1.], requires_grad=True)",
    ),
    (
        lambda: torch.ones(2, requires_grad=True) + 1,
        "tensor([2., 2.], grad_fn=<AddBackward0>)",
    ),
    (
        lambda: torch.ones(2, 2, requires_grad=True).exp(),
        "tensor([[2.7183, 2.7183],\n"
        "        [2.7183, 2.7183]], grad_fn=<ExpBackward0>)",
    ),
    (
        lambda: torch.ones(2, dtype=torch.float64, requires_grad=True) * 2,
        "tensor([2., 2.], dtype=torch.float64, grad_fn=<MulBackward0>)",
    ),
    (
        lambda: torch.full((20,), 0.123456, requires_grad=True),
        "tensor([0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235,\n"
        "        0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235, 0.1235,\n"
        "        0.1235, 0.1235], requires_grad=True)",
    ),
    (
        lambda: torch.full((3, 8), 1 / 3, dtype=torch.float64, requires_grad=True),
        "tensor([[0.3333, 0.3333, 0.3333, 0.3333, 0.3333, 0.3333, 0.3333, 0.3333],\n"
        "        [0.3333, 0.3333, 0.3333, 0.3333, 0.3333, 0.3333, 0.3333, 0.3333],\n"
        "        [0.3333, 0.3333, 0.3333, 0.3333, 0.3333, 0.3333, 0.3333, 0.3333]],\n"
        "       dtype=torch.float64, requires_grad=True)",
    ),
    (
        lambda: torch.nn.Parameter(torch.ones(2)),
        "Parameter containing:\n"
        "tensor([1., 1.], requires_grad=True)",
    ),
    (
        lambda: torch.zeros(3).to(torch.bool),
        "tensor([False, False, False])",
    ),
    (
        lambda: torch.tensor([[1.0, -2.0], [nan, 100.0]]),
        "tensor([[  1.,  -2.],\n"
        "        [ nan, 100.]])",
    ),
    (
        lambda: torch.tensor([65504.0, 1.0], dtype=torch.float16),
        "tensor([6.5504e+04, 1.0000e+00], dtype=torch.float16)",
    ),
    (
        lambda: torch.tensor([2**40, 1]),
        "tensor([1099511627776,             1])",
    ),
]

OPTIONS: Any = [
    (
        {"precision": 2},
        lambda: torch.tensor([1.12345, 2.0]),
        "tensor([1.12, 2.00])",
    ),
    (
        {"sci_mode": True},
        lambda: torch.tensor([1.5, 2.0]),
        "tensor([1.5000e+00, 2.0000e+00])",
    ),
    (
        {"sci_mode": False},
        lambda: torch.tensor([1e-6, 1e6]),
        "tensor([      0.0000, 1000000.0000])",
    ),
    (
        {"profile": "short"},
        lambda: torch.arange(2000.0) / 7,
        "tensor([0.00e+00, 1.43e-01,  ..., 2.85e+02, 2.86e+02])",
    ),
    (
        {"profile": "full"},
        lambda: torch.zeros(1100).sum() + torch.arange(3),
        "tensor([0., 1., 2.])",
    ),
    (
        {"threshold": 5},
        lambda: torch.arange(10),
        "tensor([0, 1, 2,  ..., 7, 8, 9])",
    ),
    (
        {"threshold": 5, "edgeitems": 1},
        lambda: torch.arange(12).reshape(3, 4),
        "tensor([[ 0,  ...,  3],\n"
        "        ...,\n"
        "        [ 8,  ..., 11]])",
    ),
    (
        {"linewidth": 40},
        lambda: torch.arange(20.0),
        "tensor([ 0.,  1.,  2.,  3.,  4.,  5.,\n"
        "         6.,  7.,  8.,  9., 10., 11.,\n"
        "        12., 13., 14., 15., 16., 17.,\n"
        "        18., 19.])",
    ),
    (
        {"threshold": 5, "edgeitems": 0},
        lambda: torch.arange(12).reshape(3, 4),
        "tensor([...], size=(3, 4))",
    ),
]


@pytest.mark.parametrize(("make", "expected"), CASES, ids=range(len(CASES)))
def test_text(make: Any, expected: str) -> None:
    assert repr(make()) == str(make()) == expected


@pytest.mark.parametrize(
    ("options", "make", "expected"), OPTIONS, ids=[str(options) for options, *_ in OPTIONS]
)
def test_options(options: Any, make: Any, expected: str) -> None:
    torch.set_printoptions(**options)
    assert repr(make()) == expected


def test_unknown_profile() -> None:
    with pytest.raises(ValueError, match="profile must be one of default, short, full"):
        torch.set_printoptions(profile="tiny")


def test_default_dtype_is_not_named() -> None:
    torch.set_default_dtype(torch.float64)
    assert repr(torch.ones(2)) == "tensor([1., 1.])"
    assert repr(torch.ones(2, dtype=torch.float32)) == "tensor([1., 1.], dtype=torch.float32)"
    assert repr(torch.zeros(0)) == "tensor([])"


def test_subclass() -> None:
    class Image(torch.Tensor):
        pass

    assert repr(Image([1.0, 2.0])) == "Image([1., 2.])"


def test_printing_is_not_recorded_and_changes_nothing() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    assert repr(y) == repr(y) and y._version == 0


def test_memory_order_does_not_show() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    turned = torch.from_numpy(np.asfortranarray(x.numpy()))
    assert repr(turned) == repr(x)
