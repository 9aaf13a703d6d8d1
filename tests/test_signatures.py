"""Parameters that functions share: what a call may leave out, and what a signature shows."""

from __future__ import annotations

import inspect
from typing import Any

import rushlight as torch
from rushlight.ops.signatures import parameters_of, signature_from, signature_of


def _scaled(name: str, /, x: int, factor: int = 2, *, shift: int = 0) -> tuple[str, int]:
    return name, x * factor + shift


def test_a_function_passes_on_what_it_does_not_name():
    @signature_of(_scaled)
    def raised(*arguments: Any, shift: int = 10, **options: Any) -> tuple[str, int]:
        return _scaled("raised", *arguments, shift=shift, **options)

    signature = signature_from(parameters_of(raised), raised.__annotations__["return"])
    assert str(signature) == (
        "(x: 'int', factor: 'int' = 2, *, shift: 'int' = 10) -> 'tuple[str, int]'"
    )
    assert raised(3) == ("raised", 16)


def test_defaults_count_where_a_call_is_answered_by_others():
    """With `out` or within autocast the body is called with what was given alone."""
    x, weight = torch.ones(1, 1, 4), torch.ones(1, 1, 2)
    with torch.autocast("cpu"):
        assert torch.nn.functional.conv1d(x, weight).dtype is torch.bfloat16
    out = torch.empty(())
    assert torch.std(torch.tensor([1.0, 3.0, 5.0]), out=out) is out
    assert out == 2


def test_a_declared_out_is_a_keyword_of_the_function_alone():
    assert [*inspect.signature(torch.take).parameters] == ["input", "index", "out"]
    assert "out" not in inspect.signature(torch.Tensor.clamp_).parameters
