"""Makes the bundled Digits dataset: the first images of each class of MNIST, in their order.

    python tools/make_digits.py path/to/mnist

prints the md5 of each file's unpacked bytes, which `vision.datasets.Digits` lists. The same input
gives the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import sys
from pathlib import Path

import numpy as np

from rushlight.vision.datasets.mnist import MNIST

TARGET = Path(__file__).parent.parent / "src/rushlight/vision/datasets/data/digits"
PER_CLASS = {"train": 1000, "t10k": 200}


def first_of_each_class(labels: np.ndarray, count: int) -> np.ndarray:
    """The sorted positions of the first `count` of each label."""
    return np.sort(np.concatenate([np.flatnonzero(labels == c)[:count] for c in range(10)]))


def write_idx(path: Path, values: np.ndarray) -> None:
    content = struct.pack(f">{1 + values.ndim}I", 8 << 8 | values.ndim, *values.shape)
    content += values.astype(np.uint8).tobytes()
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(content)
    path.write_bytes(packed.getvalue())
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    print(f'"{path.stem}": "{md5}",  # {path.stat().st_size} bytes packed')


def main(root: str) -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for split, count in PER_CLASS.items():
        mnist = MNIST(root, train=split == "train")
        labels = mnist.targets.numpy()
        chosen = first_of_each_class(labels, count)
        write_idx(TARGET / f"{split}-images-idx3-ubyte.gz", mnist.data.numpy()[chosen])
        write_idx(TARGET / f"{split}-labels-idx1-ubyte.gz", labels[chosen])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER_OF_MNIST")
    main(sys.argv[1])
