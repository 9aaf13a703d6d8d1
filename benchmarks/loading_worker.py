"""One framework's loaders in a process of its own, told by lines of JSON what to measure.

`{"case": name, "seconds": s}` runs a case again and again for about that long, and answers with the
shortest time of a run per thing that it made (an image, a batch): `{"seconds": t}`. The case
"memory" answers with `{"growth": mebibytes}`. The programs are the same for both frameworks, with
torchvision's transforms and with Rushlight's.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

NAME = sys.argv[1]
torch = import_module(NAME)
data = import_module(f"{NAME}.utils.data")
if NAME == "torch":  # torchvision without the operators that its wheel compiles for another build
    for operator in ("nms", "qnms"):
        signature = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        torch.library.define(f"torchvision::{operator}", signature)
VISION = "torchvision" if NAME == "torch" else "rushlight.vision"
T = import_module(f"{VISION}.transforms")
datasets = import_module(f"{VISION}.datasets")


def main() -> None:
    torch.set_num_threads(int(sys.argv[2]))
    print(json.dumps({"ready": torch.__version__}), flush=True)
    prepared: dict[str, Callable[[], float]] = {}
    for line in sys.stdin:
        request = json.loads(line)
        name = request["case"]
        if name == "memory":
            print(json.dumps({"growth": memory_growth()}), flush=True)
            continue
        if name not in prepared:
            prepared[name] = CASES[name]()
            prepared[name]()
        times, end = [], time.perf_counter() + request["seconds"]
        while not times or time.perf_counter() < end:
            times.append(prepared[name]())
        print(json.dumps({"seconds": min(times)}), flush=True)


def pass_over(loader: Any, size: int) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        for _ in loader:
            pass
        return (time.perf_counter() - start) / size

    return run


class Files(data.Dataset):
    """JPEG files as a folder of images gives them."""

    def __init__(self, paths: list[Path], transform: Any) -> None:
        self.paths = paths
        self.transform = transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Any:
        with open(self.paths[index], "rb") as file:
            return self.transform(Image.open(file).convert("RGB")), index % 10


@cache
def jpegs(count: int = 128) -> list[Path]:
    """Smooth noisy pictures of 500 x 375, ImageNet's usual size; about 90 KB each."""
    folder = Path(tempfile.mkdtemp())
    random = np.random.RandomState(0)
    paths = []
    for i in range(count):
        small = Image.fromarray(random.randint(0, 255, (12, 16, 3)).astype(np.uint8))
        noisy = np.asarray(small.resize((500, 375))) + random.randint(-12, 12, (375, 500, 3))
        paths.append(folder / f"{i}.jpg")
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(paths[-1], quality=90)
    return paths


def jpeg(**options: Any) -> Callable[[], float]:
    transform = T.Compose([
        T.RandomResizedCrop(224), T.RandomHorizontalFlip(), T.ToTensor(),
        T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ])  # fmt: skip
    files = Files(jpegs(), transform)
    return pass_over(data.DataLoader(files, 32, shuffle=True, **options), len(files))


class InMemory(datasets.MNIST):  # type: ignore[misc,name-defined]
    """MNIST's class with pictures that need no download."""

    def __init__(self) -> None:
        pictures = np.random.RandomState(0).randint(0, 255, (10_000, 28, 28))
        self.data = torch.tensor(pictures.astype(np.uint8))
        self.targets = torch.arange(10_000) % 10
        self.transform = T.Compose([T.ToTensor(), T.Normalize((0.1307,), (0.3081,))])
        self.target_transform = None


def mnist(**options: Any) -> Callable[[], float]:
    return pass_over(data.DataLoader(InMemory(), 64, shuffle=True, **options), 10_000)


def augmentation() -> Callable[[], float]:
    picture = torch.rand(3, 32, 32)
    transform = T.Compose([
        T.RandomCrop(32, padding=4), T.RandomHorizontalFlip(),
        T.Normalize((0.5, 0.5, 0.5), (0.2, 0.2, 0.2)),
    ])  # fmt: skip

    def run() -> float:
        start = time.perf_counter()
        for _ in range(200):
            transform(picture)
        return (time.perf_counter() - start) / 200

    return run


def first_batch(**options: Any) -> Callable[[], float]:
    loader = data.DataLoader(InMemory(), 64, shuffle=True, num_workers=2, **options)

    def run() -> float:
        start = time.perf_counter()
        batches = iter(loader)
        next(batches)
        return time.perf_counter() - start

    return run


class Names(data.Dataset):
    def __init__(self) -> None:
        self.names = [f"a/folder/with/pictures/{i:09d}.jpg" for i in range(1_000_000)]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> int:
        return len(self.names[index])


def memory_growth() -> float:
    """MiB by which a program and its workers are larger after five epochs than after the first."""
    loader = data.DataLoader(
        Names(), 1000, shuffle=True, num_workers=2, persistent_workers=True,
        multiprocessing_context="fork",
    )  # fmt: skip
    sizes = []
    for _ in range(5):
        for _ in loader:
            pass
        processes = [os.getpid(), *(child.pid for child in multiprocessing.active_children())]
        sizes.append(sum(map(proportional_size, processes)))
    return (sizes[-1] - sizes[0]) / 1024


def proportional_size(process: int | None) -> int:
    """KiB, with what several processes share divided among them."""
    with open(f"/proc/{process}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


CASES: dict[str, Callable[[], Callable[[], float]]] = {
    "JPEG, no workers": jpeg,
    "JPEG, 2 workers": lambda: jpeg(num_workers=2),
    "MNIST, no workers": mnist,
    "MNIST, 2 workers": lambda: mnist(num_workers=2),
    "augmentation": augmentation,
    "first batch": first_batch,
}
if NAME == "rushlight":
    CASES["JPEG, 2 threads"] = lambda: jpeg(num_workers=2, worker="thread")
    CASES["MNIST, 2 threads"] = lambda: mnist(num_workers=2, worker="thread")
    CASES["first batch of threads"] = lambda: first_batch(worker="thread")

if __name__ == "__main__":
    main()
