"""Versions that compare as PyTorch's do."""

from __future__ import annotations

from itertools import combinations

from rushlight.torch_version import TorchVersion

IN_ORDER = [
    "0.1.0", "1.9.1", "1.10.0a0+git1", "1.10rc1", "1.10", "1.10+cpu", "2.0.0.dev20230101",
    "2.0.0a1", "2.0", "2.0.post1", "v2.1", "2.9.1", "2.13.0", "2.13.0+cpu", "2.13.0+cpu.2", "10.0",
]  # fmt: skip


def test_order() -> None:
    for lower, higher in combinations(IN_ORDER, 2):
        for other in (higher, TorchVersion(higher)):
            version = TorchVersion(lower)
            assert version < other and version <= other and version != other, (lower, higher)
            assert not (version > other or version >= other or version == other)
        assert TorchVersion(higher) > lower and TorchVersion(higher) >= lower


def test_what_is_equal_and_what_is_no_version() -> None:
    version = TorchVersion("2.13.0")
    assert version == "2.13" and version >= (2, 13) and version <= (2, 13, 0) and version > (1, 10)
    assert not version != (2, 13)
    assert isinstance(version, str) and {version: 1} == {TorchVersion("2.13.0"): 1}
    assert TorchVersion("parrot") > "apple" and TorchVersion("parrot") == "parrot"
    assert version.split(".") == ["2", "13", "0"]
