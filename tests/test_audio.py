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


def test_rates_without_a_common_divisor(monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one the samples are those of a convolution, which would need a filter for each."""
    sound = torch.stack([SOUND, SOUND.flip(0)]).double().requires_grad_()
    rates = ((8, 5), (5, 8), (3, 1), (1, 3), (147, 160))
    in_blocks = [F.resample(sound, *pair) for pair in rates]
    monkeypatch.setattr(F, "_MOST_COEFFICIENTS", 0)
    for pair, expected in zip(rates, in_blocks, strict=True):
        found = F.resample(sound, *pair)
        assert torch.allclose(found, expected, atol=1e-12)
    assert gradcheck(lambda x: F.resample(x, 3, 2), SOUND[:20].double().requires_grad_())


@pytest.mark.parametrize(("old", "new"), [
    (44100, 44101), (2**31 - 1, 16000), (10**18, 3), (8001, 8000),
])  # fmt: skip
def test_absurd_rates_cost_what_their_samples_do(old: int, new: int) -> None:
    found = F.resample(SOUND, old, new)
    assert len(found) == -(-len(SOUND) * new // old) and found.isfinite().all()


def test_sounds_of_nothing() -> None:
    assert F.resample(torch.zeros(0), 8000, 4000).shape == (0,)
    assert F.resample(torch.zeros(0, 100), 8000, 4000).shape == (0, 50)
    assert T.Spectrogram(16)(torch.zeros(0, 100)).shape == (0, 9, 13)
    with pytest.raises(RuntimeError, match="Padding size should be less"):
        T.Spectrogram(16)(torch.zeros(2, 0))
    nan = torch.full((800,), float("nan"))
    for layer in (T.MelSpectrogram(8000, n_mels=20, **SPECTRUM), T.Resample(8000, 6000)):
        assert layer(nan).isnan().all()


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
    for spectrum, axis in ((x, 0), (x, -3), (x[0, 0], 0), (x[0, 0], -1)):
        with pytest.raises(ValueError, match="Only Frequency and Time"):
            F.mask_along_axis(spectrum, 3, 0.0, axis)


@pytest.mark.parametrize(("masking", "axis"), [(T.FrequencyMasking, 2), (T.TimeMasking, 3)])
def test_masks_of_their_own(masking: Any, axis: int) -> None:
    x = torch.ones(40, 2, 20, 30)
    masked = masking(8, iid_masks=True)(x) == 0
    lines = masked.all(dim=5 - axis)  # whether a place of the axis is masked in all of the other
    assert torch.equal(lines.unsqueeze(5 - axis).expand_as(masked), masked)
    widths = lines.sum(-1).flatten().tolist()
    assert set(widths) <= set(range(9)) and len(set(widths)) > 4
    assert len(set(lines.float().argmax(-1).flatten().tolist())) > 8


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


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_halves_are_written_as_floats(dtype: Any, tmp_path: Path) -> None:
    audio.save(tmp_path / "a.wav", torch.tensor([0.5, -0.25], dtype=dtype), 8000, format="wav")
    assert audio.load(tmp_path / "a.wav")[0].tolist() == [[0.5, -0.25]]


def test_numbers_that_are_none(tmp_path: Path) -> None:
    """Infinity is cut off; nan has no place among whole numbers: libsndfile writes a loud click."""
    sound = torch.tensor([[float("nan"), float("-inf")]])
    with pytest.raises(ValueError, match="holds NaN"):
        audio.save(tmp_path / "a.wav", sound, 8000)
    audio.save(tmp_path / "a.wav", sound, 8000, encoding="FLOAT")
    found, _ = audio.load(tmp_path / "a.wav")
    assert found[0, 0].isnan() and found[0, 1] == -1


def _wav(
    frames_promised: int, data: bytes, channels: int = 1, bits: int = 16, rate: int = 8000
) -> bytes:
    size = frames_promised * channels * bits // 8
    form = struct.pack("<HHIIHH", 1, channels, rate, 8000 * channels * bits // 8,
                       channels * bits // 8, bits)  # fmt: skip
    head = b"RIFF" + struct.pack("<I", 36 + size & 0xFFFFFFFF) + b"WAVEfmt " + struct.pack("<I", 16)
    return head + form + b"data" + struct.pack("<I", size & 0xFFFFFFFF) + data


@pytest.mark.parametrize("content", [
    b"", b"RIFF", b"no sound", _wav(4, bytes(8), channels=0), _wav(4, bytes(8), bits=99),
    b"fLaC" + bytes(30), b"OggS" + bytes(40), _wav(4, bytes(8))[:30], bytes(5000),
    _wav(4, bytes(8), rate=0), _wav(4, bytes(8), rate=2**32 - 1),
    _wav(1, bytes(8), channels=32767),
])  # fmt: skip
def test_damaged_files_name_themselves(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.wav: no sound that can be read \((?!Error opening)"):
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


def test_a_header_that_promises_channels_and_frames(tmp_path: Path) -> None:
    (tmp_path / "wide.wav").write_bytes(_wav(2**20, bytes(4096), channels=1024))
    assert audio.load(tmp_path / "wide.wav")[0].shape == (1024, 2)


def test_a_flac_header_that_lies(tmp_path: Path) -> None:
    """Of 5,000 frames it promises 2**36: those that are there can be read, and no others."""
    path = tmp_path / "lies.flac"
    audio.save(path, torch.linspace(-1, 1, 5000), 8000)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # the 36 bits after those of rate, channels and sample size
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)
    assert audio.info(path).num_frames == 2**36 - 1
    assert audio.load(path, frame_offset=100, num_frames=50)[0].shape == (1, 50)
    for offset in (0, 2**30):
        with pytest.raises(DataError, match=r"lies\.flac: "):
            audio.load(path, frame_offset=offset)


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere.wav"):
        audio.load(tmp_path / "nowhere.wav")
    with pytest.raises(ValueError, match="unknown kind of file 'TXT'"):
        audio.save(tmp_path / "a.txt", torch.zeros(3), 8000)
    with pytest.raises(ValueError, match=r"\(channels, frames\) or \(frames\), not \(1, 1, 1\)"):
        audio.save(tmp_path / "a.wav", torch.zeros(1, 1, 1), 8000)
    with pytest.raises(ValueError, match="cannot be written so"):
        audio.save(tmp_path / "a.wav", torch.zeros(3), 8000, encoding="VORBIS")
    for rate in (0, -1, 2**31, 2**40):
        with pytest.raises(ValueError, match=rf"\(1, 3\) of torch.float32 at {rate} per second"):
            audio.save(tmp_path / "a.wav", torch.zeros(1, 3), rate)
    with pytest.raises(ValueError, match="num_frames is to be positive or -1"):
        audio.load(tmp_path / "a.wav", num_frames=0)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="more MFCC coefficients than # mel bins"):
        T.MFCC(n_mfcc=50, melkwargs={"n_mels": 40})
    for rate in (0, -8000, 8000.5, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="positive integers"):
            F.resample(SOUND, rate, 8000)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Expected floating point type .* torch.int16"):
        F.resample(SOUND.short(), 8000, 4000)
    with pytest.raises(ValueError, match="rolloff is to be positive"):
        F.resample(SOUND, 8000, 4000, rolloff=0)
    with pytest.raises(ValueError, match='"window" or "frame_length", not \'windo\''):
        T.Spectrogram(16, normalized="windo")(SOUND)
    with pytest.raises(ValueError, match="n_mfcc is to be positive"):
        T.MFCC(n_mfcc=0, melkwargs={"n_mels": 20})
    for low, high, count in ((100, 100, 4), (-900, 4000, 4), (0, 4000, 0)):
        with pytest.raises(ValueError, match="0 <= f_min < f_max"):
            T.MelScale(count, 8000, low, high, 33)
    with pytest.warns(UserWarning, match="At least one of 128 mel filterbanks"):
        T.MelScale(128, 8000, n_stft=33)
    with pytest.raises(ValueError, match='one of "htk" or "slaney"'):
        F.hz_to_mel(1.0, "bark")
    with pytest.raises(DataError, match="no recordings"):
        audio.datasets.SpeechDigits(tmp_path)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: T.Spectrogram(0), ValueError, "Spectrogram: n_fft is to be at least 1, got 0"),
        (lambda: T.Spectrogram(16.0), TypeError, "Spectrogram: n_fft is to be a whole number"),
        (lambda: T.Spectrogram(16, win_length=32), ValueError, "win_length 32 and n_fft 16"),
        (lambda: T.Spectrogram(16, hop_length=0), ValueError, "hop_length is to be at least 1"),
        (lambda: T.Spectrogram(16, pad=-1), ValueError, "pad is to be at least 0"),
        (lambda: T.Spectrogram(16, normalized="x"), ValueError, "normalized is to be a bool"),
        (lambda: T.Spectrogram(16, power=-1.0), ValueError, "power is to be positive"),
        (lambda: T.MelSpectrogram(0), ValueError, "sample_rate is to be at least 1, got 0"),
        (lambda: T.MelScale(8, n_stft=0), ValueError, "n_stft is to be at least 1"),
        (lambda: T.MelScale(8.5), TypeError, "n_mels is to be a whole number"),
        (lambda: T.GriffinLim(0), ValueError, "GriffinLim: n_fft is to be at least 1"),
        (lambda: T.GriffinLim(16, n_iter=-1), ValueError, "n_iter is to be at least 0"),
        (lambda: T.GriffinLim(16, power=0.0), ValueError, "power is to be positive"),
        (lambda: T.Resample(16000, 0), ValueError, "positive integers, got 16000 and 0"),
        (lambda: T.Resample("a", 8000), TypeError, "rates are to be whole numbers, got str"),
        (lambda: T.Resample(1, 2, 0), ValueError, "filter width should be positive"),
        (lambda: T.TimeMasking(3, p=2.0), ValueError, "between 0.0 and 1.0"),
        (lambda: T.TimeMasking(-1), ValueError, "mask_param is to be at least 0, got -1"),
        (lambda: T.FrequencyMasking(-1), ValueError, "mask_param is to be at least 0, got -1"),
        (lambda: T.FrequencyMasking(1.5), TypeError, "mask_param is to be a whole number"),
        *[
            (lambda make=make: make()(np.ones((9, 100))), TypeError, "expected a Tensor, got nda")
            for make in (
                lambda: T.Spectrogram(16), lambda: T.MelSpectrogram(8000, 64, n_mels=4),
                lambda: T.MelScale(4, 8000, n_stft=9), T.AmplitudeToDB,
                lambda: T.GriffinLim(16), lambda: T.Resample(2, 1),
                lambda: T.TimeMasking(2), lambda: T.FrequencyMasking(2, iid_masks=True),
            )
        ],
        (lambda: T.Resample(2, 1)(torch.tensor(1.0)), IndexError, "resample: a number is no sou"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused_when_they_are_given(
    call: Any, error: Any, message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


def test_rates_of_a_dataset_are_checked(tmp_path: Path) -> None:
    audio.save(tmp_path / "3_ann_0.wav", torch.zeros(10), 16000)
    with pytest.raises(DataError, match="3_ann_0.wav: 16000 samples per second, not 8000"):
        audio.datasets.SpeechDigits(tmp_path)[0]
