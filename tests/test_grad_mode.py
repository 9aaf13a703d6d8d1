"""no_grad, enable_grad, set_grad_enabled, inference_mode: as contexts, decorators, functions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import rushlight as torch


def recorded() -> bool:
    return (torch.ones(1, requires_grad=True) * 2).requires_grad


def test_no_grad() -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        assert not torch.is_grad_enabled() and not recorded()
        y = x * 2
        new = torch.ones(2, requires_grad=True)
    assert torch.is_grad_enabled() and recorded()
    assert not y.requires_grad and new.requires_grad


def test_nesting() -> None:
    with torch.no_grad():
        with torch.enable_grad():
            assert recorded()
            with torch.no_grad():
                assert not recorded()
            assert recorded()
        assert not recorded()


def test_mode_is_restored_after_an_error() -> None:
    for mode in (torch.no_grad, torch.inference_mode, lambda: torch.set_grad_enabled(False)):
        with pytest.raises(KeyError), mode():
            raise KeyError
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


def test_one_context_used_again() -> None:
    context = torch.no_grad()
    for _ in range(2):
        with context:
            assert not recorded()
        assert recorded()


@pytest.mark.parametrize("parenthesised", [True, False])
def test_decorators(parenthesised: bool) -> None:
    def look(depth: int = 0) -> bool:
        """What it says."""
        return recorded()

    quiet = torch.no_grad()(look) if parenthesised else torch.no_grad(look)
    assert not quiet() and recorded()
    assert quiet.__name__ == "look" and quiet.__doc__ == "What it says."
    loud = torch.enable_grad()(look) if parenthesised else torch.enable_grad(look)
    with torch.no_grad():
        assert loud() and not recorded()
    still = torch.inference_mode()(look) if parenthesised else torch.inference_mode(look)
    assert not still() and recorded()


def test_decorated_function_may_recurse() -> None:
    @torch.no_grad()
    def count(depth: int) -> int:
        assert not torch.is_grad_enabled()
        return 0 if depth == 0 else 1 + count(depth - 1)

    assert count(5) == 5 and torch.is_grad_enabled()


def test_decorated_generator() -> None:
    """The mode holds inside a generator, and not in the code that consumes it."""

    @torch.no_grad()
    def values() -> Iterator[bool]:
        yield torch.is_grad_enabled()
        yield torch.is_grad_enabled()

    for inside in values():
        assert not inside and torch.is_grad_enabled()


def test_set_grad_enabled_as_function() -> None:
    torch.set_grad_enabled(False)
    assert not recorded()
    torch.set_grad_enabled(True)
    assert recorded()


def test_set_grad_enabled_as_context() -> None:
    for training in (True, False):
        with torch.set_grad_enabled(training):
            assert recorded() == training
        assert recorded()
    with torch.no_grad(), torch.set_grad_enabled(True):
        assert recorded()
    assert recorded()


def test_set_grad_enabled_as_decorator() -> None:
    @torch.set_grad_enabled(False)
    def look() -> bool:
        return recorded()

    assert recorded()  # decorating has changed nothing
    assert not look() and recorded()


def test_inference_mode() -> None:
    assert not torch.is_inference_mode_enabled()
    with torch.inference_mode():
        assert torch.is_inference_mode_enabled() and not torch.is_grad_enabled()
        assert not recorded()
    with torch.inference_mode(False):
        assert not torch.is_inference_mode_enabled() and recorded()


def test_parameters_made_without_recording() -> None:
    with torch.no_grad():
        weight = torch.nn.Parameter(torch.ones(2))
        assert weight.requires_grad
        weight.mul_(3)
    assert weight.tolist() == [3.0, 3.0] and weight.is_leaf and weight.grad_fn is None


def test_in_place_change_without_recording_keeps_history() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    with torch.no_grad():
        y.add_(5)
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_view_made_without_recording() -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        part = x[0]
        part.add_(4)
    assert x.tolist() == [5.0, 1.0]
