"""Initial values against PyTorch 2.13's for the same seed."""

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.testing import register_strict_device

# Shape, what fills it after manual_seed(0), its values, and the number that the generator gives
# next: it shows that as many numbers were drawn.
PYTORCH = {
    "uniform": ((2, 2), lambda t: nn.init.uniform_(t, -2.0, 3.0), [
        0.481282949, 1.84110904, -1.5576129, -1.33984756,
    ], 0.307423),
    "normal": ((2, 2), lambda t: nn.init.normal_(t, 1.0, 2.0), [
        4.08199215, 0.413142174, -3.35757875, 2.13686252,
    ], 0.455628),
    "large_normal": ((20,), lambda t: nn.init.normal_(t), [
        -1.12583983, -1.1523602, -0.250578582, -0.433878809, 0.598839462, -1.55509508,
        -0.34136039, 1.85300612, 0.468096405, -0.157712445, 1.44366014, 0.266049415,
        1.38936615, 1.58633423, 0.946298361, -0.843676746, 0.931826591, 1.25900924,
        2.00498056, 0.0537369028,
    ], 0.20813),
    "xavier_uniform": ((3, 2), lambda t: nn.init.xavier_uniform_(t, gain=2.0), [
        -0.0164028015, 1.17528903, -1.80320156, -1.61236167, -0.843830943, 0.587503374,
    ], 0.490093),
    "xavier_normal": ((3, 2), lambda t: nn.init.xavier_normal_(t), [
        0.974611521, -0.18558073, -1.37798738, 0.359507501, -0.685912132, -0.884549379,
    ], 0.022326),
    "kaiming_uniform": ((2, 1, 1, 2), lambda t: nn.init.kaiming_uniform_(t, a=0.5), [
        -0.0115985321, 0.831054866, -1.27505612, -1.14011192,
    ], 0.307423),
    "kaiming_uniform_fan_out": ((2, 1, 1, 2),
        lambda t: nn.init.kaiming_uniform_(t, mode="fan_out", nonlinearity="relu"), [
        -0.00916944537, 0.657006562, -1.0080204, -0.901337564,
    ], 0.307423),
    "kaiming_normal": ((3, 2),
        lambda t: nn.init.kaiming_normal_(t, mode="fan_out", nonlinearity="tanh"), [
        1.48282421, -0.28235209, -2.09654117, 0.546973228, -1.04358208, -1.34579909,
    ], 0.022326),
    "trunc_normal": ((5,), lambda t: nn.init.trunc_normal_(t, 0.5, 2.0, -1.0, 1.0), [
        -0.693270743, -0.0868578106, 0.883990169, -0.938515186, -0.306687057,
    ], 0.696505),
    "trunc_normal_wide": ((20,), lambda t: nn.init.trunc_normal_(t, 0.0, 1.0, -1.0, 1.0), [
        0.439695835, 0.112411186, -0.250578582, -0.433878809, 0.598839462, -0.450329751,
        -0.34136039, -0.55535841, 0.468096405, -0.157712445, 0.507334411, 0.266049415,
        -0.365618795, 0.188553572, 0.946298361, -0.843676746, 0.931826591, -0.193837121,
        0.445512176, 0.0537369028,
    ], 0.47245),
    "trunc_normal_tail": ((5,), lambda t: nn.init.trunc_normal_(t, 0.0, 1.0, 1.5, 3.0), [
        1.95765007, 1.6169939, 1.53348863, 1.69804573, 1.94083261,
    ], 0.403692),
    "orthogonal": ((2, 3), lambda t: nn.init.orthogonal_(t, gain=2.0), [
        1.14796185, -0.218589216, -1.62308431, -0.690830231, -1.86176538, -0.237871081,
    ], 0.022326),
    "orthogonal_tall": ((3, 1, 2), lambda t: nn.init.orthogonal_(t), [
        0.534952521, -0.169930086, -0.756360829, 0.340183824, -0.376488984, -0.924877703,
    ], 0.022326),
    "sparse": ((4, 2), lambda t: nn.init.sparse_(t, 0.5), [
        0.0, -0.00293428916, 0.0, 0.0, -0.0108452234, -0.0139859542, 0.00403346866, 0.0,
    ], 0.3971),
}  # fmt: skip


@pytest.mark.parametrize("name", PYTORCH)
def test_values(name):
    shape, fill, expected, following = PYTORCH[name]
    torch.manual_seed(0)
    tensor = torch.zeros(shape)
    assert fill(tensor) is tensor
    # QR's last digits depend on the BLAS.
    tolerance = 1e-6 if "orthogonal" in name else 2e-8
    np.testing.assert_allclose(tensor.numpy().ravel(), expected, rtol=tolerance, atol=1e-9)
    assert torch.rand(1).item() == pytest.approx(following, abs=1e-6)


def test_a_generator_of_ones_own():
    def draw():
        generator = torch.Generator().manual_seed(5)
        return [
            fill(torch.empty(3, 4), generator=generator).tolist()
            for fill in (
                nn.init.uniform_, nn.init.normal_, nn.init.trunc_normal_, nn.init.xavier_uniform_,
                nn.init.xavier_normal_, nn.init.kaiming_uniform_, nn.init.kaiming_normal_,
                nn.init.orthogonal_,
            )
        ]  # fmt: skip

    first = draw()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    assert draw() == first
    assert torch.equal(torch.get_rng_state(), before)


def test_parameters_are_filled_without_record():
    parameter = nn.Parameter(torch.zeros(3, 3))
    for fill in (nn.init.ones_, nn.init.normal_, nn.init.eye_, nn.init.orthogonal_,
                 nn.init.trunc_normal_):  # fmt: skip
        before = parameter._version
        fill(parameter)
        assert parameter.is_leaf and parameter.requires_grad and parameter.grad_fn is None
        assert parameter._version > before


def test_constants():
    assert nn.init.constant_(torch.empty(2), 0.5).tolist() == [0.5, 0.5]
    assert nn.init.ones_(torch.empty(2)).tolist() == [1.0, 1.0]
    assert nn.init.zeros_(torch.ones(2)).tolist() == [0.0, 0.0]
    assert nn.init.eye_(torch.ones(2, 3)).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


def test_dirac_passes_channels_on():
    weight = nn.init.dirac_(torch.ones(4, 2, 3, 3), groups=2)
    x = torch.randn(1, 4, 5, 5)
    y = nn.functional.conv2d(x, weight, padding=1, groups=2)
    assert torch.allclose(y, x)
    assert nn.init.dirac_(torch.ones(3, 2, 3)).sum().item() == 2.0


def test_orthogonal_columns():
    tall = nn.init.orthogonal_(torch.empty(5, 3))
    assert torch.allclose(tall.T @ tall, nn.init.eye_(torch.empty(3, 3)), atol=1e-6)


@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 2), (0, 3)])
def test_orthogonal_on_another_device(shape):
    """Drawn from that device's stream, and nothing of it read by Python."""
    register_strict_device()
    generator = torch.Generator("strict").manual_seed(1)
    before = torch.get_rng_state()
    tensor = nn.init.orthogonal_(torch.empty(shape, device="strict"), 2.0, generator)
    assert tensor.device.type == "strict" and torch.equal(torch.get_rng_state(), before)
    matrix = tensor.cpu().flatten(1)
    product = matrix.T @ matrix if shape[0] > matrix.shape[1] else matrix @ matrix.T
    assert torch.allclose(product, 4 * torch.eye(len(product)), atol=1e-5)


def test_orthogonal_at_replays():
    def filled(fill):
        torch.manual_seed(0)
        return [fill(torch.empty(4, 3)).tolist() for _ in range(3)]

    compiled = torch.compile(lambda w: nn.init.orthogonal_(w), fullgraph=True)
    assert filled(compiled) == filled(nn.init.orthogonal_)
    assert "qr" in [call.name for call in compiled.graph.calls]


def test_sparse_columns():
    tensor = nn.init.sparse_(torch.empty(10, 3), sparsity=0.25)
    assert (tensor == 0).sum(0).tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    "nonlinearity, param, gain",
    [
        ("linear", None, 1), ("conv2d", None, 1), ("conv_transpose3d", None, 1),
        ("sigmoid", None, 1), ("tanh", None, 5 / 3), ("relu", None, 2**0.5), ("selu", None, 0.75),
        ("leaky_relu", None, (2 / 1.0001) ** 0.5), ("leaky_relu", 2, 0.4**0.5),
    ],
)  # fmt: skip
def test_gain(nonlinearity, param, gain):
    assert nn.init.calculate_gain(nonlinearity, param) == pytest.approx(gain, rel=1e-15)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: nn.init.calculate_gain("swish"), "Unsupported nonlinearity swish"),
        (lambda: nn.init.calculate_gain("leaky_relu", True), "negative_slope True not a valid"),
        (lambda: nn.init.xavier_uniform_(torch.empty(3)), "fewer than 2 dimensions"),
        (lambda: nn.init.kaiming_normal_(torch.empty(3, 3), mode="fan"), "Mode fan not supported"),
        (lambda: nn.init.eye_(torch.empty(3)), "Only tensors with 2 dimensions are supported"),
        (lambda: nn.init.sparse_(torch.empty(3), 0.1), "Only tensors with 2 dimensions"),
        (lambda: nn.init.orthogonal_(torch.empty(3)), "2 or more dimensions"),
        (lambda: nn.init.dirac_(torch.empty(3)), "Only tensors with 3, 4, or 5 dimensions"),
        (lambda: nn.init.dirac_(torch.empty(3, 3, 3), groups=2), "dim 0 must be divisible"),
    ],
)
def test_invalid_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_warnings():
    with pytest.warns(UserWarning, match="zero-element tensors is a no-op"):
        nn.init.kaiming_uniform_(torch.empty(0, 3))
    with pytest.warns(UserWarning, match="zero-element tensors is a no-op"):
        nn.init.kaiming_normal_(torch.empty(0, 3))
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        nn.init.trunc_normal_(torch.empty(3), mean=5.0)
    assert nn.init.orthogonal_(torch.empty(0, 3)).shape == (0, 3)
