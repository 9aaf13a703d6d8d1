"""`torch.torch_version`: a version that programs compare with others."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["TorchVersion"]

# PEP 440, as far as versions of PyTorch's go.
_VERSION = re.compile(
    r"v?(?P<release>\d+(\.\d+)*)([._-]?(?P<pre>a|b|c|rc|alpha|beta|pre|preview)[._-]?(?P<number>\d*))?"
    r"([._-]?post(?P<post>\d*))?([._-]?dev(?P<dev>\d*))?(\+(?P<local>[a-z0-9._-]+))?",
    re.IGNORECASE,
)
_SHORT = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}


class TorchVersion(str):
    """A string that compares with versions, written as strings or as tuples of numbers.

    What is no version is compared as a string.

    >>> from rushlight.torch_version import TorchVersion
    >>> TorchVersion("2.13.0+cpu") > "2.9", TorchVersion("2.13.0") >= (2, 13)
    (True, True)
    """

    __hash__ = str.__hash__

    def __lt__(self, other: Any) -> bool:
        mine, others = self._keys(other)
        return bool(mine < others)

    def __le__(self, other: Any) -> bool:
        mine, others = self._keys(other)
        return bool(mine <= others)

    def __gt__(self, other: Any) -> bool:
        mine, others = self._keys(other)
        return bool(mine > others)

    def __ge__(self, other: Any) -> bool:
        mine, others = self._keys(other)
        return bool(mine >= others)

    def __eq__(self, other: Any) -> bool:
        mine, others = self._keys(other)
        return bool(mine == others)

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def _keys(self, other: Any) -> tuple[Any, Any]:
        if isinstance(other, (tuple, list)):
            other = ".".join(map(str, other))
        mine, others = _key(self), _key(str(other))
        return (str.__str__(self), other) if mine is None or others is None else (mine, others)


def _key(version: str) -> tuple[Any, ...] | None:
    """What orders versions; None for what is none."""
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        return None
    release = [int(number) for number in match["release"].split(".")]
    while release and release[-1] == 0:
        release.pop()
    post, dev = match["post"], match["dev"]
    if match["pre"]:
        letters = match["pre"].lower()
        pre: tuple[Any, ...] = (1, _SHORT.get(letters, letters), int(match["number"] or 0))
    else:  # 2.0.dev1 comes before 2.0a1, and that before 2.0
        pre = (0,) if dev is not None and post is None else (2,)
    local = tuple(
        (1, int(part), "") if part.isdigit() else (0, 0, part.lower())
        for part in re.split(r"[._-]", match["local"] or "") if part
    )  # fmt: skip
    return (
        tuple(release), pre, -1 if post is None else int(post or 0),
        float("inf") if dev is None else int(dev or 0), local,
    )  # fmt: skip
