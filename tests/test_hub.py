"""`hub`: weights from the network, kept and checked, and models from folders."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import rushlight as torch
from rushlight import hub
from rushlight.utils import model_zoo


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hub, "_chosen", str(tmp_path / "hub"))
    yield


def published(folder: Path, name: str = "net.pth") -> tuple[Path, str]:
    """A file of weights, and how its hash begins."""
    path = folder / name
    torch.save({"weight": torch.arange(3)}, path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def test_weights_are_downloaded_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = published(tmp_path)
    url = path.as_uri()
    for load in (hub.load_state_dict_from_url, model_zoo.load_url):
        assert load(url, progress=False)["weight"].tolist() == [0, 1, 2]
    assert capsys.readouterr() == ("", "")
    kept = tmp_path / "hub/checkpoints/net.pth"
    assert kept.read_bytes() == path.read_bytes()
    path.unlink()
    loaded = hub.load_state_dict_from_url(url, map_location="meta", weights_only=True)
    assert loaded["weight"].is_meta
    assert os.listdir(kept.parent) == ["net.pth"]


def test_other_names_and_folders(tmp_path: Path) -> None:
    path, _ = published(tmp_path)
    hub.load_state_dict_from_url(path.as_uri(), model_dir=tmp_path / "a/b", file_name="mine.pt")
    assert os.listdir(tmp_path / "a/b") == ["mine.pt"]


def test_hashes(tmp_path: Path) -> None:
    path, digest = published(tmp_path)
    right = path.rename(tmp_path / f"net-{digest}.pth")
    assert hub.load_state_dict_from_url(right.as_uri(), check_hash=True)
    wrong = right.rename(tmp_path / "net-0123abcd.pth")
    with pytest.raises(RuntimeError, match=r'invalid hash value \(expected "0123abcd", got "'):
        hub.load_state_dict_from_url(wrong.as_uri(), check_hash=True)
    assert os.listdir(tmp_path / "hub/checkpoints") == [right.name]
    assert hub.load_state_dict_from_url(wrong.as_uri())  # nobody has asked


def test_a_download_takes_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("new")
    (tmp_path / "target").write_text("old")
    url = (tmp_path / "source").as_uri()
    with pytest.raises(RuntimeError, match="invalid hash"):
        hub.download_url_to_file(url, tmp_path / "target", hash_prefix="00")
    assert (tmp_path / "target").read_text() == "old"
    (tmp_path / "target.new").write_text("nobody's")
    with pytest.raises(RuntimeError, match="invalid hash"):
        hub.download_url_to_file(url, tmp_path / "target", hash_prefix="00")
    (tmp_path / "target.new").unlink()
    hub.download_url_to_file(url, tmp_path / "target", progress=False)
    assert (tmp_path / "target").read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == ["source", "target"]
    with pytest.raises(RuntimeError, match="could not download missing"):
        hub.download_url_to_file((tmp_path / "none").as_uri(), tmp_path / "missing")


def test_weights_in_an_archive(tmp_path: Path) -> None:
    path, _ = published(tmp_path)
    with zipfile.ZipFile(tmp_path / "net.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "net.pth")
    loaded = hub.load_state_dict_from_url((tmp_path / "net.zip").as_uri(), progress=False)
    assert loaded["weight"].tolist() == [0, 1, 2]


def test_where_things_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_chosen", None)
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert hub.get_dir() == os.path.expanduser("~/.cache/torch/hub")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert hub.get_dir() == "/cache/torch/hub"
    monkeypatch.setenv("TORCH_HOME", "~/models")
    assert hub.get_dir() == os.path.expanduser("~/models/hub")
    hub.set_dir("~/elsewhere")
    assert hub.get_dir() == os.path.expanduser("~/elsewhere")


@pytest.fixture
def repository(tmp_path: Path) -> str:
    (tmp_path / "parts_of_a_repository.py").write_text("import rushlight\nSIZE = 3\n")
    (tmp_path / "hubconf.py").write_text(
        "dependencies = ['numpy']\n"
        "from parts_of_a_repository import SIZE, rushlight\n"
        "def tiny(outputs, bias=True):\n"
        "    'A layer.'\n"
        "    return rushlight.nn.Linear(SIZE, outputs, bias)\n"
        "def _private():\n"
        "    pass\n"
    )
    return str(tmp_path)


def test_models_from_a_folder(repository: str) -> None:
    path = list(sys.path)
    layer = hub.load(repository, "tiny", 2, bias=False, source="local")
    assert (layer.in_features, layer.out_features, layer.bias) == (3, 2, None)
    assert hub.list(repository) == ["tiny"] and hub.help(repository, "tiny") == "A layer."
    assert sys.path == path


def test_models_that_are_not_there(repository: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Cannot find callable large in hubconf"):
        hub.load(repository, "large", source="local")
    with pytest.raises(ValueError, match="should be a string of function name"):
        hub.load(repository, 3, source="local")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='Unknown source: "web"'):
        hub.load(repository, "tiny", source="web")
    with pytest.raises(NotImplementedError, match="'someone/something' is not downloaded.*clone"):
        hub.load("someone/something", "resnet18")
    with pytest.raises(FileNotFoundError, match="no hubconf.py in"):
        hub.load(str(tmp_path / "empty"), "tiny", source="local")
    (tmp_path / "hubconf.py").write_text("dependencies = ['no_such_package_anywhere']\n")
    with pytest.raises(RuntimeError, match="Missing dependencies: no_such_package_anywhere"):
        hub.load(repository, "tiny", source="local")


def test_torchvisions_networks() -> None:
    from rushlight.vision import models

    net = hub.load("pytorch/vision:v0.10.0", "resnet18", num_classes=3)
    assert type(net) is models.ResNet and net.fc.out_features == 3
    assert {"resnet18", "vgg11"} <= set(hub.list("pytorch/vision"))
    assert "ResNet" in str(hub.help("pytorch/vision", "resnet18"))


def test_it_is_imported_on_demand() -> None:
    program = (
        "import sys, rushlight as torch\n"
        "assert not any('rushlight.' + name in sys.modules for name in "
        "('hub', 'profiler', 'testing', 'vision'))\n"
        "torch.hub.get_dir, torch.profiler.profile, torch.testing.assert_close\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
