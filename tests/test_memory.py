"""Storages, and tensors that get another size or memory in place."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_storage_is_what_views_share() -> None:
    x = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    assert x[1].untyped_storage().data_ptr() == x.data_ptr() == x.T.untyped_storage().data_ptr()
    assert len(x[1].untyped_storage()) == x.untyped_storage().nbytes() == 24
    assert x.T[1].storage().tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    x.storage()[2] = 7.0
    assert x[0, 2].item() == 7.0 and x.storage().untyped()[11] == 64
    assert x[:, 1].storage_offset() == 1 and torch.is_storage(x.storage())


def test_storage_of_memory_with_gaps() -> None:
    given = torch.arange(12).reshape(3, 4).numpy()[:, ::2]
    x = torch.from_numpy(given)
    assert x.untyped_storage().nbytes() == 88  # to the last element of the array
    assert x.as_strided((4,), (1,)).tolist() == [0, 1, 2, 3]


def test_resize_keeps_the_first_elements() -> None:
    x = torch.arange(6)
    part = x[2:]
    assert part.resize_(2, 2).tolist() == [[2, 3], [4, 5]]
    part[0, 0] = 9
    assert x[2].item() == 9
    assert part.resize_(5)[:4].tolist() == [9, 3, 4, 5]
    assert x.resize_(2).resize_(6).tolist() == [0, 1, 9, 3, 4, 5]
    with pytest.raises(RuntimeError, match="cannot resize variables that require grad"):
        torch.zeros(2, requires_grad=True).resize_(3)


def test_set_shares_the_memory_and_its_version() -> None:
    x = torch.zeros(0)
    source = torch.arange(6.0)
    assert x.set_(source).data_ptr() == source.data_ptr() and x.is_set_to(source)
    version = source._version
    x.add_(1)
    assert source._version == version + 1 and source[0].item() == 1.0
    x.set_(source.untyped_storage(), 1, (2, 2), (2, 1))
    assert x.tolist() == [[2.0, 3.0], [4.0, 5.0]]
    assert x.set_().shape == (0,)
    with pytest.raises(RuntimeError, match="torch.int64 to a tensor of type torch.float32"):
        x.set_(torch.arange(3))


def test_strided_views_reach_all_of_the_storage() -> None:
    x = torch.arange(6.0)
    assert x[4:].as_strided((3,), (1,), 0).tolist() == [0.0, 1.0, 2.0]
    image = torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last)
    assert torch.equal(image.as_strided(image.shape, image.stride()), image)


def test_a_strided_view_of_a_changed_part_of_its_base() -> None:
    x = torch.arange(6.0, requires_grad=True)
    y = x * 1
    y[1:5].as_strided((2,), (2,), 0).mul_(3)  # beyond the slice
    assert y.tolist() == [0.0, 1.0, 6.0, 3.0, 4.0, 5.0]
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [3.0, 1.0, 3.0, 1.0, 1.0, 1.0]


def test_a_gradient_through_elements_that_share_their_place() -> None:
    x = torch.ones(1, requires_grad=True)
    x.expand(3).as_strided((2,), (0,)).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [2.0]


def test_views_in_place_of_views() -> None:
    x = torch.randn(2, 3, requires_grad=True)
    y = x * 2
    row = y[0].unsqueeze_(1)
    row.mul_(5)
    assert row.shape == (3, 1) and row._base is y
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[10.0] * 3, [2.0] * 3]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x.t_()
    with torch.no_grad():
        assert x.t_().shape == (3, 2) and x.is_leaf


def test_an_image_in_another_shape_in_place_leaves_its_mirror() -> None:
    image = torch.nn.functional.conv2d(torch.ones(1, 1, 3, 3), torch.ones(2, 1, 1, 1))
    flat = image.view(-1)
    image.squeeze_(0)
    flat.mul_(2)
    assert image.shape == (2, 3, 3) and set(image.flatten().tolist()) == {2.0}


def test_linear_powers_and_ranges_of_tensors() -> None:
    ends = torch.tensor(0.0), torch.tensor(2)
    assert torch.logspace(*ends, 3).tolist() == [1.0, 10.0, 100.0]
    assert torch.linspace(*ends, 3).tolist() == [0.0, 1.0, 2.0]
    assert torch.arange(0, 3, out=torch.empty(3, dtype=torch.float64)).dtype is torch.float64
