"""The keyword arguments of each network's constructor beside torchvision's."""

from __future__ import annotations

import inspect
import sys
import warnings
from typing import Any

import pytest
import torch
import torchvision_oracle

import rushlight
from rushlight.vision import models

torchvision = torchvision_oracle.load()
NAMES = models.list_models(module=models)
# A value of each option that is no default of any network; None stands for the option's default.
VALUES: dict[str, Any] = {
    "num_classes": 7, "dropout": 0.35, "dropout_aux": 0.35, "attention_dropout": 0.3,
    "stochastic_depth_prob": 0.15, "width_mult": 0.5, "init_weights": False,
    "zero_init_residual": True, "groups": 2, "width_per_group": 32,
    "replace_stride_with_dilation": [False, True, True], "round_nearest": 4,
    "memory_efficient": True, "bn_size": 2, "drop_rate": 0.2, "growth_rate": 8,
    "block_config": (1, 1, 1, 1), "num_init_features": 16, "aux_logits": False,
    "transform_input": True, "last_channel": 64, "layer_scale": 0.1, "image_size": 64,
    "representation_size": 8, "mlp_ratio": 2.0, "stem_width": 16, "patch_size": [8, 8],
    "embed_dim": 24, "depths": [1, 1], "num_heads": [2, 2], "window_size": [3, 3], "alpha": 0.75,
    "version": "1_0", "layers": [1, 1, 1, 1], "stages_repeats": [1, 1, 1],
    "stages_out_channels": [8, 8, 8, 8, 8], "num_layers": 1, "hidden_dim": 8, "mlp_dim": 8,
    "grid_size": (7, 7),
}  # fmt: skip
# torchvision's raise a TypeError, as they name these options themselves; ours take them.
TAKEN = {
    *((f"efficientnet_{size}", "norm_layer") for size in ("b5", "b6", "b7")),
    *((f"efficientnet_v2_{size}", "norm_layer") for size in "sml"),
    *((name, "last_channel") for name in NAMES if name.startswith("efficientnet")),
    *((name, "stochastic_depth_prob") for name in NAMES if name.startswith("swin")),
    *((f"swin_v2_{size}", "block") for size in "tsb"),
}
# Its widths are computed by tensors, which `meta` has not; the others take long without it.
REGNETS = ("regnet_x_400mf", "regnet_y_400mf")


def _options(name: str) -> list[str]:
    """The parameters of the class that torchvision's constructor returns."""
    builder = inspect.unwrap(torchvision.models.get_model_builder(name))
    returned = inspect.signature(builder).return_annotation
    if isinstance(returned, str):
        returned = getattr(sys.modules[builder.__module__], returned)
    parameters = list(inspect.signature(returned.__init__).parameters.values())[1:]
    return [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]


def _built(library: Any, package: Any, name: str, options: dict[str, Any]) -> Any:
    place = library.no_grad() if name in REGNETS else library.device("meta")
    with place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            network = package.get_model(name, **options)
        except (AssertionError, NotImplementedError, TypeError, ValueError) as error:
            return type(error)
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    return repr(network), shapes


@pytest.mark.parametrize(
    "name", [name for name in NAMES if not name.startswith("regnet") or name in REGNETS]
)
def test_options(name: str) -> None:
    base = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    for option in _options(name):
        options = {**base, option: VALUES.get(option)}
        found = _built(rushlight, models, name, options)
        if (name, option) in TAKEN:
            assert not isinstance(found, type), option
        else:
            expected = _built(torch, torchvision.models, name, options)
            assert found == expected, option
