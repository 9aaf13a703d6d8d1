"""Arguments that torchvision's transforms refuse, too, and by which error."""

from __future__ import annotations

import importlib

import pytest
import torchvision_oracle

from transform_arguments import NAMES, ROWS, Row

torchvision_oracle.load()
MODULES = {"v1": "torchvision.transforms", "v2": "torchvision.transforms.v2"}


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_arguments_that_are_refused(row: Row) -> None:
    version, name, options, error = row
    with pytest.raises(error):
        getattr(importlib.import_module(MODULES[version]), name)(**options)
