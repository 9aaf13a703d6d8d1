"""Archives of datasets: unpacked as they are, or refused without a trace."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_fixtures import write_tar
from rushlight.vision import DataError
from rushlight.vision.datasets.archives import Resource, extract, fetch

rng = np.random.default_rng(0)


def _link(name: str, target: str, kind: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with tarfile.open(path, "w") as archive:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)

    return make


def _zip(name: str, mode: int = 0) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, "/etc/passwd")

    return make


def _encrypted(path: Path) -> None:
    _zip("a")(path)
    content = bytearray(path.read_bytes())
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(head) + flags] |= 1
    path.write_bytes(content)


HOSTILE: dict[str, Callable[[Path], None]] = {
    "a way out": lambda path: write_tar(path, {"good.txt": b"x", "../evil.txt": b"x"}),
    "a link out": _link("evil", "/etc/passwd", tarfile.SYMTYPE),
    "a hard link out": _link("evil", "../evil", tarfile.LNKTYPE),
    "a device": _link("evil", "", tarfile.CHRTYPE),
    "a way out of a zip": _zip("a/../../evil.txt"),
    "an absolute path in a zip": _zip("/tmp/evil.txt"),
    "a link in a zip": _zip("evil", 0o120777),
    "an encrypted zip": _encrypted,
    "nothing": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(_whole()[:-900]),
    "no archive": lambda path: path.write_bytes(b"<html>" * 100),
}


def _whole() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in ("a", "b"):
            info = tarfile.TarInfo(name)
            info.size = 5000
            archive.addfile(info, io.BytesIO(rng.bytes(5000)))
    return file.getvalue()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_leave_nothing(name: str, tmp_path: Path) -> None:
    path, folder = tmp_path / "archive", tmp_path / "inside" / "data"
    HOSTILE[name](path)
    with pytest.raises(DataError, match=f"^{path}: "):
        extract(str(path), str(folder))
    assert list(folder.iterdir()) == [] and not list(tmp_path.rglob("evil*"))


def test_an_archive_of_nothings_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rushlight.vision.datasets.archives._UNPACKED_AT_LEAST", 1 << 20)
    path = tmp_path / "zeros.tar.gz"
    write_tar(path, {"zeros": bytes(2 << 20)})
    with pytest.raises(DataError, match="more than 1048576 bytes, too many for its size"):
        extract(str(path), str(tmp_path / "data"))


def test_an_absolute_path_is_taken_for_one_inside(tmp_path: Path) -> None:
    write_tar(tmp_path / "x.tar", {"/evil-absolute.txt": b"1"})
    extract(str(tmp_path / "x.tar"), str(tmp_path / "data"))
    assert (tmp_path / "data" / "evil-absolute.txt").exists()
    assert not Path("/evil-absolute.txt").exists()


def test_archives_fill_folders(tmp_path: Path) -> None:
    (tmp_path / "data" / "a").mkdir(parents=True)
    (tmp_path / "data" / "a" / "old").write_text("kept")
    write_tar(tmp_path / "x.tar", {"a/new": b"1", "b/c": b"2"})
    extract(str(tmp_path / "x.tar"), str(tmp_path / "data"))
    found = {str(p.relative_to(tmp_path / "data")) for p in (tmp_path / "data").rglob("*")}
    assert found == {"a", "a/old", "a/new", "b", "b/c"}


def test_what_is_fetched_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(urls: list[str], path: str, check: Any) -> None:
        Path(path + ".part").write_bytes(b"other")
        check(path + ".part")

    monkeypatch.setattr("rushlight.vision.datasets.archives.download", fetched)
    with pytest.raises(DataError, match="a.zip: what was fetched has the md5 .*, expected 00"):
        fetch(Resource(["http://localhost/a.zip"], "a.zip", "00"), str(tmp_path))
    assert not (tmp_path / "a.zip").exists()
