"""What programs that fetch their own datasets use of torchvision's."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Sequence
from typing import Any

from ...download import download
from ...errors import DataError
from .archives import extract, md5_of, unpack
from .vision import one_of

Path = str | os.PathLike[str]


def calculate_md5(fpath: Path, chunk_size: int = 1 << 20) -> str:
    """The md5 of a file's bytes, in hexadecimal digits.

    >>> from pathlib import Path
    >>> from rushlight.vision.datasets.utils import calculate_md5
    >>> _ = Path("file").write_text("abc")
    >>> calculate_md5("file")
    '900150983cd24fb0d6963f7d28e17f72'
    """
    return md5_of(os.fspath(fpath))


def check_md5(fpath: Path, md5: str, **kwargs: Any) -> bool:
    """Whether a file has that md5.

    >>> from pathlib import Path
    >>> from rushlight.vision.datasets.utils import check_md5
    >>> _ = Path("file").write_text("abc")
    >>> check_md5("file", "00")
    False
    """
    return md5 == calculate_md5(fpath, **kwargs)


def check_integrity(fpath: Path, md5: str | None = None) -> bool:
    """Whether a file is there, and has that md5 if one is given.

    >>> from rushlight.vision.datasets.utils import check_integrity
    >>> check_integrity("nowhere")
    False
    """
    return os.path.isfile(fpath) and (md5 is None or check_md5(fpath, md5))


def download_url(
    url: str,
    root: Path,
    filename: Path | None = None,
    md5: str | None = None,
    max_redirect_hops: int = 3,
) -> None:
    """Fetches a file into the folder `root`, unless it is there already, with that md5 if given.

    Raises urllib.error.URLError where it cannot be had, RuntimeError where its md5 is another.

    >>> from pathlib import Path
    >>> from rushlight.vision.datasets.utils import download_url
    >>> _ = Path("source").write_text("abc")
    >>> download_url(Path("source").absolute().as_uri(), "data", "copy")
    >>> Path("data/copy").read_text()
    'abc'
    """
    path = os.path.join(os.path.expanduser(root), filename or os.path.basename(url))
    if not check_integrity(path, md5):
        check = None if md5 is None else functools.partial(_check, md5=md5)
        download([url], os.path.abspath(path), check, replace=True)


def _check(path: str, md5: str) -> None:
    if not check_md5(path, md5):
        raise DataError("File not found or corrupted.")


def extract_archive(
    from_path: Path, to_path: Path | None = None, remove_finished: bool = False
) -> str:
    """Unpacks a .tar[.gz|.bz2|.xz], .tgz or .zip archive, or a packed file: where to.

    That is `to_path`, or else the folder of the archive, or the file's name without its last
    ending. What lies outside of the folder, or is far larger than an archive of its size can be,
    or is damaged, is refused with a DataError. With `remove_finished` the archive is removed.

    >>> import gzip
    >>> from pathlib import Path
    >>> from rushlight.vision.datasets.utils import extract_archive
    >>> _ = Path("a.txt.gz").write_bytes(gzip.compress(b"abc"))
    >>> extract_archive("a.txt.gz"), Path("a.txt").read_text()
    ('a.txt', 'abc')
    """
    source = os.fspath(from_path)
    stem, ending = os.path.splitext(source)
    is_archive = ending in (".tar", ".tgz", ".tbz", ".tbz2", ".zip") or stem.endswith(".tar")
    if is_archive:
        target = os.fspath(to_path) if to_path is not None else os.path.dirname(source)
        extract(source, target or ".")
    elif ending in (".gz", ".bz2", ".xz"):
        target = os.fspath(to_path) if to_path is not None else stem
        unpack(source, target)
    else:
        raise RuntimeError(
            f"Unknown compression or archive type: '{ending}' of {source}; known are .tar, .tgz, "
            ".zip, .gz, .bz2 and .xz"
        )
    if remove_finished:
        os.remove(source)
    return target


def download_and_extract_archive(
    url: str,
    download_root: Path,
    extract_root: Path | None = None,
    filename: Path | None = None,
    md5: str | None = None,
    remove_finished: bool = False,
) -> None:
    """`download_url` of an archive, and `extract_archive` into `extract_root`, or else beside it.

    >>> import io, tarfile
    >>> from pathlib import Path
    >>> from rushlight.vision.datasets.utils import download_and_extract_archive
    >>> with tarfile.open("source.tar", "w") as archive:
    ...     archive.addfile(tarfile.TarInfo("empty.txt"), io.BytesIO())
    >>> download_and_extract_archive(Path("source.tar").absolute().as_uri(), "data")
    >>> Path("data/empty.txt").exists()
    True
    """
    root = os.path.expanduser(os.fspath(download_root))
    name = os.fspath(filename) if filename else os.path.basename(url)
    download_url(url, root, name, md5)
    target = root if extract_root is None else os.path.expanduser(os.fspath(extract_root))
    extract_archive(os.path.join(root, name), target, remove_finished)


def list_dir(root: Path, prefix: bool = False) -> list[str]:
    """The folders in a folder, with its own path before them if `prefix`.

    >>> from pathlib import Path
    >>> from rushlight.vision.datasets.utils import list_dir
    >>> Path("animals/cats").mkdir(parents=True)
    >>> list_dir("animals")
    ['cats']
    """
    return _listed(root, prefix, lambda path: os.path.isdir(path))


def list_files(root: Path, suffix: str | tuple[str, ...], prefix: bool = False) -> list[str]:
    """The files in a folder whose names end in `suffix`, or in one of several.

    >>> from pathlib import Path
    >>> from rushlight.vision.datasets.utils import list_files
    >>> Path("images").mkdir()
    >>> _ = Path("images/a.png").write_bytes(b"")
    >>> list_files("images", ".png", prefix=True)
    ['images/a.png']
    """
    return _listed(root, prefix, lambda path: os.path.isfile(path) and path.endswith(suffix))


def _listed(root: Path, prefix: bool, wanted: Any) -> list[str]:
    folder = os.path.expanduser(os.fspath(root))
    names = sorted(name for name in os.listdir(folder) if wanted(os.path.join(folder, name)))
    return [os.path.join(folder, name) for name in names] if prefix else names


def iterable_to_str(iterable: Iterable[Any]) -> str:
    """Its elements in quotation marks, with commas between.

    >>> from rushlight.vision.datasets.utils import iterable_to_str
    >>> iterable_to_str(["a", "b"])
    "'a', 'b'"
    """
    return "'" + "', '".join(map(str, iterable)) + "'"


def verify_str_arg(
    value: Any,
    arg: str | None = None,
    valid_values: Sequence[str] | None = None,
    custom_msg: str | None = None,
) -> Any:
    """`value` if it is a string, and one of `valid_values`: ValueError otherwise.

    >>> from rushlight.vision.datasets.utils import verify_str_arg
    >>> verify_str_arg("test", "split", ("train", "test"))
    'test'
    """
    known = [value] if valid_values is None else list(valid_values)
    if custom_msg is not None and value not in known:
        raise ValueError(custom_msg)
    return one_of(value, arg or "value", known)
