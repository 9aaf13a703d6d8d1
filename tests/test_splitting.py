"""tensor_split by a tensor of places, which is on the CPU whatever it splits."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_places_in_a_tensor() -> None:
    x = torch.arange(5)
    parts = torch.tensor_split(x, torch.tensor([1, 3]))
    assert [part.tolist() for part in parts] == [[0], [1, 2], [3, 4]]
    assert [part.tolist() for part in x.tensor_split(torch.tensor(2))] == [[0, 1, 2], [3, 4]]
    assert parts[0]._base is x


@pytest.mark.parametrize(("places", "message"), [
    (torch.tensor([1.0]), "to have dtype of long"),
    (torch.ones(1, 1, dtype=torch.int64), "zero-dimensional or one-dimensional"),
])  # fmt: skip
def test_wrong_places(places: torch.Tensor, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        torch.tensor_split(torch.arange(5), places)
