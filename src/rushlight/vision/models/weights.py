"""The names of trained weights, which are not fetched."""

from __future__ import annotations

from enum import Enum
from typing import Any

from ...errors import NotSupportedError


class Weights(Enum):
    """The trained weights that torchvision has for a network.

    Programs name them; networks refuse them, as nothing is downloaded.
    """


def names(network: str, *versions: str) -> Any:
    """The enumeration of a network's weights, of which the last is the default."""
    members = {**{version: version for version in versions}, "DEFAULT": versions[-1]}
    return Enum(f"{network}_Weights", members, type=Weights)


def refuse(network: str, weights: Any) -> None:
    """The error for weights other than None."""
    if weights is not None:
        raise NotSupportedError(
            f"{network}: trained weights are not fetched; download the file, and give its content "
            "to load_state_dict"
        )
