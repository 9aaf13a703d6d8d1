"""Sound: files both ways, spectra as librosa's, resampling, masks, faults."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import audio
from rushlight.audio import functional as F
from rushlight.audio import transforms as T
from rushlight.autograd.gradcheck import gradcheck
from rushlight.vision import DataError

pytest.importorskip("soundfile")
REFERENCE = np.load(Path(__file__).parent / "data" / "librosa.npz")
SOUND = torch.from_numpy(REFERENCE["sound"])
SPECTRUM: dict[str, Any] = {"n_fft": 128, "hop_length": 64, "win_length": 100}


def close(found: torch.Tensor, name: str, tolerance: float = 1e-4) -> None:
    expected = REFERENCE[name]
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found.numpy() / scale, expected / scale, rtol=0, atol=tolerance)


# ---- as librosa's


def test_spectrum() -> None:
    close(T.Spectrogram(power=None, **SPECTRUM)(SOUND), "stft")
    power = T.Spectrogram(**SPECTRUM)(SOUND)
    close(T.AmplitudeToDB(top_db=60.0)(power), "decibels")


def test_mels() -> None:
    slaney = {"norm": "slaney", "mel_scale": "slaney", "n_mels": 20}
    close(T.MelSpectrogram(8000, **SPECTRUM, **slaney)(SOUND), "mel_slaney")
    close(T.MelSpectrogram(8000, n_mels=20, f_min=50, f_max=3000, **SPECTRUM)(SOUND), "mel_htk")
    close(T.MFCC(8000, 13, melkwargs={**SPECTRUM, **slaney})(SOUND), "mfcc")
    banks = F.melscale_fbanks(201, 0.0, 8000.0, 40, 16000, "slaney", "slaney")
    close(banks.t(), "banks", 1e-6)


def test_griffin_lim() -> None:
    magnitude = T.Spectrogram(power=1.0, **SPECTRUM)(SOUND)
    # librosa's momentum is not divided by 1 + momentum first.
    found = F.griffinlim(magnitude, torch.hann_window(100), 128, 64, 100, 1.0, 8,
                         0.99, None, False)  # fmt: skip
    error = (T.Spectrogram(power=1.0, **SPECTRUM)(found) - magnitude).norm() / magnitude.norm()
    theirs = torch.from_numpy(REFERENCE["griffinlim"])
    other = (T.Spectrogram(power=1.0, **SPECTRUM)(theirs) - magnitude).norm() / magnitude.norm()
    assert error < 0.35 and abs(error - other) < 0.1


def test_gradients() -> None:
    sound = SOUND[:96].double().requires_grad_()
    mel = T.MelSpectrogram(8000, n_fft=32, n_mels=6).double()
    assert gradcheck(lambda x: mel(x), sound, fast_mode=True)
    mfcc = T.MFCC(8000, 4, log_mels=True, melkwargs={"n_fft": 32, "n_mels": 6}).double()
    assert gradcheck(lambda x: mfcc(x), sound, fast_mode=True)
    assert gradcheck(lambda x: F.resample(x, 3, 2), sound, fast_mode=True)


@pytest.mark.parametrize(("old", "new"), [(8000, 16000), (16000, 8000), (44100, 16000), (3, 2)])
def test_a_resampled_tone_is_a_tone(old: int, new: int) -> None:
    tone = old / 40  # hertz
    sound = torch.sin(2 * torch.pi * tone * torch.arange(2000, dtype=torch.float64) / old)
    found = F.resample(sound, old, new, lowpass_filter_width=32)
    assert len(found) == -(-2000 * new // old)
    expected = torch.sin(2 * torch.pi * tone * torch.arange(len(found), dtype=torch.float64) / new)
    middle = slice(len(found) // 4, -len(found) // 4)
    assert (found - expected)[middle].abs().max() < 5e-3


def test_batches_are_their_sounds() -> None:
    batch = torch.stack([SOUND, SOUND.flip(0)])[:, None]
    for layer in (T.MelSpectrogram(8000, n_mels=20, **SPECTRUM), T.Resample(8000, 6000)):
        assert torch.allclose(layer(batch)[1, 0], layer(SOUND.flip(0)), atol=1e-5)


# ---- augmentation


def test_masks() -> None:
    x = torch.ones(3, 20, 30)
    torch.manual_seed(0)
    for layer, axis in ((T.FrequencyMasking(8), 1), (T.TimeMasking(8), 2)):
        widths = set()
        for _ in range(60):
            masked = (layer(x, mask_value=5.0) == 5)[0].all(dim=2 - axis)
            places = masked.nonzero().flatten().tolist()
            start = places[0] if places else 0
            assert places == list(range(start, start + len(places)))
            widths.add(len(places))
        assert widths <= set(range(9)) and len(widths) > 4
    assert torch.equal(T.TimeMasking(30, p=0.0)(x), x)
    with pytest.raises(ValueError, match="between 0.0 and 1.0"):
        F.mask_along_axis(x, 3, 0.0, 2, p=1.5)
    with pytest.raises(ValueError, match="Only Frequency and Time"):
        F.mask_along_axis(x, 3, 0.0, 0)


# ---- files


@pytest.mark.parametrize(("ending", "encoding", "bound"), [
    ("wav", None, 4e-5), ("wav", "FLOAT", 0.0), ("wav", "PCM_24", 1e-6), ("flac", None, 4e-5),
    ("ogg", None, 0.5),
])  # fmt: skip
def test_files_both_ways(ending: str, encoding: str | None, bound: float, tmp_path: Path) -> None:
    sound = torch.stack([SOUND, -SOUND])
    path = tmp_path / f"sound.{ending}"
    audio.save(path, sound, 8000, encoding=encoding)
    found, rate = audio.load(path)
    assert rate == 8000 and found.shape == sound.shape and (found - sound).abs().max() <= bound
    part, _ = audio.load(path, frame_offset=100, num_frames=50)
    if ending != "ogg":
        assert torch.equal(part, found[:, 100:150])
    assert audio.info(path).num_channels == 2 and audio.info(path).num_frames == 800


def test_whole_numbers_and_shapes(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    audio.save(path, torch.tensor([[0.5, -1.5, 2.0]]), 8000)
    found, _ = audio.load(path, normalize=False)
    assert found.dtype == torch.int16 and found.tolist() == [[16384, -32768, 32767]]
    assert audio.load(path, channels_first=False)[0].shape == (3, 1)
    stream = io.BytesIO()
    audio.save(stream, torch.zeros(5), 8000, format="WAV")
    stream.seek(0)
    assert audio.load(stream)[0].shape == (1, 5)


def _wav(frames_promised: int, data: bytes, channels: int = 1, bits: int = 16) -> bytes:
    size = frames_promised * channels * bits // 8
    form = struct.pack("<HHIIHH", 1, channels, 8000, 8000 * channels * bits // 8,
                       channels * bits // 8, bits)  # fmt: skip
    head = b"RIFF" + struct.pack("<I", 36 + size & 0xFFFFFFFF) + b"WAVEfmt " + struct.pack("<I", 16)
    return head + form + b"data" + struct.pack("<I", size & 0xFFFFFFFF) + data


@pytest.mark.parametrize("content", [
    b"", b"RIFF", b"no sound", _wav(4, bytes(8), channels=0), _wav(4, bytes(8), bits=99),
    b"fLaC" + bytes(30), b"OggS" + bytes(40), _wav(4, bytes(8))[:30],
])  # fmt: skip
def test_damaged_files_name_themselves(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.wav: "):
        audio.load(path)


def test_a_header_that_lies(tmp_path: Path) -> None:
    path = tmp_path / "lies.wav"
    path.write_bytes(_wav(2**30, bytes(200)))
    found = None
    try:
        found, _ = audio.load(path)
    except DataError as error:
        assert "lies.wav" in str(error)
    assert found is None or found.shape == (1, 100)  # what is there; never more


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere.wav"):
        audio.load(tmp_path / "nowhere.wav")
    with pytest.raises(ValueError, match="unknown kind of file 'TXT'"):
        audio.save(tmp_path / "a.txt", torch.zeros(3), 8000)
    with pytest.raises(ValueError, match=r"\(channels, frames\) or \(frames\), not \(1, 1, 1\)"):
        audio.save(tmp_path / "a.wav", torch.zeros(1, 1, 1), 8000)
    with pytest.raises(ValueError, match="cannot be written so"):
        audio.save(tmp_path / "a.wav", torch.zeros(3), 8000, encoding="VORBIS")
    with pytest.raises(ValueError, match="num_frames is to be positive or -1"):
        audio.load(tmp_path / "a.wav", num_frames=0)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="more MFCC coefficients than # mel bins"):
        T.MFCC(n_mfcc=50, melkwargs={"n_mels": 40})
    with pytest.raises(ValueError, match="positive integers"):
        F.resample(SOUND, 0, 8000)
    with pytest.raises(ValueError, match='one of "htk" or "slaney"'):
        F.hz_to_mel(1.0, "bark")
    with pytest.raises(DataError, match="no recordings"):
        audio.datasets.SpeechDigits(tmp_path)


def test_rates_of_a_dataset_are_checked(tmp_path: Path) -> None:
    audio.save(tmp_path / "3_ann_0.wav", torch.zeros(10), 16000)
    with pytest.raises(DataError, match="3_ann_0.wav: 16000 samples per second, not 8000"):
        audio.datasets.SpeechDigits(tmp_path)[0]
