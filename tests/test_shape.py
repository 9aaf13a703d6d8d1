"""What comes back where there is nothing to reshape."""

from __future__ import annotations

import rushlight as torch


def test_flatten_gives_the_tensor_itself() -> None:
    x = torch.ones(2, 3)
    assert x.flatten(1) is x and x.flatten(0, 0) is x and x.flatten() is not x


def test_what_moves_elements_copies() -> None:
    """Of a contiguous tensor alone `ravel` is a view; `pixel_shuffle` never is one."""
    x = torch.zeros(1, 4, 2, 2)
    copies = [x[:, ::2, ::2, 0].ravel(), torch.pixel_shuffle(x, 1), torch.pixel_unshuffle(x, 1)]
    x.fill_(1)
    assert not any(copy.any() for copy in copies) and x.ravel()._base is x
