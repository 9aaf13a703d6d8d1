"""Writes tests/data/librosa.npz: spectra that librosa makes of a short sound.

    pip install librosa && python tools/librosa_reference.py
"""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np

TARGET = Path(__file__).parent.parent / "tests" / "data" / "librosa.npz"
SPECTRUM = {"n_fft": 128, "hop_length": 64, "win_length": 100}


def main() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(800) / 8000
    sound = 0.5 * np.sin(2 * np.pi * (300 + 1500 * time) * time) + 0.05 * rng.normal(size=800)
    sound = sound.astype("float32")
    stft = librosa.stft(sound, pad_mode="reflect", **SPECTRUM)
    mel = {"y": sound, "sr": 8000, "n_mels": 20, "pad_mode": "reflect", **SPECTRUM}
    np.savez_compressed(
        TARGET,
        sound=sound,
        stft=stft,
        mel_slaney=librosa.feature.melspectrogram(**mel),
        mel_htk=librosa.feature.melspectrogram(htk=True, norm=None, fmin=50, fmax=3000, **mel),
        mfcc=librosa.feature.mfcc(n_mfcc=13, **mel),
        decibels=librosa.power_to_db(np.abs(stft) ** 2, top_db=60),
        banks=librosa.filters.mel(sr=16000, n_fft=400, n_mels=40),
        griffinlim=librosa.griffinlim(
            np.abs(stft), n_iter=8, momentum=0.99, init=None, pad_mode="reflect", **SPECTRUM
        ),
    )


if __name__ == "__main__":
    main()
