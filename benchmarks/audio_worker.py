"""Mel spectrograms by one library in a process of its own, told by lines of JSON how many at once.

`{"case": batch, "seconds": s}` makes spectrograms of batches of sounds of a second again and again
for about that long, and answers with the shortest processor time for one sound: `{"seconds": t}`.
PyTorch's are made as torchaudio does it: `stft`, its absolute values squared, a product with the
filters.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

RATE, FFT, HOP, MELS = 16_000, 400, 160, 80


def with_rushlight(sounds: Any) -> Callable[[], Any]:
    torch = import_module("rushlight")
    transforms = import_module("rushlight.audio.transforms")
    layer = transforms.MelSpectrogram(RATE, n_fft=FFT, hop_length=HOP, n_mels=MELS)
    waveform = torch.from_numpy(sounds)
    return lambda: layer(waveform)


def with_torch(sounds: Any) -> Callable[[], Any]:
    torch = import_module("torch")
    functional = import_module("rushlight.audio.functional")
    banks = functional.melscale_fbanks(FFT // 2 + 1, 0.0, RATE / 2, MELS, RATE).numpy()
    filters, window = torch.from_numpy(banks), torch.hann_window(FFT)
    waveform = torch.from_numpy(sounds)

    def spectrogram() -> Any:
        spectrum = torch.stft(waveform, FFT, HOP, FFT, window, return_complex=True)
        power = spectrum.abs().pow(2.0)
        return torch.matmul(power.transpose(-1, -2), filters).transpose(-1, -2)

    return spectrogram


def with_librosa(sounds: Any) -> Callable[[], Any]:
    librosa = import_module("librosa")
    options = {"n_fft": FFT, "hop_length": HOP, "n_mels": MELS, "htk": True, "norm": None}
    return lambda: librosa.feature.melspectrogram(y=sounds, sr=RATE, pad_mode="reflect", **options)


def main() -> None:
    name = sys.argv[1]
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"  # before NumPy or PyTorch reads them
    np, library = import_module("numpy"), import_module(name)
    if name != "librosa":
        library.set_num_threads(1)
    make = {"rushlight": with_rushlight, "torch": with_torch, "librosa": with_librosa}[name]
    print(json.dumps({"ready": library.__version__}), flush=True)
    prepared: dict[int, Callable[[], Any]] = {}
    for line in sys.stdin:
        request = json.loads(line)
        batch = int(request["case"])
        if batch not in prepared:
            sounds = np.random.RandomState(0).randn(batch, RATE).astype(np.float32)
            prepared[batch] = make(sounds)
            prepared[batch]()
        times, end = [], time.perf_counter() + request["seconds"]
        while not times or time.perf_counter() < end:
            start = time.process_time()
            prepared[batch]()
            times.append((time.process_time() - start) / batch)
        print(json.dumps({"seconds": min(times)}), flush=True)


if __name__ == "__main__":
    main()
