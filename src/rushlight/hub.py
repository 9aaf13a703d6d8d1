"""Models from repositories on this machine, and weights from the network: `torch.hub`."""

from __future__ import annotations

import builtins
import hashlib
import importlib.util
import os
import re
import sys
import zipfile
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import urlparse

__all__ = [
    "download_url_to_file", "get_dir", "help", "list", "load", "load_state_dict_from_url",
    "set_dir",
]  # fmt: skip

# "resnet18-5c106cde.pth": how the hash of the content begins.
_HASH_IN_NAME = re.compile(r"-([a-f0-9]*)\.")
_HUBCONF = "hubconf.py"
_chosen: str | None = None  # by set_dir


def get_dir() -> str:
    """The folder of what has been downloaded: that of `set_dir`, else $TORCH_HOME/hub, else
    $XDG_CACHE_HOME/torch/hub, else ~/.cache/torch/hub. It is PyTorch's, whose files are used.

    >>> import rushlight as torch
    >>> os.path.basename(torch.hub.get_dir())
    'hub'
    """
    if _chosen is not None:
        return _chosen
    cache = os.getenv("XDG_CACHE_HOME", "~/.cache")
    home = os.path.expanduser(os.getenv("TORCH_HOME", os.path.join(cache, "torch")))
    return os.path.join(home, "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Sets the folder of what is downloaded.

    >>> import rushlight as torch
    >>> before = torch.hub.get_dir()
    >>> torch.hub.set_dir("models")
    >>> torch.hub.get_dir()
    'models'
    >>> torch.hub.set_dir(before)
    """
    global _chosen
    _chosen = os.path.expanduser(os.fspath(d))


# ---- weights


def download_url_to_file(
    url: str, dst: str | os.PathLike[str], hash_prefix: str | None = None, progress: bool = True
) -> None:
    """Downloads a file, whose SHA-256 in hexadecimal digits begins with `hash_prefix` if given.

    It is put into its place when it has arrived and been checked. Where the connection breaks, it
    goes on where it was; with `hash_prefix`, another call goes on with what has arrived, too.

    Raises RuntimeError where the file is another one, urllib.error.URLError, which is a
    RuntimeError here, too, where it cannot be had.

    >>> from pathlib import Path
    >>> import rushlight as torch
    >>> _ = Path("source").write_text("abc")
    >>> url = Path("source").absolute().as_uri()
    >>> torch.hub.download_url_to_file(url, "copy", hash_prefix="ba7816bf", progress=False)
    >>> Path("copy").read_text()
    'abc'
    """
    from .download import download
    from .errors import DataError

    path = os.path.abspath(os.path.expanduser(os.fspath(dst)))

    def check(part: str) -> None:
        with open(part, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if not digest.startswith(hash_prefix or ""):
            raise DataError(f'invalid hash value (expected "{hash_prefix}", got "{digest}")')

    download([url], path, check if hash_prefix else None, progress, replace=True)


def load_state_dict_from_url(
    url: str,
    model_dir: str | os.PathLike[str] | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> Any:
    """What `torch.load` makes of a file from the network, which is kept in `model_dir`.

    `model_dir` is `get_dir()`/checkpoints unless given. With `check_hash` the file's SHA-256 must
    begin with the digits before its name's ending, as in "resnet18-5c106cde.pth".

    Raises RuntimeError where the file is another one, urllib.error.URLError, which is a
    RuntimeError here, too, where it cannot be had; CheckpointError where it holds more than
    weights, whatever `weights_only` says.

    >>> from pathlib import Path
    >>> import rushlight as torch
    >>> torch.save({"weight": torch.ones(2)}, "published.pt")
    >>> url = Path("published.pt").absolute().as_uri()
    >>> torch.hub.load_state_dict_from_url(url, model_dir="kept", progress=False)
    {'weight': tensor([1., 1.])}
    """
    from .serialization import load as load_checkpoint

    folder = os.path.join(get_dir(), "checkpoints") if model_dir is None else os.fspath(model_dir)
    os.makedirs(folder, exist_ok=True)
    name = file_name or os.path.basename(urlparse(url).path)
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        if progress:
            print(f'Downloading: "{url}" to {path}', file=sys.stderr)
        found = _HASH_IN_NAME.search(name) if check_hash else None
        download_url_to_file(url, path, found[1] if found else None, progress)
    if _is_packed_file(path):
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
            return load_checkpoint(file, map_location, weights_only=weights_only)  # type: ignore[arg-type]  # it reads, and seeks
    return load_checkpoint(path, map_location, weights_only=weights_only)


def _is_packed_file(path: str) -> bool:
    """Whether it is a zip archive of one file, as some old weights are published."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return len(archive.infolist()) == 1


# ---- repositories


def _hubconf(repo_or_dir: str, source: str) -> ModuleType:
    """The module hubconf.py of a repository."""
    source = source.lower()
    if source not in ("github", "local"):
        raise ValueError(
            f'Unknown source: "{source}". Allowed values: "github" | "local".'
        )
    if source == "github" and repo_or_dir.partition(":")[0] == "pytorch/vision":
        from .vision import models  # what its hubconf.py offers

        return models
    if source == "github" and not os.path.isdir(repo_or_dir):
        raise NotImplementedError(
            f"torch.hub: '{repo_or_dir}' is not downloaded, as its code would run unseen; clone "
            "the repository, look at its hubconf.py, and give its folder and source='local'"
        )
    folder = os.path.abspath(repo_or_dir)
    path = os.path.join(folder, _HUBCONF)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"torch.hub: there is no {_HUBCONF} in {repo_or_dir}")
    spec = importlib.util.spec_from_file_location("hubconf", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, folder)  # for the repository's own modules
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


def _entry(module: ModuleType, name: str) -> Callable[..., Any]:
    if not isinstance(name, str):
        raise ValueError("Invalid input: model should be a string of function name")
    missing = [
        package for package in getattr(module, "dependencies", ()) or ()
        if importlib.util.find_spec(package) is None
    ]  # fmt: skip
    if missing:
        raise RuntimeError(f"Missing dependencies: {', '.join(missing)}")
    found = getattr(module, name, None)
    if not callable(found):
        raise RuntimeError(f"Cannot find callable {name} in hubconf")
    return found


def list(
    github: str, force_reload: bool = False, skip_validation: bool = False,
    trust_repo: Any = "check", verbose: bool = True, *, source: str = "github",
) -> builtins.list[str]:  # fmt: skip
    """The names of what a repository's hubconf.py offers; `github` is its folder.

    >>> from pathlib import Path
    >>> import rushlight as torch
    >>> _ = Path("hubconf.py").write_text("def tiny():\\n    'One layer.'\\n    return 3\\n")
    >>> torch.hub.list(".")
    ['tiny']
    """
    module = _hubconf(github, source)
    return [
        name for name in dir(module) if callable(getattr(module, name)) and not name.startswith("_")
    ]


def help(
    github: str, model: str, force_reload: bool = False, skip_validation: bool = False,
    trust_repo: Any = "check", *, source: str = "github",
) -> str | None:  # fmt: skip
    """The docstring of one of the names of `list`.

    >>> from pathlib import Path
    >>> import rushlight as torch
    >>> _ = Path("hubconf.py").write_text("def tiny():\\n    'One layer.'\\n    return 3\\n")
    >>> torch.hub.help(".", "tiny")
    'One layer.'
    """
    return _entry(_hubconf(github, source), model).__doc__


def load(
    repo_or_dir: str,
    model: str,
    *args: Any,
    source: str = "github",
    trust_repo: Any = "check",
    force_reload: bool = False,
    verbose: bool = True,
    skip_validation: bool = False,
    **kwargs: Any,
) -> Any:
    """Calls what a repository's hubconf.py offers as `model`, with the further arguments.

    `repo_or_dir` is a folder. Its code runs. Unlike PyTorch, repositories on GitHub are not
    downloaded and run: clone the one that you want. "pytorch/vision" stands for the networks of
    `rushlight.vision.models`.

    Raises FileNotFoundError without a hubconf.py, RuntimeError where it does not offer `model` or
    where packages that it names as `dependencies` are missing, NotImplementedError for what is no
    folder.

    >>> from pathlib import Path
    >>> import rushlight as torch
    >>> _ = Path("hubconf.py").write_text(
    ...     "from rushlight.nn import Linear\\ndef tiny(size):\\n    return Linear(size, 1)\\n"
    ... )
    >>> torch.hub.load(".", "tiny", 3, source="local")
    Linear(in_features=3, out_features=1, bias=True)
    """
    return _entry(_hubconf(repo_or_dir, source), model)(*args, **kwargs)
