"""Hooks around an optimizer's steps and states, and those of all optimizers."""

import rushlight as torch
from optim_support import one_parameter
from rushlight import optim
from rushlight.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)


def test_hooks_of_all_optimizers():
    seen = []
    optimizer, other = optim.SGD([one_parameter()]), optim.Adam([one_parameter()])
    handles = [
        register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append(("before", o))),
        register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append(("after", o))),
    ]
    try:
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("own before"))
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("own after"))
        optimizer.step()
        other.step()
    finally:
        for handle in handles:
            handle.remove()
    optimizer.step()
    assert seen == [
        ("before", optimizer), "own before", "own after", ("after", optimizer),
        ("before", other), ("after", other), "own before", "own after",
    ]  # fmt: skip


def test_hooks_of_state_dict():
    optimizer = optim.SGD([one_parameter()])
    seen = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "more": 1})
    handle = optimizer.register_state_dict_post_hook(lambda o, state: state.update(kept=True))
    assert optimizer.state_dict().keys() == {"state", "param_groups", "more", "kept"}
    assert seen == ["first", "second"]
    handle.remove()
    assert "kept" not in optimizer.state_dict()


def test_hooks_of_load_state_dict():
    optimizer = optim.SGD([one_parameter()], lr=0.1)
    seen = []
    state = optimizer.state_dict()

    def other_rate(optimizer, state_dict):
        groups = [{**group, "lr": 0.5} for group in state_dict["param_groups"]]
        return {**state_dict, "param_groups": groups}

    optimizer.register_load_state_dict_pre_hook(other_rate)
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append(o.param_groups[0]["lr"]))
    optimizer.load_state_dict(state)
    assert seen == [0.5] and state["param_groups"][0]["lr"] == 0.1
    assert torch.optim.Optimizer.register_load_state_dict_post_hook


def test_hooks_see_the_arguments_of_step():
    """The optimizer is the first of them, as in PyTorch."""
    optimizer = optim.SGD([one_parameter()], lr=0.1)
    seen = []
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append((o, args, kwargs)))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append((o, args, kwargs)))

    def closure():
        return 1.0

    optimizer.step(closure)
    assert seen == [(optimizer, (optimizer, closure), {})] * 2
