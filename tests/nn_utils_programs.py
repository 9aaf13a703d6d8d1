"""Little programs about `nn.utils` and `nn.init`, see `module_programs.py`."""

from __future__ import annotations

import copy
import importlib
import pickle
from collections.abc import Iterator
from typing import Any

from module_programs import attempt, make_net, program


def part(torch: Any, name: str) -> Any:
    return importlib.import_module(f"{torch.__name__}.nn.utils.{name}")


def trained(torch: Any, net: Any, x: Any, steps: int = 3) -> list[float]:
    """The losses of a few steps."""
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (net(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# ---- normalised weights


@program
def weight_norm_of_old(torch: Any) -> Iterator[Any]:
    nn, utils = torch.nn, torch.nn.utils
    for make, shape in (
        (lambda: nn.Linear(3, 4), (2, 3)), (lambda: nn.Conv2d(2, 3, 3), (1, 2, 5, 5)),
        (lambda: nn.ConvTranspose1d(2, 3, 2), (1, 2, 4)),
    ):  # fmt: skip
        for dim in (0, 1, None, -1):
            layer = utils.weight_norm(make(), dim=dim)
            yield list(layer.state_dict()), layer.weight_g, layer
            yield trained(torch, layer, torch.randn(*shape)), layer.weight
            yield utils.remove_weight_norm(layer), layer.weight, list(layer.state_dict())
    layer = utils.weight_norm(nn.Linear(2, 2), "bias")
    yield attempt(lambda: utils.weight_norm(layer, "bias"))
    yield attempt(lambda: utils.remove_weight_norm(layer)), attempt(lambda: utils.weight_norm(3))
    copied = utils.weight_norm(nn.Linear(2, 2))
    copied(torch.ones(1, 2))
    yield attempt(lambda: copy.deepcopy(copied))
    other = utils.weight_norm(nn.Linear(2, 2))
    yield other.load_state_dict(copied.state_dict()), other(torch.ones(1, 2))


@program
def spectral_norm_of_old(torch: Any) -> Iterator[Any]:
    nn, utils = torch.nn, torch.nn.utils
    for make, shape in (
        (lambda: nn.Linear(3, 4), (2, 3)), (lambda: nn.Conv2d(2, 3, 3), (1, 2, 5, 5)),
        (lambda: nn.ConvTranspose2d(2, 3, 2), (1, 2, 4, 4)),
    ):  # fmt: skip
        layer = utils.spectral_norm(make(), n_power_iterations=2)
        yield layer.state_dict(), layer.state_dict()._metadata, layer
        yield trained(torch, layer, torch.randn(*shape)), layer.weight
        yield layer.eval()(torch.ones(*shape)), layer.weight_u
        other = utils.spectral_norm(make())
        yield other.load_state_dict(layer.state_dict()), other.weight_v
        yield utils.remove_spectral_norm(layer), layer.weight, list(layer.state_dict())
    layer = utils.spectral_norm(nn.Linear(2, 2))
    yield attempt(lambda: utils.spectral_norm(layer))
    yield attempt(lambda: utils.remove_spectral_norm(layer, "bias"))
    yield attempt(lambda: utils.spectral_norm(nn.Linear(2, 2), n_power_iterations=0))
    yield attempt(lambda: utils.spectral_norm(nn.Linear(2, 2, bias=False), "bias"))
    # A state from before there was `weight_v`.
    old = dict(layer.state_dict())
    old["weight"] = layer.weight.detach().clone() * 0.5
    del old["weight_v"]
    yield layer.load_state_dict(old), layer.weight_v
    del old["weight_u"]
    yield attempt(lambda: layer.load_state_dict(old))


# ---- parametrizations


@program
def parametrized_modules(torch: Any) -> Iterator[Any]:
    nn, parametrize = torch.nn, part(torch, "parametrize")

    class Symmetric(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.triu() + x.triu(1).mT

        def right_inverse(self, x: Any) -> Any:
            return x.triu()

    class Doubled(nn.Module):
        def forward(self, x: Any) -> Any:
            return 2 * x

    class Split(nn.Module):
        def forward(self, low: Any, high: Any) -> Any:
            return torch.cat([low, high])

        def right_inverse(self, x: Any) -> Any:
            return x[:1], x[1:]

    layer = nn.Linear(2, 2)
    before = layer.weight
    yield parametrize.register_parametrization(layer, "weight", Symmetric()) is layer
    yield layer, layer.weight, type(layer).__name__, list(layer.state_dict())
    yield layer.parametrizations.weight.original is before, layer.parametrizations.weight[0]
    yield parametrize.is_parametrized(layer), parametrize.is_parametrized(layer, "bias")
    yield parametrize.type_before_parametrizations(layer) is nn.Linear, isinstance(layer, nn.Linear)
    layer.weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    yield layer.weight, layer.parametrizations.weight.original
    yield trained(torch, layer, torch.ones(1, 2)), layer.weight
    parametrize.register_parametrization(layer, "weight", Doubled())
    yield layer.weight, layer, len(layer.parametrizations.weight)
    yield attempt(lambda: setattr(layer, "weight", torch.ones(2, 2)))
    yield attempt(lambda: setattr(layer, "weight", nn.Parameter(torch.ones(2, 2))))
    copied = copy.deepcopy(layer)
    yield copied.weight, copied.parametrizations.weight.original is before
    yield attempt(lambda: pickle.dumps(layer)), attempt(lambda: delattr(layer, "weight"))
    with parametrize.cached():
        first = layer.weight
        yield layer.weight is first
    yield layer.weight is first
    yield parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False) is layer
    yield layer, layer.weight, layer.weight is before, type(layer).__name__
    yield parametrize.is_parametrized(layer), list(layer.state_dict())
    parametrize.register_parametrization(layer, "weight", Symmetric())
    parametrize.register_parametrization(layer, "bias", Split())
    yield layer, list(layer.state_dict()), layer.bias, layer.parametrizations.bias.is_tensor
    yield layer.parametrizations.bias.ntensors, layer.parametrizations.bias.original1
    layer.bias = torch.tensor([5.0, 6.0])
    yield layer.bias, layer.parametrizations.bias.original0
    yield attempt(
        lambda: parametrize.remove_parametrizations(layer, "bias", leave_parametrized=False)
    )
    parametrize.remove_parametrizations(layer, "bias")
    yield layer.bias, layer, parametrize.is_parametrized(layer, "weight")
    other = nn.Linear(2, 2)
    parametrize.transfer_parametrizations_and_params(layer, other)
    yield other.weight, other, other.parametrizations.weight.original is before
    yield attempt(lambda: parametrize.remove_parametrizations(nn.ReLU(), "weight"))
    yield attempt(lambda: parametrize.register_parametrization(layer, "none", Doubled()))
    norm = nn.BatchNorm1d(2)
    parametrize.register_parametrization(norm, "running_mean", Doubled())
    yield norm, list(norm.state_dict()), norm.running_mean
    parametrize.remove_parametrizations(norm, "running_mean")
    yield list(norm.named_buffers())


@program
def wrong_parametrizations(torch: Any) -> Iterator[Any]:
    nn, parametrize = torch.nn, part(torch, "parametrize")

    def made(forward: Any, inverse: Any = None) -> Any:
        class Made(nn.Module):
            def forward(self, *x: Any) -> Any:
                return forward(*x)

        if inverse is not None:
            Made.right_inverse = lambda self, x: inverse(x)
        return Made()

    wrong = [
        made(lambda x: x.double()), made(lambda x: x[:1]), made(lambda x: 3),
        made(lambda x: x, lambda x: x.double()), made(lambda x: x, lambda x: 3),
        made(lambda x, y: x, lambda x: (x, 3)), made(lambda x: x, lambda x: x[:1]),
    ]  # fmt: skip
    for one in wrong:
        layer = nn.Linear(2, 2)
        yield attempt(lambda m=layer, o=one: parametrize.register_parametrization(m, "weight", o))
        parametrize.register_parametrization(layer, "weight", made(lambda x: x, lambda x: x))
        yield attempt(lambda m=layer, o=one: parametrize.register_parametrization(m, "weight", o))
    layer = nn.Linear(2, 2)
    parametrize.register_parametrization(layer, "weight", made(lambda x: x[:1]), unsafe=True)
    yield layer.weight.shape, layer.parametrizations.weight.unsafe
    yield attempt(lambda: parametrize.ParametrizationList([], torch.ones(1)))


@program
def orthogonal_matrices(torch: Any) -> Iterator[Any]:
    nn, made = torch.nn, part(torch, "parametrizations")
    for kind in ("matrix_exp", "cayley", "householder", None):
        for sizes in ((3, 3), (4, 2), (2, 4)):
            for trivial in (True, False):
                layer = nn.Linear(*sizes)
                made.orthogonal(layer, "weight", kind, use_trivialization=trivial)
                yield list(layer.state_dict()), layer, layer.weight
                yield trained(torch, layer, torch.randn(2, sizes[0])), layer.weight
                target = torch.eye(sizes[1], sizes[0])
                yield attempt(lambda m=layer, t=target: setattr(m, "weight", t)), layer.weight
    yield attempt(lambda: made.orthogonal(nn.Linear(2, 2), "bias"))
    yield attempt(lambda: made.orthogonal(nn.Linear(2, 2), "none"))
    yield attempt(lambda: made.orthogonal(nn.Linear(2, 2), orthogonal_map="best"))
    batch = nn.Module()
    batch.matrices = nn.Parameter(torch.randn(2, 3, 3))
    yield made.orthogonal(batch, "matrices").matrices
    yield attempt(lambda: setattr(batch, "matrices", torch.ones(3, 3)))


@program
def parametrized_norms(torch: Any) -> Iterator[Any]:
    nn, made, parametrize = torch.nn, part(torch, "parametrizations"), part(torch, "parametrize")
    for make, shape in (
        (lambda: nn.Linear(3, 4), (2, 3)), (lambda: nn.Conv2d(2, 3, 3), (1, 2, 5, 5)),
        (lambda: nn.ConvTranspose2d(2, 3, 2), (1, 2, 4, 4)),
    ):  # fmt: skip
        layer = made.spectral_norm(make(), n_power_iterations=2)
        yield layer.state_dict(), layer, trained(torch, layer, torch.randn(*shape)), layer.weight
        yield layer.eval()(torch.ones(*shape)), attempt(lambda m=layer: setattr(m, "weight", 3))
        yield parametrize.remove_parametrizations(layer, "weight").weight
        for dim in (0, 1, None):
            layer = made.weight_norm(make(), dim=dim)
            yield layer.state_dict(), layer, trained(torch, layer, torch.randn(*shape))
            layer.weight = layer.weight.detach() * 2
            yield layer.weight, layer.parametrizations.weight.original0
            yield parametrize.remove_parametrizations(layer, "weight").weight
    layer = made.weight_norm(nn.Linear(2, 2))
    yield layer.load_state_dict({
        "bias": torch.ones(2), "weight_g": torch.ones(2, 1), "weight_v": torch.ones(2, 2)
    }), layer.weight  # fmt: skip
    yield made.spectral_norm(nn.Linear(2, 2), "bias").bias
    yield attempt(lambda: made.spectral_norm(nn.Linear(2, 2), "none"))
    yield attempt(lambda: made.spectral_norm(nn.Linear(2, 2), n_power_iterations=0))
    yield attempt(lambda: made.spectral_norm(nn.Linear(2, 2), dim=2))


# ---- pruning


@program
def pruning(torch: Any) -> Iterator[Any]:
    nn, prune = torch.nn, part(torch, "prune")
    layer = nn.Linear(4, 6)
    weight = layer.weight
    yield prune.is_pruned(layer), prune.l1_unstructured(layer, "weight", amount=0.25) is layer
    yield layer.state_dict(), layer.weight, layer, layer.weight_orig is weight
    yield prune.random_unstructured(layer, "weight", amount=3).weight_mask
    yield prune.ln_structured(layer, "weight", amount=1, n=2, dim=0).weight_mask
    yield prune.random_structured(layer, "weight", amount=0.5, dim=1).weight_mask
    yield prune.is_pruned(nn.Sequential(layer)), trained(torch, layer, torch.ones(2, 4))
    (hook,) = layer._forward_pre_hooks.values()
    yield type(hook).__name__, [type(method).__name__ for method in hook], len(hook)
    yield prune.remove(layer, "weight").weight, layer.weight is weight, list(layer.state_dict())
    yield attempt(lambda: prune.remove(layer, "weight")), prune.is_pruned(layer)
    prune.identity(layer, "bias")
    mask = torch.tensor([1, 0, 1, 0, 1, 1])
    yield layer.bias_mask, prune.custom_from_mask(layer, "bias", mask).bias_mask
    scores = torch.arange(24.0).view(6, 4)
    yield prune.l1_unstructured(layer, "weight", 5, importance_scores=scores).weight_mask
    convolution = nn.Conv2d(3, 4, 2)
    yield prune.ln_structured(convolution, "weight", 0.5, n=1, dim=1).weight_mask
    yield prune.ln_structured(convolution, "weight", 1, n=float("inf"), dim=-1).weight_mask
    net = make_net(torch)
    places = [(net[0], "weight"), (net[3], "weight"), (net[3], "bias")]
    prune.l1_unstructured(net[0], "weight", 2)
    prune.global_unstructured(places, pruning_method=prune.L1Unstructured, amount=0.4)
    yield net.state_dict()
    prune.global_unstructured(places, prune.RandomUnstructured, {places[2]: net[3].bias}, amount=3)
    yield net.state_dict(), copy.deepcopy(nn.ReLU())
    yield prune.L1Unstructured(2).prune(torch.tensor([3.0, 1.0, 2.0]))
    yield prune.RandomStructured(1, 0).prune(torch.ones(3, 2))


@program
def wrong_pruning(torch: Any) -> Iterator[Any]:
    nn, prune = torch.nn, part(torch, "prune")
    layer = nn.Linear(2, 3)
    for amount in (1.5, -1, -0.1, "x", 99, None):
        yield attempt(lambda a=amount: prune.l1_unstructured(layer, "weight", a)), layer
        yield attempt(lambda a=amount: prune.random_structured(layer, "weight", a, 0))
    for call in (
        lambda: prune.ln_structured(layer, "bias", 1, 2, 0),
        lambda: prune.ln_structured(layer, "weight", 1, 2, 5),
        lambda: prune.l1_unstructured(layer, "weight", 1, importance_scores=torch.ones(1)),
        lambda: prune.l1_unstructured(layer, "none", 1),
        lambda: prune.custom_from_mask(layer, "weight", torch.ones(1)),
        lambda: prune.global_unstructured(3, prune.L1Unstructured, amount=1),
        lambda: prune.global_unstructured([], prune.L1Unstructured, [1], amount=1),
        lambda: prune.global_unstructured([(layer, "weight")], prune.LnStructured, amount=1, n=1),
        lambda: prune.BasePruningMethod(), lambda: prune.PruningContainer().add_pruning_method(3),
        lambda: prune.PruningContainer().add_pruning_method(prune.L1Unstructured(1))._tensor_name,
    ):  # fmt: skip
        yield attempt(call), list(layer.state_dict())


# ---- the rest


@program
def clipping(torch: Any) -> Iterator[Any]:
    nn, utils = torch.nn, torch.nn.utils
    for norm_type in (1, 2.0, float("inf"), 0.5, "inf"):
        for foreach in (None, True, False):
            net = make_net(torch)
            (net(torch.randn(3, 3)) ** 2).sum().backward()
            yield attempt(
                lambda n=net, p=norm_type, f=foreach: utils.clip_grad_norm_(
                    n.parameters(), 0.5, p, foreach=f
                )
            )
            yield [p.grad for p in net.parameters()]
            yield utils.get_total_norm([p.grad for p in net.parameters()], foreach=foreach)
            utils.clip_grad_value_(net.parameters(), 0.01, foreach=foreach)
            yield [p.grad for p in net.parameters()]
            utils.clip_grads_with_norm_(net.parameters(), 0.1, torch.tensor(2.0), foreach=foreach)
            yield [p.grad for p in net.parameters()]
    broken = nn.Parameter(torch.ones(2))
    broken.grad = torch.tensor([float("nan"), 1.0])
    yield attempt(lambda: utils.clip_grad_norm_([broken], 1.0, error_if_nonfinite=True))
    yield broken.grad[1], utils.clip_grad_norm_(broken, 1.0).isnan(), broken.grad.isnan()
    broken.grad = torch.tensor([float("inf"), 1.0])
    yield attempt(lambda: utils.get_total_norm([broken.grad], error_if_nonfinite=True))
    yield utils.clip_grad_norm_([], 1.0), utils.get_total_norm([])
    yield utils.clip_grad_norm_((p for p in []), 1.0)
    yield attempt(lambda: utils.clip_grad_norm_([3], 1.0))
    mixed = [nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2, dtype=torch.float64))]
    for one in mixed:
        one.grad = torch.full_like(one, 3.0).detach()
    yield utils.clip_grad_norm_(mixed, 1.0), mixed[0].grad, mixed[1].grad


@program
def vectors(torch: Any) -> Iterator[Any]:
    utils = torch.nn.utils
    net = make_net(torch)
    vector = utils.parameters_to_vector(net.parameters())
    yield vector, attempt(lambda: utils.vector_to_parameters([1.0], net.parameters()))
    utils.vector_to_parameters(torch.arange(float(vector.numel())), net.parameters())
    yield list(net.parameters()), attempt(lambda: utils.parameters_to_vector([]))
    yield attempt(lambda: utils.vector_to_parameters(torch.ones(1), net.parameters()))


@program
def fusion(torch: Any) -> Iterator[Any]:
    nn, utils = torch.nn, torch.nn.utils
    for conv, norm, x, transposed in (
        (nn.Conv1d(2, 4, 2), nn.BatchNorm1d(4), torch.randn(2, 2, 5), False),
        (nn.Conv2d(2, 4, 2, bias=False), nn.BatchNorm2d(4), torch.randn(2, 2, 5, 5), False),
        (nn.Conv2d(2, 4, 2), nn.BatchNorm2d(4, affine=False), torch.randn(2, 2, 5, 5), False),
        (nn.Conv3d(2, 4, 2), nn.BatchNorm3d(4), torch.randn(2, 2, 3, 3, 3), False),
        (nn.ConvTranspose2d(2, 4, 2), nn.BatchNorm2d(4), torch.randn(2, 2, 3, 3), True),
    ):
        norm(conv(x))
        fused = utils.fuse_conv_bn_eval(conv.eval(), norm.eval(), transposed)
        yield fused, fused.state_dict(), fused(x)
    linear, norm = nn.Linear(3, 4), nn.BatchNorm1d(4)
    norm(linear(torch.randn(5, 3)))
    yield attempt(lambda: utils.fuse_linear_bn_eval(linear, norm))
    fused = utils.fuse_linear_bn_eval(linear.eval(), norm.eval())
    yield fused.state_dict(), attempt(lambda: utils.fuse_linear_bn_eval(linear, nn.BatchNorm1d(3)))
    yield attempt(lambda: utils.fuse_conv_bn_eval(nn.Conv1d(1, 1, 1), nn.BatchNorm1d(1)))
    norm.running_mean = None
    yield attempt(lambda: utils.fuse_linear_bn_eval(linear, norm))
    conv = nn.Conv2d(2, 3, 2)
    yield utils.fuse_conv_bn_weights(
        conv.weight, None, torch.ones(3), torch.ones(3), 1e-5, None, None
    )
    yield utils.fuse_linear_bn_weights(
        nn.Linear(2, 3).weight, None, torch.ones(3), torch.ones(3), 1e-5, torch.ones(3),
        torch.zeros(3),
    )  # fmt: skip


@program
def stateless_calls(torch: Any) -> Iterator[Any]:
    nn, stateless = torch.nn, part(torch, "stateless")
    layer = nn.Linear(2, 1)
    given = {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}
    yield stateless.functional_call(layer, given, torch.ones(1, 2)), layer.weight
    yield stateless.functional_call(layer, {"bias": torch.ones(1)}, (torch.zeros(1, 2),))
    tied = nn.Sequential(layer, layer)
    tied[1] = nn.Linear(2, 1)
    tied[1].weight = layer.weight
    yield stateless.functional_call(tied[1], given, kwargs={"input": torch.ones(1, 2)})
    del given["weight"]
    yield attempt(lambda: stateless.functional_call(layer, given, torch.ones(1, 2), strict=True))
    made = part(torch, "parametrizations").weight_norm(nn.Linear(2, 1))
    names = {"parametrizations.weight.original0": torch.full((1, 1), 3.0)}
    yield stateless.functional_call(made, names, torch.zeros(1, 2)), made.weight


@program
def memory_formats(torch: Any) -> Iterator[Any]:
    nn, utils = torch.nn, torch.nn.utils
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv3d(3, 4, 3), nn.ConvTranspose3d(3, 4, 2))
    utils.convert_conv2d_weight_memory_format(net, torch.channels_last)
    yield net[0].weight.stride(), net[1].weight.is_contiguous()
    if hasattr(torch, "channels_last_3d"):
        utils.convert_conv3d_weight_memory_format(net, torch.contiguous_format)
    yield net[1].weight.stride(), net[2].weight.stride(), net[0].weight.is_leaf


@program
def skipped_initialisation(torch: Any) -> Iterator[Any]:
    nn, utils = torch.nn, torch.nn.utils
    layer = utils.skip_init(nn.Linear, 3, 2, bias=False)
    yield layer, tuple(layer.weight.shape), str(layer.weight.device)
    yield attempt(lambda: utils.skip_init(nn.ReLU)), attempt(lambda: utils.skip_init(int, 3))
    yield attempt(lambda: utils.skip_init(3))
    yield str(utils.skip_init(nn.Conv2d, 1, 2, 3, device="meta").weight.device)


@program
def initial_values(torch: Any) -> Iterator[Any]:
    init = torch.nn.init
    generator = torch.Generator().manual_seed(5)
    for name, arguments in (
        ("uniform_", (-2.0, 3.0)), ("normal_", (1.0, 2.0)), ("xavier_uniform_", ()),
        ("trunc_normal_", (0.0, 1.0, -0.5, 2.0)), ("trunc_normal_", (0.0, 1.0, 2.0, 4.0)),
        ("xavier_uniform_", (2.0,)),
        ("xavier_normal_", (0.5,)), ("kaiming_uniform_", (0.1, "fan_out", "leaky_relu")),
        ("kaiming_normal_", (0, "fan_in", "relu")), ("orthogonal_", (2.0,)),
        ("sparse_", (0.4, 0.1)),
    ):  # fmt: skip
        for shape in ((4, 6), (6, 4), (3, 2, 2)):
            yield name, attempt(
                lambda n=name, a=arguments, s=shape: getattr(init, n)(torch.empty(*s), *a)
            )
            yield attempt(
                lambda n=name, a=arguments, s=shape: getattr(init, n)(
                    torch.empty(*s), *a, generator=generator
                )
            )
    for shape, groups in (((3, 2, 3), 1), ((4, 2, 3, 3), 2), ((6, 2, 1, 2, 3), 3), ((2, 5, 4), 1)):
        yield init.dirac_(torch.empty(*shape), groups)
    yield init.eye_(torch.empty(2, 3)), init.eye_(torch.empty(3, 2)), init.ones_(torch.empty(2))
    yield init.constant_(torch.empty(2), 3), init.zeros_(torch.empty(2))
    for call in (
        lambda: init.eye_(torch.empty(2)), lambda: init.dirac_(torch.empty(2, 2)),
        lambda: init.dirac_(torch.empty(3, 2, 2), 2), lambda: init.sparse_(torch.empty(2), 0.1),
        lambda: init.orthogonal_(torch.empty(2)), lambda: init.xavier_uniform_(torch.empty(2)),
        lambda: init.kaiming_uniform_(torch.empty(2, 2), mode="fan"),
        lambda: init.kaiming_uniform_(torch.empty(2, 2), nonlinearity="none"),
        lambda: init.kaiming_normal_(torch.empty(0, 2)), lambda: init.calculate_gain("selu"),
        lambda: init.calculate_gain("leaky_relu", "x"), lambda: init.calculate_gain("tanh"),
        lambda: init.trunc_normal_(torch.empty(3), 9.0),
        lambda: init.orthogonal_(torch.empty(0, 3)),
        lambda: init.uniform(torch.empty(2)), lambda: init.normal_(torch.empty(2), std=-1.0),
        lambda: init.trunc_normal_(torch.empty(3), std=0.0),
        lambda: init.trunc_normal_(torch.empty(3), a=2.0, b=1.0),
        lambda: init.uniform_(torch.empty(2), 3.0, 1.0),
    ):  # fmt: skip
        yield attempt(call)
