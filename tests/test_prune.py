import math

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn.utils import prune


def make_layer(rows=2, columns=4):
    layer = nn.Linear(columns, rows, bias=False)
    layer.weight.data = torch.arange(1.0, rows * columns + 1).view(rows, columns)
    return layer


def test_the_smallest_values():
    layer = make_layer()
    weight = layer.weight
    prune.l1_unstructured(layer, "weight", amount=0.25)
    assert layer.weight_mask.tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]
    assert layer.weight.tolist() == [[0, 0, 3, 4], [5, 6, 7, 8]]
    assert layer.weight_orig is weight and list(layer.state_dict()) == [
        "weight_orig", "weight_mask",
    ]  # fmt: skip
    layer(torch.ones(1, 4)).sum().backward()
    assert weight.grad.tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]
    weight.data += 1
    assert layer(torch.ones(1, 4)).tolist() == [[4 + 5, 6 + 7 + 8 + 9]]


def test_one_after_another_prunes_of_what_is_left():
    layer = make_layer()
    prune.l1_unstructured(layer, "weight", amount=2)
    prune.l1_unstructured(layer, "weight", amount=0.5)
    assert layer.weight_mask.tolist() == [[0, 0, 0, 0], [0, 1, 1, 1]]
    prune.ln_structured(layer, "weight", amount=1, n=2, dim=1)
    assert layer.weight_mask.tolist() == [[0, 0, 0, 0], [0, 0, 1, 1]]
    (hook,) = layer._forward_pre_hooks.values()
    assert [type(method) for method in hook] == [
        prune.L1Unstructured, prune.L1Unstructured, prune.LnStructured,
    ]  # fmt: skip


def test_random_ones():
    layer = make_layer()
    prune.random_unstructured(layer, "weight", amount=3)
    assert layer.weight_mask.sum().item() == 5
    layer = make_layer()
    prune.random_structured(layer, "weight", amount=0.5, dim=1)
    assert sorted(layer.weight_mask.sum(0).tolist()) == [0, 0, 2, 2]


@pytest.mark.parametrize("n", [1, 2, math.inf, -math.inf])
def test_whole_channels(n):
    layer = make_layer()
    prune.ln_structured(layer, "weight", amount=1, n=n, dim=0)
    assert layer.weight_mask.tolist() == [[0, 0, 0, 0], [1, 1, 1, 1]]


def test_importance_scores():
    layer = make_layer()
    scores = -layer.weight.detach() ** -1
    prune.l1_unstructured(layer, "weight", 1, importance_scores=scores)
    assert layer.weight_mask.tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]


def test_masks_and_removal():
    layer = make_layer()
    weight = layer.weight
    prune.identity(layer, "weight")
    assert prune.is_pruned(nn.Sequential(layer)) and layer.weight_mask.all()
    prune.custom_from_mask(layer, "weight", torch.tensor([[0, 1, 1, 1], [1, 1, 1, 0]]))
    prune.remove(layer, "weight")
    assert layer.weight is weight and weight.tolist() == [[0, 2, 3, 4], [5, 6, 7, 0]]
    assert list(layer.state_dict()) == ["weight"] and not prune.is_pruned(layer)
    with pytest.raises(ValueError, match="has to be pruned before pruning can be removed"):
        prune.remove(layer, "weight")


def test_several_parameters_as_one():
    first, second = make_layer(), make_layer()
    second.weight.data += 4.5
    prune.l1_unstructured(first, "weight", 1)
    places = [(first, "weight"), (second, "weight")]
    prune.global_unstructured(places, pruning_method=prune.L1Unstructured, amount=6)
    assert first.weight_mask.tolist() == [[0, 0, 0, 0], [0, 0, 1, 1]]
    assert second.weight_mask.tolist() == [[0, 1, 1, 1], [1, 1, 1, 1]]
    scores = {places[1]: torch.zeros(2, 4)}
    prune.global_unstructured(places, prune.L1Unstructured, scores, amount=4)
    assert first.weight_mask.sum().item() == 2 and second.weight_mask.sum().item() == 3


def test_a_tensor_by_itself():
    assert prune.L1Unstructured(2).prune(torch.tensor([3.0, 1.0, 2.0])).tolist() == [3, 0, 0]


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda m: prune.l1_unstructured(m, "weight", 1.5), ValueError, "in the range .0, 1."),
        (lambda m: prune.l1_unstructured(m, "weight", -1), ValueError, "non-negative integer"),
        (lambda m: prune.l1_unstructured(m, "weight", "x"), TypeError, "Must be int or float"),
        (lambda m: prune.l1_unstructured(m, "weight", 99), ValueError, "to prune=8"),
        (lambda m: prune.ln_structured(m, "weight", 1, 2, 5), IndexError, "Invalid index 5"),
        (
            lambda m: prune.custom_from_mask(m, "weight", torch.ones(1)), AssertionError,
            "must match self.mask shape",
        ),
        (
            lambda m: prune.l1_unstructured(m, "weight", 1, torch.ones(1)), AssertionError,
            "importance_scores should have the same shape",
        ),
        (
            lambda m: prune.global_unstructured(
                [(m, "weight")], prune.LnStructured, amount=1, n=1
            ),
            TypeError, 'Only "unstructured" PRUNING_TYPE supported',
        ),
        (lambda m: prune.global_unstructured(3, prune.Identity), TypeError, "not an Iterable"),
        (lambda m: prune.PruningContainer().add_pruning_method(3), TypeError, "not a BasePruning"),
    ],
)  # fmt: skip
def test_wrong_arguments_leave_the_layer_as_it_is(call, error, message):
    layer = make_layer()
    with pytest.raises(error, match=message):
        call(layer)
    assert list(layer.state_dict()) == ["weight"] and isinstance(layer.weight, nn.Parameter)


def test_devices(device):
    layer = make_layer().to(device)
    prune.l1_unstructured(layer, "weight", 2)
    prune.random_structured(layer, "weight", 1, dim=1)
    prune.ln_structured(layer, "weight", 1, n=2, dim=0)
    assert layer.weight.device.type == device and (layer.weight_mask.sum(1) == 0).any()
