"""Datasets of sounds."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import DataError
from ..tensor import Tensor
from ..utils.data import Dataset
from .io import load

_NAME = re.compile(r"(\d)_(\w+?)_(\d+)\.wav")


class SpeechDigits(Dataset[Any]):
    """Spoken digits in files root/<digit>_<speaker>_<take>.wav: (sound, digit).

    The form of the free spoken digit dataset (https://github.com/Jakobovski/
    free-spoken-digit-dataset). A sound is (1, frames), or what `transform` makes of it.
    `speakers` and `takes` choose some, `sample_rate` is what all files have to have. DataError
    where there are none.

    >>> import rushlight as torch
    >>> import os
    >>> from rushlight import audio
    >>> os.mkdir("spoken")
    >>> for name in ("0_ann_0", "7_ann_0", "7_ben_1"):
    ...     audio.save(f"spoken/{name}.wav", torch.zeros(1, 100), 8000)
    >>> digits = audio.datasets.SpeechDigits("spoken", speakers=["ann"])
    >>> len(digits), digits.speakers, digits[1][1], digits[1][0].shape
    (2, ['ann'], 7, torch.Size([1, 100]))
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        speakers: Sequence[str] | None = None,
        takes: Sequence[int] | None = None,
        transform: Callable[[Tensor], Any] | None = None,
        sample_rate: int = 8000,
    ) -> None:
        self.root = os.path.expanduser(os.fspath(root))
        self.transform = transform
        self.sample_rate = sample_rate
        self.files: list[str] = []
        self.targets: list[int] = []
        self.speakers_of_files: list[str] = []
        for name in sorted(os.listdir(self.root)):
            found = _NAME.fullmatch(name)
            if found is None:
                continue
            digit, speaker, take = found.groups()
            if speakers is not None and speaker not in speakers:
                continue
            if takes is not None and int(take) not in takes:
                continue
            self.files.append(os.path.join(self.root, name))
            self.targets.append(int(digit))
            self.speakers_of_files.append(speaker)
        if not self.files:
            raise DataError(f"{self.root}: no recordings <digit>_<speaker>_<take>.wav are wanted")

    @property
    def speakers(self) -> list[str]:
        """Whose voices are there, in order."""
        return sorted(set(self.speakers_of_files))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        sound, rate = load(self.files[index])
        if rate != self.sample_rate:
            raise DataError(
                f"{self.files[index]}: {rate} samples per second, not {self.sample_rate}"
            )
        sound = sound if self.transform is None else self.transform(sound)
        return sound, self.targets[index]
