"""Files of sound, by soundfile: WAV, FLAC, OGG, MP3 and what else libsndfile knows."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from ..errors import DataError
from ..serialization.archive import replaced_when_complete
from ..tensor import Tensor, wrap

Source = Any  # a path, or a file object


def require_soundfile() -> ModuleType:
    """The module soundfile. ModuleNotFoundError that says what to install."""
    try:
        import soundfile  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "files of sound need soundfile: pip install 'rushlight[audio]'", name=error.name
        ) from None
    return soundfile


@dataclass(frozen=True)
class AudioMetaData:
    """What a file of sound says of itself: frames are samples of each channel.

    >>> from rushlight.audio import AudioMetaData
    >>> AudioMetaData(8000, 16000, 1, "PCM_16", "WAV").num_frames
    16000
    """

    sample_rate: int  # per second
    num_frames: int
    num_channels: int
    encoding: str
    format: str


def _opened(source: Source) -> Any:
    """A file of sound. DataError, which names it, for what is none; FileNotFoundError."""
    soundfile = require_soundfile()
    if isinstance(source, (str, os.PathLike)):
        source = os.fspath(source)
        if not os.path.exists(source):
            raise FileNotFoundError(2, "No such file or directory", source)
    try:
        return soundfile.SoundFile(source)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise DataError(f"{_name(source)}: no sound that can be read ({_reason(error)})") from None


def _reason(error: Exception) -> str:
    """libsndfile's words, without the name or the address of the file before them."""
    return getattr(error, "error_string", None) or str(error)


def _name(source: Source) -> str:
    return source if isinstance(source, str) else getattr(source, "name", "the file")


def info(source: Source) -> AudioMetaData:
    """What a file of sound says of itself; nothing of the sound is read.

    >>> import rushlight as torch
    >>> from rushlight import audio
    >>> audio.save("tone.wav", torch.zeros(2, 100), 8000)
    >>> audio.info("tone.wav")
    AudioMetaData(sample_rate=8000, num_frames=100, num_channels=2, encoding='PCM_16', format='WAV')
    """
    with _opened(source) as file:
        return AudioMetaData(file.samplerate, file.frames, file.channels, file.subtype, file.format)


def load(
    source: Source,
    frame_offset: int = 0,
    num_frames: int = -1,
    normalize: bool = True,
    channels_first: bool = True,
) -> tuple[Tensor, int]:
    """A sound (channels, frames), and its samples per second.

    Floats from -1 to 1, or, without `normalize`, the file's own whole numbers of 16 bits (32 for
    files of more). `num_frames` from `frame_offset` on are read, all with -1. DataError, which
    names the file, where it is damaged or has less than its header says.

    >>> import rushlight as torch
    >>> from rushlight import audio
    >>> audio.save("tone.wav", torch.tensor([[0.5, -0.5]]), 8000)
    >>> audio.load("tone.wav")
    (tensor([[ 0.5000, -0.5000]]), 8000)
    """
    if frame_offset < 0 or num_frames < -1 or num_frames == 0:
        raise ValueError(
            "load: frame_offset is not to be negative, and num_frames is to be positive or -1, not "
            f"{frame_offset} and {num_frames}"
        )
    with _opened(source) as file:
        wide = file.subtype in ("PCM_24", "PCM_32")
        dtype = "float32" if normalize else "int32" if wide else "int16"
        there = max(file.frames - frame_offset, 0)
        wanted = there if num_frames == -1 else min(num_frames, there)
        # The header may promise what no memory holds: it is read as far as there is something.
        try:
            if frame_offset:
                file.seek(min(frame_offset, file.frames))
            values = _read(file, wanted, dtype)
        except RuntimeError as error:  # libsndfile's is one
            raise DataError(f"{_name(source)}: the sound is damaged ({_reason(error)})") from None
        if len(values) < wanted:
            raise DataError(
                f"{_name(source)}: its header promises {file.frames} frames, but "
                f"{frame_offset + len(values)} are there"
            )
        rate = file.samplerate
    return wrap(np.ascontiguousarray(values.T) if channels_first else values), rate


_BLOCK = 1 << 20  # numbers


def _read(file: Any, wanted: int, dtype: str) -> np.ndarray[Any, Any]:
    blocks, left = [], wanted
    while left > 0:
        most = max(_BLOCK // file.channels, 1)
        block = file.read(min(left, most), dtype=dtype, always_2d=True)
        if not len(block):
            break
        blocks.append(block)
        left -= len(block)
    if not blocks:
        return np.zeros((0, file.channels), dtype)
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def save(
    target: Source,
    src: Tensor,
    sample_rate: int,
    channels_first: bool = True,
    format: str | None = None,
    encoding: str | None = None,
) -> None:
    """Writes a sound (channels, frames), or (frames), to a path or file object.

    Floats are cut at -1 and 1. The kind of file follows from the path's ending, or is `format`
    ("WAV", "FLAC", "OGG"); `encoding` is soundfile's name of the numbers, such as "PCM_16" or
    "FLOAT". A file that was there before is replaced only once the new one is complete. ValueError
    for what cannot be written so, such as NaN where the file's numbers have none.

    >>> import rushlight as torch
    >>> from rushlight import audio
    >>> audio.save("silence.flac", torch.zeros(1, 10), 16000)
    >>> audio.info("silence.flac").format
    'FLAC'
    """
    soundfile = require_soundfile()
    if not isinstance(src, Tensor) or src.ndim not in (1, 2):
        shape = tuple(src.shape) if isinstance(src, Tensor) else type(src).__name__
        raise ValueError(f"save: the sound is to be (channels, frames) or (frames), not {shape}")
    halves = src.is_floating_point() and src.element_size() == 2
    values = (src.float() if halves else src).numpy(force=True)
    if values.ndim == 2 and channels_first:
        values = values.T
    if values.dtype.kind == "f":
        if encoding not in ("FLOAT", "DOUBLE") and np.isnan(values).any():
            raise ValueError("save: the sound holds NaN, which only FLOAT and DOUBLE can say")
        values = np.clip(values, -1.0, 1.0)
    path = os.fspath(target) if isinstance(target, (str, os.PathLike)) else None
    if format is None:
        named = path if path is not None else str(getattr(target, "name", ""))
        ending = os.path.splitext(named)[1][1:].upper()
        format = {"OGA": "OGG", "WAVE": "WAV", "AIF": "AIFF"}.get(ending, ending)
    format = format.upper()
    if format not in soundfile.available_formats():
        raise ValueError(f"save: unknown kind of file {format!r} of {path or 'the file'}")
    content = io.BytesIO()
    try:
        soundfile.write(content, values, sample_rate, subtype=encoding, format=format)
    except (ValueError, RuntimeError, OverflowError) as error:
        shown = f"{tuple(src.shape)} of {src.dtype} at {sample_rate} per second"
        raise ValueError(
            f"save: {path or 'the file'} cannot be written so ({_reason(error)}): {shown}"
        ) from None
    if path is None:
        target.write(content.getvalue())
        return
    with replaced_when_complete(path) as file:
        file.write(content.getvalue())
