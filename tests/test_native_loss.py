from __future__ import annotations

import numpy as np
import pytest

from native_support import FLOATS, base, kernels, layouts, random, recorded_base


def labels(rows, classes):
    return np.random.default_rng(3).integers(0, classes, rows)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("ignore_index", [-100, 1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(1, 10), (64, 10), (7, 3), (100, 1000)])
def test_forward_and_backward(shape, reduction, weighted, ignore_index, dtype):
    x, target = random(*shape, dtype=dtype), labels(*shape)
    if shape[0] == 1:
        target[:] = 0
    weight = np.abs(random(shape[1], dtype=dtype)) if weighted else None
    with recorded_base() as called:
        loss, total = kernels().nll_loss(x, target, weight, reduction, ignore_index)
        grad = random(*loss.shape, dtype=dtype) if loss.ndim else np.asarray(0.7, dtype)
        gx = kernels().nll_loss_backward(
            grad, target, weight, total, reduction, ignore_index, x.shape
        )
    assert called == []
    expected_loss, expected_total = base.nll_loss(x, target, weight, reduction, ignore_index)
    expected_gx = base.nll_loss_backward(
        grad, target, weight, expected_total, reduction, ignore_index, x.shape
    )
    for actual, expected in ((loss, expected_loss), (total, expected_total), (gx, expected_gx)):
        assert isinstance(actual, np.ndarray)
        assert actual.dtype == dtype and actual.shape == expected.shape
        np.testing.assert_allclose(actual, expected, 1e-5, 1e-6)


@pytest.mark.parametrize("wrong", [10, -1, -101])
def test_a_label_out_of_range(wrong):
    target = labels(64, 10)
    target[5] = wrong
    with pytest.raises(IndexError, match=f"Target {wrong} is out of bounds"):
        kernels().nll_loss(random(64, 10), target, None, "mean", -100)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_images_in_any_order(reduction, weighted, dtype):
    x = random(4, 5, 6, 3, dtype=dtype)
    weight = np.abs(random(5, dtype=dtype)) if weighted else None
    for layout, a in layouts(x).items():
        a = a if a.shape[1] == 5 else a.swapaxes(1, a.shape.index(5))
        target = labels((a.shape[0], *a.shape[2:]), 5)
        target[0, 0, 0] = -100
        with recorded_base() as called:
            loss, total = kernels().nll_loss(a, target, weight, reduction, -100)
            grad = random(*loss.shape, dtype=dtype) if loss.ndim else np.asarray(0.7, dtype)
            gx = kernels().nll_loss_backward(grad, target, weight, total, reduction, -100, a.shape)
        assert called == [], layout
        expected, expected_total = base.nll_loss(a, target, weight, reduction, -100)
        np.testing.assert_allclose(loss, expected, 1e-5, err_msg=layout)
        np.testing.assert_allclose(total, expected_total, 1e-5)
        expected = base.nll_loss_backward(grad, target, weight, total, reduction, -100, a.shape)
        np.testing.assert_allclose(gx, expected, 1e-5, err_msg=layout)


def test_what_is_not_covered_goes_to_the_base():
    x, target = random(8, 5), labels(8, 5)
    with recorded_base() as called:
        for arguments in [
            (x, target.astype(np.int32), None, "mean", -100),
            (x, np.repeat(target, 2)[::2], None, "mean", -100),
            (x, target, random(5, dtype=np.float64), "mean", -100),
        ]:
            for actual, expected in zip(
                kernels().nll_loss(*arguments), base.nll_loss(*arguments), strict=True
            ):
                np.testing.assert_allclose(actual, expected, 1e-6)
    assert called == ["nll_loss"] * 3


def test_all_targets_ignored():
    target = np.full(4, -100)
    loss, total = kernels().nll_loss(random(4, 3), target, None, "mean", -100)
    assert np.isnan(loss) and total == 0


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("p", [1, 2])
def test_margins_between_classes(p, reduction, weighted, dtype):
    for shape in ((1, 1), (7, 3), (20, 100)):
        x, target = random(*shape, dtype=dtype), labels(*shape)
        x[0, 0] = np.nan
        weight = np.abs(random(shape[1], dtype=dtype)) if weighted else None
        arguments = (x, target, weight, p, 0.7, reduction)
        with recorded_base() as called:
            loss = kernels().multi_margin_loss(*arguments)
        expected = base.multi_margin_loss(*arguments)
        assert called == [] and loss.dtype == dtype and loss.shape == expected.shape
        np.testing.assert_allclose(loss, expected, 1e-5, 1e-6)


@pytest.mark.parametrize("wrong", [10, -1])
def test_a_class_out_of_range(wrong):
    target = labels(64, 10)
    target[5] = wrong
    with pytest.raises(RuntimeError, match="target out of range: classes go from 0 to 9"):
        kernels().multi_margin_loss(random(64, 10), target, None, 1, 1.0, "mean")
