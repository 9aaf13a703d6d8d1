"""L-BFGS against PyTorch 2.13's steps, and Muon."""

import copy

import numpy as np
import pytest

import rushlight as torch
from optim_support import one_parameter
from rushlight import nn, optim

# Options, evaluations so far and the parameters after each of three steps.
PYTORCH = [
    ({}, [
        (4, [-0.4413360264, 0.964895499, 2.102684175, 1.609944182]),
        (8, [0.01307789585, 0.9996827641, 1.944206342, 2.41787111]),
        (12, [-1.156612702e-06, 0.9980116309, 1.9505278, 2.427684059]),
    ]),
    ({"lr": 0.1}, [
        (4, [-1.349468172, 1.655255344, 0.685110925, 0.8185170043]),
        (8, [-1.052953402, 1.408513406, 1.154035415, 1.093083368]),
        (12, [-0.7523985388, 1.252315507, 1.460862411, 1.424511583]),
    ]),
    ({"line_search_fn": "strong_wolfe"}, [
        (5, [-0.4413360264, 0.964895499, 2.102684175, 1.609944182]),
        (10, [0.01307789585, 0.9996827641, 1.944206342, 2.41787111]),
        (15, [-1.156612702e-06, 0.9980116309, 1.9505278, 2.427684059]),
    ]),
    ({"lr": 0.1, "line_search_fn": "strong_wolfe", "history_size": 2}, [
        (5, [-1.153331691, 0.87157384, 1.310886947, 0.9610921183]),
        (10, [-0.4464732476, 1.000532051, 2.108286799, 1.60439829]),
        (16, [0.117972795, 0.9989185676, 1.949124773, 2.344837749]),
    ]),
]  # fmt: skip


def minimized(options, steps):
    x = nn.Parameter(torch.tensor([-1.5, 2.0, 0.3, 0.7], dtype=torch.float64))
    optimizer = optim.LBFGS([x], max_iter=4, **options)
    scale = torch.tensor([1.0, 10.0, 3.0, 0.5], dtype=torch.float64)
    calls = [0]

    def closure():
        calls[0] += 1
        optimizer.zero_grad()
        places = torch.arange(4, dtype=torch.float64)
        loss = ((x - places) ** 2 * scale).sum() + (x**4).sum() * 0.01
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
        yield calls[0], x.tolist(), optimizer


@pytest.mark.parametrize("options, expected", PYTORCH)
def test_three_steps(options, expected):
    steps = zip(minimized(options, 3), expected, strict=True)
    for (calls, found, _), (known_calls, known) in steps:
        assert calls == known_calls
        np.testing.assert_allclose(found, known, rtol=1e-7, atol=1e-9)


def test_state_continues():
    optimizer = list(minimized({"line_search_fn": "strong_wolfe"}, 2))[-1][2]
    state = copy.deepcopy(optimizer.state_dict())
    assert set(state["state"][0]) == {
        "func_evals", "n_iter", "d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad",
        "prev_loss", "al",
    }  # fmt: skip
    twin = optim.LBFGS([nn.Parameter(optimizer.param_groups[0]["params"][0].detach().clone())])
    twin.load_state_dict(state)
    assert twin.state_dict()["state"][0]["n_iter"] == state["state"][0]["n_iter"]
    assert torch.equal(twin.state_dict()["state"][0]["d"], state["state"][0]["d"])


@pytest.mark.parametrize("history", [1, 3, 100])
def test_the_direction_is_that_of_the_two_loops(history):
    """As Nocedal wrote them down, on the history that the optimizer keeps."""
    torch.manual_seed(0)
    x, scale = nn.Parameter(torch.randn(50, dtype=torch.float64)), torch.rand(50) + 0.1
    optimizer = optim.LBFGS([x], lr=0.3, max_iter=1, history_size=history)

    def closure():
        optimizer.zero_grad()
        loss = (scale * x**2).sum() + (x**4).sum()
        loss.backward()
        return loss

    for step in range(9):
        closure()
        gradient = x.grad.clone()
        optimizer.step(closure)
        if step == 4:  # what is kept beside the state is made anew
            optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        state = optimizer.state[x]
        moves, changes = state["old_stps"], state["old_dirs"]
        assert len(moves) == min(step, history)
        direction, parts = -gradient, []
        for move, change in zip(reversed(moves), reversed(changes), strict=True):
            parts.append(move.dot(direction) / change.dot(move))
            direction = direction - parts[-1] * change
        direction = direction * state["H_diag"]
        for move, change, part in zip(moves, changes, reversed(parts), strict=True):
            direction = direction + (part - change.dot(direction) / change.dot(move)) * move
        if step:
            torch.testing.assert_close(state["d"], direction, rtol=1e-10, atol=1e-14)
            kept = [p.item() for p in state["al"][: len(parts)]]
            np.testing.assert_allclose(kept, [p.item() for p in reversed(parts)], rtol=1e-8)


def test_a_state_that_is_loaded_again():
    """Its history begins as the one that has gone on meanwhile, with the same tensors."""
    optimizer = list(minimized({"lr": 0.1}, 2))[-1][2]
    (x,) = optimizer.param_groups[0]["params"]

    def closure(factor=1.0):
        optimizer.zero_grad()
        loss = (factor * (x - 1) ** 2).sum() + (x**4).sum()
        loss.backward()
        return loss

    state, place = optimizer.state_dict(), x.detach().clone()
    directions = []
    for factor in (1.0, 3.0):
        optimizer.load_state_dict(state)
        with torch.no_grad():
            x.copy_(place)
        optimizer.step(closure)
        directions.append(optimizer.state[x]["d"].tolist())
        optimizer.step(lambda factor=factor: closure(factor))
    assert directions[0] == directions[1]


def test_an_expanded_parameter_is_refused():
    parameter = nn.Parameter(torch.ones(1).expand(3))
    optimizer = optim.LBFGS([parameter])
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        optimizer.step(lambda: loss_of(optimizer, parameter))


def loss_of(optimizer, parameter):
    optimizer.zero_grad()
    loss = (parameter**2).sum()
    loss.backward()
    return loss


def test_parameters_of_several_dtypes():
    wide, narrow = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(2, dtype=torch.float16))
    optimizer = optim.LBFGS([wide, narrow], lr=0.5, max_iter=4)

    def closure():
        optimizer.zero_grad()
        loss = (wide**2).sum() + (narrow.float() ** 2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert wide.abs().max() < 0.2 and narrow.abs().max() < 0.2
    assert narrow.dtype is torch.float16


def test_copies_have_parameters_of_their_own():
    parameter = one_parameter()
    twin = copy.deepcopy(optim.LBFGS([parameter], lr=0.5))
    own = twin.param_groups[0]["params"][0]

    def closure():
        twin.zero_grad()
        loss = (own**2).sum()
        loss.backward()
        return loss

    twin.step(closure)
    assert parameter.item() == 1.0 and own.item() != 1.0


def test_one_group_alone():
    with pytest.raises(ValueError, match="doesn't support per-parameter options"):
        optim.LBFGS([{"params": [one_parameter()]}, {"params": [one_parameter()]}])
    optimizer = optim.LBFGS([one_parameter()])
    with pytest.raises(ValueError, match="doesn't support per-parameter options"):
        optimizer.add_param_group({"params": [one_parameter()]})
    assert len(optimizer.param_groups) == 1


def test_other_line_searches_are_refused():
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        list(minimized({"line_search_fn": "backtracking"}, 1))


def test_parameters_without_gradients_and_with_sparse_ones():
    table, unused = nn.Parameter(torch.ones(3, 2)), nn.Parameter(torch.ones(2))
    optimizer = optim.LBFGS([table, unused], lr=0.25, max_iter=1)

    def closure():
        optimizer.zero_grad()
        rows = nn.functional.embedding(torch.tensor([1]), table, sparse=True)
        loss = (rows**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert torch.equal(table[0], torch.ones(2)) and (table[1] < 1).all()
    assert torch.equal(unused.detach(), torch.ones(2))


MUON = [
    ({}, [0.999036, 1.997857, -1.002024, 0.502049, -0.000546, 2.99751]),
    (
        {"lr": 0.1, "weight_decay": 0.0, "nesterov": False, "adjust_lr_fn": "match_rms_adamw",
         "ns_steps": 3},
        [0.973207, 1.946753, -1.080243, 0.579972, -0.013286, 2.946753],
    ),
]  # fmt: skip


@pytest.mark.parametrize("options, expected", MUON)
def test_three_steps_of_muon(options, expected):
    w = nn.Parameter(torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]))
    optimizer = optim.Muon([w], **options)
    for t in range(3):
        w.grad = torch.tensor([[0.1, 0.2, 0.3], [-0.3, 0.1 * t, 0.2]])
        optimizer.step()
    np.testing.assert_allclose(w.detach().reshape(-1), expected, atol=2e-5)
    assert list(optimizer.state[w]) == ["momentum_buffer"]


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: optim.Muon([one_parameter()]), ValueError, "Muon only supports 2D parameters"),
        (lambda: optim.Muon([nn.Parameter(torch.eye(2))], lr=-1), ValueError, "Learning rate"),
        (
            lambda: optim.Muon([nn.Parameter(torch.eye(2))], adjust_lr_fn="x"),
            ValueError,
            "Adjust learning rate function x is not supported",
        ),
    ],
)
def test_invalid_options_of_muon(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("size", [1e34, 3.3e38, 1e30])
def test_muon_takes_gradients_of_any_size(size):
    """Above 1e19 their norm is infinite, and PyTorch's step is the decay alone."""
    w = nn.Parameter(torch.ones(2, 2))
    w.grad = torch.tensor([[-size, size], [size, size]])
    optim.Muon([w]).step()
    np.testing.assert_allclose(w.detach().numpy(), np.full((2, 2), 0.9999), rtol=1e-6)
