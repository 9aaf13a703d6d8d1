"""Devices by name, and the tables of their kernels."""

from __future__ import annotations

import copy
import pickle

import pytest

import rushlight as torch
from rushlight.kernels import launch
from rushlight.kernels.devices import find_table, is_present, is_same_device, with_index
from rushlight.testing import register_strict_device

register_strict_device()


@pytest.mark.parametrize(
    "made, name, text",
    [
        (torch.device("cpu"), "cpu", "device(type='cpu')"),
        (torch.device("cuda:1"), "cuda:1", "device(type='cuda', index=1)"),
        (torch.device("cuda", 1), "cuda:1", "device(type='cuda', index=1)"),
        (torch.device(2), "cuda:2", "device(type='cuda', index=2)"),
        (torch.device(torch.device("cuda")), "cuda", "device(type='cuda')"),
    ],
)
def test_names(made: torch.device, name: str, text: str) -> None:
    assert str(made) == name and repr(made) == text
    assert made == torch.device(name) and hash(made) == hash(torch.device(name))
    assert pickle.loads(pickle.dumps(made)) == made == copy.deepcopy(made)
    assert made != name and made != torch.device("cuda", 7)


def test_refused_names() -> None:
    with pytest.raises(RuntimeError, match="Expected one of cpu, cuda.* device type at start"):
        torch.device("gpu")
    with pytest.raises(RuntimeError, match="Invalid device string: 'cuda:x'"):
        torch.device("cuda:x")
    with pytest.raises(RuntimeError, match="must not include an index because index was passed"):
        torch.device("cuda:0", 1)
    with pytest.raises(TypeError, match="expected a string"):
        torch.device(1.5)  # type: ignore[arg-type]


def test_what_a_name_without_index_means() -> None:
    here, first, second = (torch.device(n) for n in ("strict", "strict:0", "strict:1"))
    assert with_index(here) == first and with_index(second) == second
    assert is_same_device(here, first) and not is_same_device(here, second)
    assert is_same_device(torch.device("cpu", 0), torch.device("cpu"))
    assert not is_same_device(torch.device("cpu"), first)
    assert is_present(second) and not is_present(torch.device("strict", 2))


def test_tables() -> None:
    assert find_table(None) is find_table(torch.device("cpu")) is launch.tables_by_device["cpu"]
    assert find_table(torch.device("strict", 1)).index == 1
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        find_table(torch.device("strict", 2))


def test_every_table_is_wrapped_and_put_back() -> None:
    before = dict(launch.tables_by_device)
    with launch.intercepted(lambda table: ("wrapped", table)):
        assert all(table[0] == "wrapped" for table in launch.tables_by_device.values())
        assert find_table(torch.device("strict", 1)) == ("wrapped", before["strict:1"])
    assert launch.tables_by_device == before
