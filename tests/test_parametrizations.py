import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn.utils import parametrizations, parametrize


def singular_values(weight):
    return torch.linalg.svdvals(weight.detach())


@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder", None])
@pytest.mark.parametrize("sizes", [(3, 3), (5, 2), (2, 5)])
@pytest.mark.parametrize("trivial", [True, False])
def test_orthogonal(orthogonal_map, sizes, trivial):
    layer = nn.Linear(*sizes)
    parametrizations.orthogonal(layer, "weight", orthogonal_map, use_trivialization=trivial)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)
    x = torch.randn(4, sizes[0])
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = ((layer(x) - 1) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        assert torch.allclose(singular_values(layer.weight), torch.ones(min(sizes)), atol=1e-5)
    assert losses[-1] < losses[0]
    target = torch.linalg.qr(torch.randn(5, 5)).Q[: sizes[1], : sizes[0]]
    target = torch.linalg.qr(target.T).Q.T if sizes[1] < sizes[0] else torch.linalg.qr(target).Q
    if trivial:
        layer.weight = target
        assert torch.allclose(layer.weight, target, atol=1e-5)
    elif orthogonal_map in ("matrix_exp", "cayley"):
        with pytest.raises(NotImplementedError, match="not possible to assign"):
            layer.weight = target


def test_orthogonal_batches_and_complex_matrices():
    module = nn.Module()
    module.matrices = nn.Parameter(torch.randn(2, 3, 3))
    parametrizations.orthogonal(module, "matrices")
    product = module.matrices @ module.matrices.mT
    assert torch.allclose(product, torch.eye(3).expand(2, 3, 3), atol=1e-5)
    module.unitary = nn.Parameter(torch.randn(3, 3, dtype=torch.complex64))
    parametrizations.orthogonal(module, "unitary")
    identity = module.unitary @ module.unitary.mH
    assert torch.allclose(identity, torch.eye(3, dtype=torch.complex64), atol=1e-5)
    module.other = nn.Parameter(torch.randn(2, 2, dtype=torch.complex64))
    with pytest.raises(ValueError, match="does not support complex tensors"):
        parametrizations.orthogonal(module, "other", "householder")


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda p: p.orthogonal(nn.Linear(2, 2), "bias"), ValueError, "Got a tensor of 1 dim"),
        (lambda p: p.orthogonal(nn.Linear(2, 2), "none"), ValueError, "no parameter or buffer"),
        (lambda p: p.orthogonal(nn.Linear(2, 2), "weight", "x"), ValueError, "has to be one of"),
        (lambda p: p.spectral_norm(nn.Linear(2, 2), "none"), ValueError, "no parameter or buffer"),
        (lambda p: p.spectral_norm(nn.Linear(2, 2), dim=2), IndexError, "out of range"),
        (
            lambda p: p.spectral_norm(nn.Linear(2, 2), n_power_iterations=0),
            ValueError, "Expected n_power_iterations to be positive",
        ),
    ],
)  # fmt: skip
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call(parametrizations)


def test_spectral_norm():
    layer = parametrizations.spectral_norm(nn.Linear(4, 3), n_power_iterations=20)
    assert list(layer.state_dict()) == [
        "bias", "parametrizations.weight.original", "parametrizations.weight.0._u",
        "parametrizations.weight.0._v",
    ]  # fmt: skip
    assert singular_values(layer.weight)[0].item() == pytest.approx(1.0, abs=1e-3)
    layer.eval()
    before = layer.parametrizations.weight[0]._u.clone()
    assert torch.equal(layer.weight, layer.weight)
    assert torch.equal(layer.parametrizations.weight[0]._u, before)
    vector = parametrizations.spectral_norm(nn.Linear(4, 3), "bias")
    assert vector.bias.norm().item() == pytest.approx(1.0)
    transposed = parametrizations.spectral_norm(nn.ConvTranspose2d(2, 5, 3))
    assert transposed.parametrizations.weight[0]._u.shape == (5,)


def test_two_forwards_and_one_backward():
    layer = parametrizations.spectral_norm(nn.Linear(4, 3))
    (layer(torch.ones(1, 4)).sum() - layer(torch.zeros(1, 4)).sum()).backward()
    assert layer.parametrizations.weight.original.grad is not None


@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm(dim):
    layer = nn.Linear(3, 2)
    before = layer.weight.detach().clone()
    parametrizations.weight_norm(layer, dim=dim)
    assert torch.allclose(layer.weight, before, atol=1e-6)
    g = layer.parametrizations.weight.original0
    axes = {0: (1,), 1: (0,), None: (0, 1)}[dim]
    assert torch.allclose(g.flatten(), before.norm(2, axes).flatten(), atol=1e-6)
    with torch.no_grad():
        g.mul_(2)
    assert torch.allclose(layer.weight, 2 * before, atol=1e-6)
    layer.weight = before
    assert torch.allclose(layer.weight, before, atol=1e-6)
    parametrize.remove_parametrizations(layer, "weight")
    assert list(layer.state_dict()) == ["bias", "weight"]


def test_weight_norm_loads_states_of_old():
    layer = parametrizations.weight_norm(nn.Linear(2, 2))
    layer.load_state_dict(
        {"bias": torch.ones(2), "weight_g": torch.ones(2, 1), "weight_v": torch.ones(2, 2)}
    )
    assert torch.allclose(layer.weight, torch.full((2, 2), 0.5**0.5))


@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder"])
def test_devices(device, orthogonal_map):
    layer = nn.Linear(3, 2).to(device)
    parametrizations.orthogonal(layer, "weight", orthogonal_map)
    identity = torch.eye(2, device=device)
    assert torch.allclose(layer.weight @ layer.weight.T, identity, atol=1e-5)
    parametrizations.spectral_norm(layer, "bias")
    assert parametrizations.spectral_norm(nn.Linear(3, 2).to(device)).weight.device.type == device
    assert parametrizations.weight_norm(nn.Linear(3, 2).to(device)).weight.device.type == device
