"""The layers: what they print, how they start, what they hand to their functionals."""

import pytest

import rushlight as torch
from layer_rows import flat, rows
from rushlight import nn
from rushlight.nn import functional as F

REPR = [
    (nn.Identity(3, unused=4), "Identity()"),
    (nn.Linear(2, 3), "Linear(in_features=2, out_features=3, bias=True)"),
    (nn.Linear(2, 3, bias=False), "Linear(in_features=2, out_features=3, bias=False)"),
    (nn.Conv1d(1, 2, 3), "Conv1d(1, 2, kernel_size=(3,), stride=(1,))"),
    (
        nn.Conv2d(1, 6, 5, padding="same", padding_mode="reflect", dilation=2, bias=False),
        "Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=same, dilation=(2, 2), "
        "bias=False, padding_mode=reflect)",
    ),
    (
        nn.Conv2d(2, 4, (3, 5), stride=2, padding=(1, 2), groups=2),
        "Conv2d(2, 4, kernel_size=(3, 5), stride=(2, 2), padding=(1, 2), groups=2)",
    ),
    (
        nn.ConvTranspose2d(2, 4, 3, 2, padding=1, output_padding=1, groups=2),
        "ConvTranspose2d(2, 4, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), "
        "output_padding=(1, 1), groups=2)",
    ),
    (
        nn.Conv3d(1, 2, (1, 2, 1), padding=1),
        "Conv3d(1, 2, kernel_size=(1, 2, 1), stride=(1, 1, 1), padding=(1, 1, 1))",
    ),
    (
        nn.MaxPool2d(2),
        "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)",
    ),
    (
        nn.MaxPool2d((2, 3), stride=1, padding=1, ceil_mode=True),
        "MaxPool2d(kernel_size=(2, 3), stride=1, padding=1, dilation=1, ceil_mode=True)",
    ),
    (nn.AvgPool2d(3, 2, padding=1), "AvgPool2d(kernel_size=3, stride=2, padding=1)"),
    (nn.AdaptiveAvgPool2d((1, None)), "AdaptiveAvgPool2d(output_size=(1, None))"),
    (nn.ReLU(), "ReLU()"),
    (nn.ReLU(inplace=True), "ReLU(inplace=True)"),
    (nn.LeakyReLU(), "LeakyReLU(negative_slope=0.01)"),
    (nn.LeakyReLU(0.2, True), "LeakyReLU(negative_slope=0.2, inplace=True)"),
    (nn.Tanh(), "Tanh()"),
    (nn.Sigmoid(), "Sigmoid()"),
    (nn.Softmax(dim=1), "Softmax(dim=1)"),
    (nn.LogSoftmax(), "LogSoftmax(dim=None)"),
    (nn.Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
    (nn.Unflatten(1, (2, 3)), "Unflatten(dim=1, unflattened_size=(2, 3))"),
    (nn.Dropout(), "Dropout(p=0.5, inplace=False)"),
    (
        nn.BatchNorm2d(3),
        "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)",
    ),
    (
        nn.BatchNorm1d(3, affine=False, track_running_stats=False),
        "BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=False, bias=False, "
        "track_running_stats=False)",
    ),
    (nn.CrossEntropyLoss(), "CrossEntropyLoss()"),
    (nn.NLLLoss(), "NLLLoss()"),
    (nn.MSELoss(), "MSELoss()"),
    (nn.L1Loss(), "L1Loss()"),
    (nn.BCELoss(), "BCELoss()"),
    (nn.BCEWithLogitsLoss(), "BCEWithLogitsLoss()"),
    (nn.CELU(2.0, True), "CELU(alpha=2.0, inplace=True)"),
    (nn.ELU(), "ELU(alpha=1.0)"),
    (nn.GELU(), "GELU(approximate='none')"),
    (nn.GLU(), "GLU(dim=-1)"),
    (nn.Hardshrink(), "Hardshrink(0.5)"),
    (nn.Hardsigmoid(True), "Hardsigmoid()"),
    (nn.Hardtanh(0, 1, True), "Hardtanh(min_val=0, max_val=1, inplace=True)"),
    (nn.Mish(True), "Mish(inplace=True)"),
    (nn.PReLU(), "PReLU(num_parameters=1)"),
    (nn.RReLU(), "RReLU(lower=0.125, upper=0.3333333333333333)"),
    (nn.ReLU6(), "ReLU6()"),
    (nn.Softplus(), "Softplus(beta=1.0, threshold=20.0)"),
    (nn.Threshold(0.1, 20, True), "Threshold(threshold=0.1, value=20, inplace=True)"),
    (nn.Dropout2d(0.2), "Dropout2d(p=0.2, inplace=False)"),
    (nn.CosineSimilarity(), "CosineSimilarity()"),
    (
        nn.Bilinear(2, 3, 4),
        "Bilinear(in1_features=2, in2_features=3, out_features=4, bias=True)",
    ),
    (nn.GroupNorm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)"),
    (
        nn.LayerNorm((3, 4), bias=False),
        "LayerNorm((3, 4), eps=1e-05, elementwise_affine=True, bias=False)",
    ),
    (nn.RMSNorm(3), "RMSNorm((3,), eps=None, elementwise_affine=True)"),
    (nn.LocalResponseNorm(2), "LocalResponseNorm(2, alpha=0.0001, beta=0.75, k=1.0)"),
    (
        nn.InstanceNorm2d(3),
        "InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=False, bias=False, "
        "track_running_stats=False)",
    ),
    (
        nn.TripletMarginWithDistanceLoss(),
        "TripletMarginWithDistanceLoss(\n  (distance_function): PairwiseDistance()\n)",
    ),
]


@pytest.mark.parametrize("layer, expected", REPR, ids=[expected for _, expected in REPR])
def test_repr(layer, expected):
    assert repr(layer) == expected


# ---- initial values, as PyTorch 2.13 draws them after manual_seed(0)

INITIAL = [
    (
        lambda: nn.Linear(3, 2),
        [-0.00432251766, 0.309715837, -0.475185335, -0.424894601, -0.222368971, 0.154820725],
        [-0.0114391446, 0.457774937],
    ),
    (
        lambda: nn.Conv2d(2, 2, (1, 2), groups=2),
        [-0.00529398117, 0.379322886, -0.581980765, -0.520387471],
        [-0.272345245, 0.18961589],
    ),
    (
        lambda: nn.Conv1d(1, 2, 3),
        [-0.00432251766, 0.309715837, -0.475185335, -0.424894601, -0.222368971, 0.154820725],
        [-0.0114391446, 0.457774937],
    ),
    (
        lambda: nn.ConvTranspose1d(2, 1, 2),
        [-0.00529398117, 0.379322886, -0.581980765, -0.520387471],
        [-0.272345245],
    ),
    (
        lambda: nn.Linear(2, 2, bias=False),
        [-0.00529398117, 0.379322886, -0.581980765, -0.520387471],
        None,
    ),
]


@pytest.mark.parametrize("make, weight, bias", INITIAL)
def test_initial_values(make, weight, bias):
    torch.manual_seed(0)
    layer = make()
    assert layer.weight.flatten().tolist() == pytest.approx(weight, rel=2e-8)
    assert bias is None and layer.bias is None or layer.bias.tolist() == pytest.approx(bias)
    before = layer.weight.tolist()
    layer.reset_parameters()
    assert layer.weight.tolist() != before


def test_dtype_of_parameters():
    for layer in (
        nn.Linear(2, 2, dtype=torch.float64),
        nn.Conv2d(1, 1, 1, dtype=torch.float64),
        nn.BatchNorm1d(2, dtype=torch.float64),
    ):
        assert {p.dtype for p in layer.parameters()} == {torch.float64}


# ---- linear and convolution


def test_linear():
    layer = nn.Linear(3, 2)
    x = torch.randn(4, 3)
    assert torch.equal(layer(x), F.linear(x, layer.weight, layer.bias))
    layer(x).sum().backward()
    assert layer.bias.grad.tolist() == [4.0, 4.0]
    assert nn.Identity()(x) is x


def test_transposed_convolution():
    layer = nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1)
    x = torch.randn(1, 2, 5, 5)
    expected = F.conv_transpose2d(x, layer.weight, layer.bias, 2, 1, (1, 0))
    assert torch.equal(layer(x, output_size=(10, 9)), expected)
    assert torch.equal(layer(x, output_size=(1, 4, 10, 9)), expected)
    with pytest.raises(ValueError, match=r"valid sizes range from \[9, 9\] to \[10, 10\]"):
        layer(x, output_size=(12, 9))
    with pytest.raises(ValueError, match='Only "zeros" padding mode is supported for ConvTr'):
        nn.ConvTranspose2d(2, 4, 3, padding_mode="reflect")
    volume = nn.ConvTranspose3d(2, 3, 2, stride=2)(torch.randn(1, 2, 4, 4, 4))
    assert volume.shape == (1, 3, 8, 8, 8)


def test_convolution():
    layer = nn.Conv2d(2, 4, (3, 2), stride=2, padding=(1, 0), dilation=(1, 2), groups=2)
    x = torch.randn(2, 2, 7, 8)
    expected = F.conv2d(x, layer.weight, layer.bias, (2, 2), (1, 0), (1, 2), 2)
    assert torch.equal(layer(x), expected)
    one = nn.Conv1d(2, 3, 3, padding=1)
    y = torch.randn(2, 2, 7)
    assert torch.equal(one(y), F.conv1d(y, one.weight, one.bias, padding=1))


def test_convolution_paddings():
    x = torch.randn(1, 1, 6, 7)
    same = nn.Conv2d(1, 1, (4, 3), padding="same", dilation=(1, 2))
    assert same(x).shape == x.shape
    assert nn.Conv2d(1, 1, 3, padding="valid")(x).shape == (1, 1, 4, 5)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding, border", [((1, 2), (2, 2, 1, 1)), ("same", (1, 2, 1, 1))])
def test_convolution_padding_modes(mode, padding, border):
    layer = nn.Conv2d(1, 2, (3, 4), padding=padding, padding_mode=mode)
    x = torch.randn(1, 1, 6, 7)
    padded = F.pad(x, border, mode=mode)
    assert torch.equal(layer(x), F.conv2d(padded, layer.weight, layer.bias))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"groups": 2}, "in_channels must be divisible by groups"),
        ({"groups": 3}, "out_channels must be divisible by groups"),
        ({"groups": 0}, "groups must be a positive integer"),
        ({"padding": "other"}, "Invalid padding string 'other', should be one of"),
        ({"padding": "same", "stride": 2}, "padding='same' is not supported for strided"),
        ({"padding_mode": "other"}, "padding_mode must be one of .* but got padding_mode='other'"),
    ],
)
def test_invalid_convolutions(options, message):
    with pytest.raises(ValueError, match=message):
        nn.Conv2d(3, 4, 3, **options)


# ---- pooling, activation, shape, dropout


def test_pooling():
    x = torch.randn(2, 3, 7, 8)
    pool = nn.MaxPool2d(3, 2, padding=1, ceil_mode=True)
    assert torch.equal(pool(x), F.max_pool2d(x, 3, 2, 1, ceil_mode=True))
    values, indices = nn.MaxPool2d(2, return_indices=True)(x)
    assert torch.equal(x[0, 0].flatten()[indices[0, 0]], values[0, 0])
    mean = nn.AvgPool2d(3, 2, padding=1, count_include_pad=False)
    assert torch.equal(mean(x), F.avg_pool2d(x, 3, 2, 1, count_include_pad=False))
    assert nn.AvgPool2d(2, divisor_override=1)(torch.ones(1, 1, 2, 2)).item() == 4.0
    assert torch.allclose(nn.AdaptiveAvgPool2d(1)(x).flatten(1), x.mean((2, 3)), atol=1e-6)


def test_activations():
    x = torch.randn(3, 4)
    for layer, expected in (
        (nn.ReLU(), F.relu(x)),
        (nn.LeakyReLU(0.2), F.leaky_relu(x, 0.2)),
        (nn.Tanh(), torch.tanh(x)),
        (nn.Sigmoid(), torch.sigmoid(x)),
        (nn.Softmax(1), F.softmax(x, 1)),
        (nn.LogSoftmax(0), F.log_softmax(x, 0)),
    ):
        assert torch.equal(layer(x), expected)


def test_activations_in_place():
    x = torch.tensor([-1.0, 2.0])
    assert nn.ReLU(inplace=True)(x) is x and x.tolist() == [0.0, 2.0]
    x = torch.tensor([-1.0, 2.0])
    assert nn.LeakyReLU(0.5, inplace=True)(x) is x and x.tolist() == [-0.5, 2.0]


def test_flatten_and_unflatten():
    x = torch.randn(2, 3, 4, 5)
    assert nn.Flatten()(x).shape == (2, 60)
    assert nn.Flatten(0, 1)(x).shape == (6, 4, 5)
    assert nn.Unflatten(-1, (5, -1))(x).shape == (2, 3, 4, 5, 1)
    with pytest.raises(TypeError, match="must be a tuple of ints, but found type int"):
        nn.Unflatten(1, 2)
    with pytest.raises(TypeError, match="found element of type float at pos 1"):
        nn.Unflatten(1, (2, 2.0))
    with pytest.raises(TypeError, match="dim must be an int"):
        nn.Unflatten("name", (2,))


def test_dropout():
    x = torch.ones(1000)
    layer = nn.Dropout(0.25)
    y = layer(x)
    assert set(y.tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    assert 150 < (y == 0).sum().item() < 350
    assert layer.eval()(x) is x or torch.equal(layer(x), x)
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError, match=f"has to be between 0 and 1, but got {p}"):
            nn.Dropout(p)


# ---- batch normalisation


def test_batch_norm_normalises_and_tracks():
    layer = nn.BatchNorm2d(2)
    x = torch.randn(4, 2, 3, 3) * 3 + 1
    y = layer(x)
    assert torch.allclose(y.mean((0, 2, 3)), torch.zeros(2), atol=1e-6)
    assert torch.allclose(y.var((0, 2, 3), unbiased=False), torch.ones(2), atol=1e-4)
    assert torch.allclose(layer.running_mean, 0.1 * x.mean((0, 2, 3)), atol=1e-6)
    assert torch.allclose(layer.running_var, 0.9 + 0.1 * x.var((0, 2, 3)), atol=1e-5)
    assert layer.num_batches_tracked.item() == 1
    before = layer.state_dict(), layer.eval()(x)
    assert layer.num_batches_tracked.item() == 1
    scaled = (x - before[0]["running_mean"].view(1, 2, 1, 1)) / (
        before[0]["running_var"].view(1, 2, 1, 1) + 1e-5
    ).sqrt()
    assert torch.allclose(before[1], scaled, atol=1e-5)
    layer.reset_running_stats()
    assert layer.running_mean.tolist() == [0.0, 0.0] and layer.num_batches_tracked.item() == 0


def test_batch_norm_with_the_mean_of_all_batches():
    layer = nn.BatchNorm1d(1, momentum=None)
    for values in ([1.0, 3.0], [5.0, 7.0], [0.0, 2.0]):
        layer(torch.tensor(values).unsqueeze(1))
    assert layer.running_mean.item() == pytest.approx(3.0)
    assert layer.running_var.item() == pytest.approx(2.0)


def test_batch_norm_without_statistics_or_scale():
    layer = nn.BatchNorm1d(2, affine=False, track_running_stats=False)
    assert list(layer.state_dict()) == [] and list(layer.parameters()) == []
    x = torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    assert torch.allclose(layer.eval()(x), torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), atol=1e-4)
    assert nn.BatchNorm2d(2, bias=False).bias is None
    frozen = nn.BatchNorm1d(2)
    frozen.track_running_stats = False
    frozen(x)
    assert frozen.num_batches_tracked.item() == 0 and frozen.running_mean.tolist() == [0.0, 0.0]


def test_batch_norm_checks_dimensions():
    with pytest.raises(ValueError, match="expected 4D input \\(got 2D input\\)"):
        nn.BatchNorm2d(3)(torch.ones(2, 3))
    with pytest.raises(ValueError, match="expected 2D or 3D input \\(got 4D input\\)"):
        nn.BatchNorm1d(3)(torch.ones(2, 3, 1, 1))


# ---- losses


def test_losses_call_their_functionals():
    x, target = torch.randn(4, 3), torch.tensor([0, 2, -1, 1])
    weight = torch.tensor([1.0, 2.0, 0.5])
    loss = nn.CrossEntropyLoss(weight, ignore_index=-1, reduction="sum", label_smoothing=0.1)
    expected = F.cross_entropy(
        x, target, weight, ignore_index=-1, reduction="sum", label_smoothing=0.1
    )
    assert torch.equal(loss(x, target), expected)
    assert list(loss.state_dict()) == ["weight"]
    log_p = F.log_softmax(x, 1)
    assert torch.equal(
        nn.NLLLoss(weight, ignore_index=-1, reduction="none")(log_p, target),
        F.nll_loss(log_p, target, weight, ignore_index=-1, reduction="none"),
    )
    y = torch.randn(4, 3)
    assert nn.MSELoss()(x, y).item() == pytest.approx(((x - y) ** 2).mean().item())
    assert nn.L1Loss(reduction="sum")(x, y).item() == pytest.approx((x - y).abs().sum().item())


def test_binary_losses():
    x, y = torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 0.0]])
    loss = nn.BCEWithLogitsLoss(torch.ones(2), pos_weight=torch.tensor([2.0, 3.0]))
    assert loss(x, y).item() == pytest.approx(1.3497781)  # PyTorch's
    assert list(loss.state_dict()) == ["weight", "pos_weight"]
    plain = nn.BCEWithLogitsLoss(reduction="none")(x, y)
    assert torch.allclose(plain, nn.BCELoss(reduction="none")(torch.sigmoid(x), y))
    weight = torch.tensor([0.5, 2.0])
    weighted = nn.BCELoss(weight, reduction="sum")(torch.sigmoid(x), y)
    assert weighted.item() == pytest.approx((plain * weight).sum().item())


def test_reduction_in_pytorchs_old_words():
    for arguments, reduction in (
        ({"size_average": False}, "sum"),
        ({"size_average": True}, "mean"),
        ({"reduce": False}, "none"),
        ({"reduce": True, "size_average": False}, "sum"),
    ):
        with pytest.warns(UserWarning, match=f"please use reduction='{reduction}'"):
            assert nn.CrossEntropyLoss(**arguments).reduction == reduction


def test_likely_mistakes_are_named() -> None:
    logits, labels = torch.zeros(5, 3), torch.tensor([0, 1, 2, 1, 0])
    with pytest.raises(RuntimeError, match="did you swap input and target"):
        nn.CrossEntropyLoss()(labels, logits)
    with pytest.raises(RuntimeError, match="Expected floating point type for target"):
        nn.CrossEntropyLoss()(logits, nn.functional.one_hot(labels))
    with pytest.raises(TypeError, match="argument 'input' .*must be Tensor, not list"):
        nn.Linear(2, 1)([1.0, 2.0])
    with pytest.raises(TypeError, match="argument 'input' .*must be Tensor, not list"):
        nn.Conv2d(1, 1, 1)([1.0])


# ---- layers that hand everything to a functional of the same name


X = torch.tensor([[-1.5, 0.25, 2.0, -0.5], [1.0, -3.0, 0.75, 0.1]])
POSITIVE = torch.tensor([[0.5, 0.25, 2.0, 0.5], [1.0, 3.0, 0.75, 0.1]])
SIGNS = torch.tensor([[1.0, -1.0, 1.0, -1.0], [1.0, 1.0, -1.0, -1.0]])

CALLS = [
    (nn.SELU(), (X,), F.selu(X)),
    (nn.SiLU(), (X,), F.silu(X)),
    (nn.Mish(), (X,), F.mish(X)),
    (nn.Hardsigmoid(), (X,), F.hardsigmoid(X)),
    (nn.Hardswish(), (X,), F.hardswish(X)),
    (nn.LogSigmoid(), (X,), F.logsigmoid(X)),
    (nn.Softsign(), (X,), F.softsign(X)),
    (nn.Tanhshrink(), (X,), F.tanhshrink(X)),
    (nn.ELU(0.5), (X,), F.elu(X, 0.5)),
    (nn.CELU(0.5), (X,), F.celu(X, 0.5)),
    (nn.Threshold(0.1, 9.0), (X,), F.threshold(X, 0.1, 9.0)),
    (nn.GELU("tanh"), (X,), F.gelu(X, "tanh")),
    (nn.GLU(0), (X,), F.glu(X, 0)),
    (nn.Hardshrink(0.6), (X,), F.hardshrink(X, 0.6)),
    (nn.Softshrink(0.6), (X,), F.softshrink(X, 0.6)),
    (nn.Softplus(2.0, 3.0), (X,), F.softplus(X, 2.0, 3.0)),
    (nn.Hardtanh(-0.5, 0.7), (X,), F.hardtanh(X, -0.5, 0.7)),
    (nn.ReLU6(), (4 * X,), F.relu6(4 * X)),
    (nn.Softmin(1), (X,), F.softmin(X, 1)),
    (nn.CosineSimilarity(0, 1e-3), (X, POSITIVE), F.cosine_similarity(X, POSITIVE, 0, 1e-3)),
    (nn.PairwiseDistance(1, 0.1), (X, POSITIVE), F.pairwise_distance(X, POSITIVE, 1, 0.1)),
    (nn.SmoothL1Loss(beta=0.5), (X, POSITIVE), F.smooth_l1_loss(X, POSITIVE, beta=0.5)),
    (nn.HuberLoss("sum", 0.5), (X, POSITIVE), F.huber_loss(X, POSITIVE, "sum", 0.5)),
    (nn.PoissonNLLLoss(full=True), (X, POSITIVE), F.poisson_nll_loss(X, POSITIVE, full=True)),
    (
        nn.GaussianNLLLoss(eps=0.3),
        (X, SIGNS, POSITIVE),
        F.gaussian_nll_loss(X, SIGNS, POSITIVE, eps=0.3),
    ),
    (
        nn.KLDivLoss(reduction="batchmean", log_target=True),
        (X, SIGNS),
        F.kl_div(X, SIGNS, reduction="batchmean", log_target=True),
    ),
    (nn.SoftMarginLoss(), (X, SIGNS), F.soft_margin_loss(X, SIGNS)),
    (nn.HingeEmbeddingLoss(0.5), (X, SIGNS), F.hinge_embedding_loss(X, SIGNS, 0.5)),
    (
        nn.MarginRankingLoss(0.5),
        (X, POSITIVE, SIGNS),
        F.margin_ranking_loss(X, POSITIVE, SIGNS, 0.5),
    ),
    (
        nn.MultiMarginLoss(2, 0.5, POSITIVE[0]),
        (X, torch.tensor([0, 3])),
        F.multi_margin_loss(X, torch.tensor([0, 3]), 2, 0.5, POSITIVE[0]),
    ),
    (
        nn.MultiLabelSoftMarginLoss(POSITIVE[0]),
        (X, SIGNS),
        F.multilabel_soft_margin_loss(X, SIGNS, POSITIVE[0]),
    ),
    (
        nn.TripletMarginLoss(0.5, 1.0, swap=True),
        (X, POSITIVE, SIGNS),
        F.triplet_margin_loss(X, POSITIVE, SIGNS, 0.5, 1.0, swap=True),
    ),
    (nn.LocalResponseNorm(2, 0.5), (X[None],), F.local_response_norm(X[None], 2, 0.5)),
    (nn.InstanceNorm1d(2), (X,), F.instance_norm(X[None])[0]),
    (nn.InstanceNorm1d(2), (X[None],), F.instance_norm(X[None])),
]


@pytest.mark.parametrize("layer, inputs, expected", CALLS, ids=[repr(c[0]) for c in CALLS])
def test_layer_calls_its_functional(layer, inputs, expected):
    assert torch.equal(layer(*inputs), expected)


def test_normalisation_layers_start_as_the_plain_normalisation():
    for layer, expected in (
        (nn.LayerNorm(4), F.layer_norm(X, (4,))),
        (nn.LayerNorm((2, 4)), F.layer_norm(X, (2, 4))),
        (nn.RMSNorm(4), F.rms_norm(X, (4,))),
        (nn.GroupNorm(2, 4), F.group_norm(X, 2)),
    ):
        assert torch.allclose(layer(X), expected, atol=1e-6)
        assert list(layer.state_dict())[0] == "weight"
    with pytest.raises(ValueError, match="num_channels .5. must be divisible by num_groups .2."):
        nn.GroupNorm(2, 5)


def test_instance_norm_tracks_the_mean_of_its_images():
    layer = nn.InstanceNorm1d(2, affine=True, track_running_stats=True)
    layer(X[None])
    assert torch.allclose(layer.running_mean, 0.1 * X.mean(1))
    assert torch.allclose(layer.running_var, 0.9 + 0.1 * X.var(1))
    assert not torch.equal(layer.eval()(X[None]), F.instance_norm(X[None]))
    with pytest.raises(ValueError, match="expected 2D or 3D input .got 4D input"):
        layer(X[None, None])
    with pytest.raises(ValueError, match="to match num_features .2., but got: 3"):
        layer(torch.ones(1, 3, 4))


def test_dropouts_of_channels():
    x = torch.ones(8, 16, 5)
    for layer in (nn.Dropout1d(0.4), nn.Dropout2d(0.4), nn.FeatureAlphaDropout(0.4)):
        y = layer(x)
        assert torch.equal(y, y[..., :1].expand(8, 16, 5)) and len(set(y.flatten().tolist())) == 2
        assert layer.eval()(x) is x
    with pytest.raises(RuntimeError, match="dropout1d: Expected 2D or 3D input, but received a 4D"):
        F.dropout1d(torch.ones(1, 1, 1, 1))


def test_random_masks_are_pytorchs():
    torch.manual_seed(3)
    kept = F.dropout1d(torch.ones(2, 4, 3), 0.3)[..., 0] > 0
    assert kept.tolist() == [[True, True, False, True], [False, True, True, True]]
    torch.manual_seed(3)
    y = F.alpha_dropout(torch.ones(5), 0.3, True)
    expected = [1.315044641494751, 1.315044641494751, -1.059548258781433]
    assert y[:3].tolist() == pytest.approx(expected, rel=1e-6)
    torch.manual_seed(3)
    slopes = F.rrelu(torch.tensor([-1.0, 2.0, -3.0, -4.0]), 0.1, 0.3, True).tolist()
    assert slopes == pytest.approx([-0.10682164, 2.0, -0.4720442, -1.018332], rel=1e-6)


# ---- layers of `layer_rows`, which tests/parity holds against PyTorch's

ROWS = rows()


@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row.name}" for i, row in enumerate(ROWS)])
def test_a_copy_by_state_dict_computes_the_same(row):
    torch.manual_seed(0)
    layer, copy, inputs = row.make(nn), row.make(nn), row.inputs(torch)
    assert repr(layer) == repr(copy)
    assert copy.load_state_dict(layer.state_dict()) == ([], [])
    results = []
    for made in (layer, copy):
        torch.manual_seed(1)
        results.append(flat(made(*inputs)))
    for first, second in zip(*results, strict=True):
        assert torch.equal(first, second)


def test_adaptive_log_softmax_of_all_classes():
    torch.manual_seed(0)
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 12], 2.0)
    x, target = torch.randn(50, 8), torch.randint(0, 20, (50,))
    log_prob = layer.log_prob(x)
    assert torch.allclose(log_prob.exp().sum(1), torch.ones(50))
    output, loss = layer(x, target)
    assert torch.allclose(output, log_prob.gather(1, target.unsqueeze(1)).squeeze(1))
    assert torch.allclose(loss, -output.mean())
    assert torch.equal(layer.predict(x), log_prob.argmax(1))
    with torch.no_grad():
        layer.head.weight.zero_()
        layer.head.weight[5:] = x[0]
    assert int(layer.predict(x[:1])) == int(layer.log_prob(x[:1]).argmax(1)) >= 5


def test_padding_rows_of_embeddings_get_no_gradient():
    for layer in (nn.Embedding(4, 2, padding_idx=-1), nn.EmbeddingBag(4, 2, padding_idx=3)):
        assert layer.padding_idx == 3 and layer.weight[3].tolist() == [0, 0]
        layer(torch.tensor([[3, 1]])).sum().backward()
        assert layer.weight.grad[3].tolist() == [0, 0] and layer.weight.grad[1].tolist() != [0, 0]
    assert not nn.Embedding.from_pretrained(torch.ones(2, 2)).weight.requires_grad
    assert nn.EmbeddingBag.from_pretrained(torch.ones(2, 2), False).weight.requires_grad


def test_losses_of_one_sample() -> None:
    """Its class number may stand by itself or in a row."""
    x = torch.tensor([1.0, 2.0])
    for target in (torch.tensor(0), torch.tensor([0])):
        assert F.nll_loss(x, target, reduction="none").shape == ()
        assert torch.isclose(F.cross_entropy(x, target), torch.tensor(1.313262))
    with pytest.raises(ValueError, match="Expected 1 or more dimensions"):
        F.nll_loss(torch.tensor(1.0), torch.tensor(0))
    with pytest.raises(RuntimeError, match="Expected 1 or more dimensions"):
        F.cross_entropy(torch.tensor(1.0), torch.tensor(0))
