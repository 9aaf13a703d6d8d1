"""What comes back where there is nothing to reshape."""

from __future__ import annotations

from typing import Any

import pytest

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


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x: x.softmax("a"), r"softmax\(\): argument 'dim' .* must be int, not str"),
        (lambda x: x.transpose(0, "b"), r"transpose\(\): argument 'dim1' .* must be int, not str"),
        (lambda x: x.argmax(1.0), r"argmax\(\): argument 'dim' .* must be int, not float"),
        (lambda x: torch.cat([x], "q"), r"cat\(\): argument 'dim' .* must be int, not str"),
        (lambda x: x.max("a"), "dim must be an int, not 'a'"),
        (lambda x: torch.sum(x, "a"), "dim must be an int or a tuple of ints, not 'a'"),
    ],
)
def test_a_dimension_that_is_no_number(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call(torch.zeros(2, 3))
