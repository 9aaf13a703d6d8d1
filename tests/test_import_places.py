"""Where programs import from: PyTorch's modules and the names in them, old and private ones too."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn, optim
from rushlight.left_out import why_left_out
from rushlight.missing import pytorch_modules

PACKAGES = ("nn", "optim", "autograd", "distributions")

# What may come, and is not there yet; a name in `left_out.py` will not.
LATER = {
    "autograd.profiler", "autograd.profiler_util", "nn.attention.bias",
    "nn.attention.experimental", "nn.attention.flex_attention",
    "nn.attention.flex_attention.FlexKernelOptions", "nn.attention.varlen",
    "nn.parallel.comm",
}  # fmt: skip


def there(place: str) -> bool:
    try:
        importlib.import_module(f"rushlight.{place}")
    except ModuleNotFoundError:
        return False
    return True


PLACES = [place for place in pytorch_modules() if place.partition(".")[0] in PACKAGES]


@pytest.mark.parametrize("place", PLACES)
def test_a_module_of_pytorchs_is_there_or_told(place: str) -> None:
    if any(why_left_out(place[: match.start()]) for match in re.finditer(r"\.|$", place)):
        return  # or a package around it
    if not there(place):
        assert place in LATER, f"nobody says why there is no {place}"
        return
    module = importlib.import_module(f"rushlight.{place}")
    absent = [name for name in pytorch_modules()[place] if not hasattr(module, name)]
    untold = [
        name for name in absent
        if f"{place}.{name}" not in LATER and not why_left_out(f"{place}.{name}")
    ]  # fmt: skip
    assert untold == []


# What programs import although it is private: it is the same object as where Rushlight has it.
PRIVATE = {
    "nn.modules.conv": "_ConvNd _ConvTransposeNd _LazyConvXdMixin",
    "nn.modules.batchnorm": "_BatchNorm _NormBase _LazyNormBase",
    "nn.modules.instancenorm": "_InstanceNorm",
    "nn.modules.loss": "_Loss _WeightedLoss",
    "nn.modules.dropout": "_DropoutNd",
    "nn.modules.pooling": "_MaxPoolNd _AvgPoolNd _LPPoolNd _MaxUnpoolNd _AdaptiveAvgPoolNd "
                          "_AdaptiveMaxPoolNd",
    "nn.modules.padding": "_ConstantPadNd _ReflectionPadNd _ReplicationPadNd _CircularPadNd",
    "nn.modules.module": "_addindent _IncompatibleKeys",
    "nn.modules.transformer": "_get_clones _get_activation_fn",
    "nn.modules.utils": "_ntuple _single _pair _triple _quadruple _reverse_repeat_tuple "
                        "_list_with_default",
    "nn.modules.adaptive": "_ASMoutput",
    "nn.common_types": "_size_any_t _size_1_t _size_2_t _size_3_t _ratio_2_t _maybe_indices_t",
    "nn._reduction": "get_enum legacy_get_string legacy_get_enum",
    "optim.lr_scheduler": "_LRScheduler",
    "types": "_int _float _bool _size _dtype _device _layout Device FileLike Storage Number",
}  # fmt: skip


@pytest.mark.parametrize("place", PRIVATE)
def test_private_names(place: str) -> None:
    module = importlib.import_module(f"rushlight.{place}")
    for name in PRIVATE[place].split():
        assert hasattr(module, name), name


def test_modules_are_attributes_without_an_import() -> None:
    assert nn.modules.conv.Conv2d is nn.Conv2d and nn.modules.module.Module is nn.Module
    assert nn.modules.activation.GELU is nn.GELU and nn.modules.rnn.LSTM is nn.LSTM
    assert nn.modules.sparse.Embedding is nn.Embedding and optim.adamw.AdamW is optim.AdamW
    assert nn.modules.container.ParameterList is nn.ParameterList
    assert nn.attention.SDPBackend.MATH.value == 0 and nn.common_types._size_2_t


@pytest.mark.parametrize(("name", "base"), [
    ("Conv1d", "_ConvNd"), ("LazyConvTranspose2d", "_ConvTransposeNd"),
    ("BatchNorm3d", "_NormBase"), ("CrossEntropyLoss", "_WeightedLoss"),
    ("MultiMarginLoss", "_WeightedLoss"), ("ZeroPad2d", "ConstantPad2d"),
    ("CircularPad1d", "_CircularPadNd"), ("ReflectionPad3d", "_ReflectionPadNd"),
    ("AdaptiveAvgPool2d", "_AdaptiveAvgPoolNd"),
])  # fmt: skip
def test_layers_derive_from_their_private_bases(name: str, base: str) -> None:
    assert base in [kind.__name__ for kind in getattr(nn, name).__mro__]
    assert issubclass(nn.BCEWithLogitsLoss, nn.modules.loss._Loss)
    assert not issubclass(nn.BCEWithLogitsLoss, nn.modules.loss._WeightedLoss)
    assert not issubclass(nn.AdaptiveMaxPool2d, nn.modules.pooling._AdaptiveAvgPoolNd)
    assert not hasattr(nn.MSELoss(), "weight") and nn.BCELoss().weight is None


def test_a_loss_of_a_program() -> None:
    class Weighted(nn.modules.loss._WeightedLoss):
        def forward(self, input: Any, target: Any) -> Any:
            return ((input - target).abs() * self.weight).sum()

    loss = Weighted(weight=torch.tensor([1.0, 2.0]), reduction="sum")
    assert loss.reduction == "sum" and list(loss.state_dict()) == ["weight"]
    assert loss(torch.zeros(2), torch.ones(2)).item() == 3
    with pytest.warns(UserWarning, match="reduction='sum'") as said:
        assert Weighted(size_average=False).reduction == "sum"
    with pytest.warns(UserWarning, match="reduction='none'") as said:
        assert nn.CrossEntropyLoss(reduce=False).reduction == "none"
    assert said[0].filename == __file__


def test_sizes() -> None:
    utils = nn.modules.utils
    assert utils._pair(3) == (3, 3) and utils._single((4,)) == (4,) and utils._ntuple(4)(0)[3] == 0
    assert utils._reverse_repeat_tuple((1, 2), 2) == (2, 2, 1, 1)
    assert utils._list_with_default([None, 5], [1, 2, 3, 4]) == [3, 5]
    with pytest.raises(ValueError, match="at least 3"):
        utils._list_with_default([1, 2], [1, 2])
    assert nn.modules.module._addindent("a\nb", 3) == "a\n   b"


def test_an_old_scheduler() -> None:
    class Halved(optim.lr_scheduler._LRScheduler):
        def get_lr(self) -> list[float]:
            return [lr / 2**self.last_epoch for lr in self.base_lrs]

    optimizer = optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = Halved(optimizer)
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [0.5]


def test_which_attention() -> None:
    from rushlight.nn.attention import SDPBackend, sdpa_kernel

    x = torch.randn(1, 2, 3, 4)
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.MATH], set_priority=True):
        assert not torch.backends.cuda.mem_efficient_sdp_enabled()
        assert nn.functional.scaled_dot_product_attention(x, x, x).shape == x.shape
    assert torch.backends.cuda.mem_efficient_sdp_enabled() and int(SDPBackend.ERROR) == -1
    with pytest.raises(AssertionError, match="got str"), sdpa_kernel("math"):
        pass
