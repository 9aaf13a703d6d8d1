"""OpenCV's images: blue first, and what needs OpenCV itself."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import DataError, opencv


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_there_and_back(channels: int) -> None:
    image = np.arange(2 * 3 * channels, dtype=np.uint8).reshape(2, 3, channels)
    tensor = opencv.to_tensor(image)
    assert tensor.shape == (channels, 2, 3) and tensor.dtype == torch.uint8
    assert tensor[:, 0, 0].tolist() == {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    assert opencv.to_array(tensor).tolist() == image.squeeze(-1 if channels == 1 else ()).tolist()


def test_grey_images_of_two_dimensions_and_of_floats() -> None:
    image = np.ones((2, 3), np.float32)
    assert opencv.to_tensor(image).shape == (1, 2, 3)
    assert opencv.to_array(opencv.to_tensor(image)).dtype == np.float32


def test_pillow_and_opencv_give_the_same() -> None:
    pillow = pytest.importorskip("PIL.Image")
    rgb = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    from_pillow = opencv.to_tensor(pillow.fromarray(rgb))
    assert torch.equal(from_pillow, opencv.to_tensor(rgb[..., ::-1]))


def test_errors() -> None:
    with pytest.raises(TypeError, match="list"):
        opencv.to_tensor([[1]])
    for shape in ((2,), (2, 3, 2), (1, 2, 3, 3)):
        with pytest.raises(ValueError, match="1, 3 or 4 channels"):
            opencv.to_tensor(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="1, 3 or 4 channels"):
        opencv.to_array(torch.zeros(2, 3, 3))


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ModuleNotFoundError, match=r"rushlight\[opencv\]"):
        opencv.frames("film.avi")


def test_frames(tmp_path) -> None:
    cv2 = pytest.importorskip("cv2")
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 5, (32, 16))
    for brightness in (20, 120, 220):
        image = np.zeros((16, 32, 3), np.uint8)
        image[..., 0] = brightness  # blue
        writer.write(image)
    writer.release()
    found = list(opencv.frames(path))
    assert [frame.shape for frame in found] == [(3, 16, 32)] * 3
    for frame, brightness in zip(found, (20, 120, 220), strict=True):
        assert abs(frame[2].float().mean().item() - brightness) < 12
        assert frame[0].float().mean().item() < 20
    with pytest.raises(DataError, match="none.avi"):
        opencv.frames(tmp_path / "none.avi")
