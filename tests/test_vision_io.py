"""Images from files and to files."""

from __future__ import annotations

import struct
import subprocess
import sys
from io import BytesIO
from zlib import compress, crc32

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import DataError, io
from rushlight.vision.io import ImageReadMode, read_file, read_image, write_file
from rushlight.vision.utils import make_grid, save_image

Image = pytest.importorskip("PIL.Image")

COLOUR = (np.arange(3 * 4 * 3).reshape(3, 4, 3) * 7).astype(np.uint8)


@pytest.fixture
def colour_file(tmp_path):
    path = tmp_path / "colour.png"
    Image.fromarray(COLOUR).save(path)
    return path


def test_read_image(colour_file):
    image = read_image(colour_file)
    assert image.dtype == torch.uint8
    assert image.is_contiguous()
    assert image.tolist() == COLOUR.transpose(2, 0, 1).tolist()


@pytest.mark.parametrize(
    ("mode", "channels"),
    [(ImageReadMode.GRAY, 1), ("gray_alpha", 2), ("RGB", 3), (ImageReadMode.RGB_ALPHA, 4)],
)
def test_read_modes(colour_file, mode, channels):
    assert read_image(str(colour_file), mode).shape == (channels, 3, 4)


@pytest.mark.parametrize(
    ("mode", "channels"), [("1", 1), ("L", 1), ("LA", 2), ("P", 3), ("RGBA", 4), ("CMYK", 3)]
)
def test_channels_of_the_file(tmp_path, mode, channels):
    path = tmp_path / ("image.tif" if mode == "CMYK" else "image.png")
    Image.fromarray(COLOUR).convert(mode).save(path)
    assert read_image(path).shape == (channels, 3, 4)


def test_orientation(tmp_path):
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.fromarray(COLOUR).save(path, exif=exif)
    assert read_image(path).shape == (3, 3, 4)
    assert read_image(path, apply_exif_orientation=True).shape == (3, 4, 3)


def complaint(path):
    with pytest.raises(DataError) as caught:
        read_image(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text


def test_files_that_cannot_be_read(tmp_path, colour_file):
    assert complaint(tmp_path / "nothing.png").endswith(
        "cannot be read (No such file or directory)"
    )
    assert complaint(tmp_path).endswith("cannot be read (Is a directory)")
    text = tmp_path / "text.png"
    text.write_text("This is no image.")
    assert complaint(text).endswith("this is not an image file that Pillow can read")
    text.write_bytes(b"")
    assert "not an image file" in complaint(text)
    deep = tmp_path / "deep.png"
    Image.new("I", (2, 2)).save(deep.with_suffix(".tif"))
    assert "more than 8 bits per channel (Pillow's mode I" in complaint(deep.with_suffix(".tif"))


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "bmp"])
def test_damaged_files(tmp_path, kind):
    path = tmp_path / f"image.{kind}"
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[:1500])
    assert "the image is damaged (" in complaint(path)


@pytest.mark.parametrize("kind", ["avif", "blp", "dds", "webp", "tiff", "png", "ico", "tga", "pcx"])
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
def test_images_damaged_anywhere(tmp_path, kind, monkeypatch):
    """Each is read as some image, or is a complaint of one line."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1 << 20)  # or some take seconds
    path = tmp_path / f"image.{kind}"
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    try:
        (image.quantize() if kind == "blp" else image).save(path)
    except (KeyError, OSError, ValueError):
        pytest.skip(f"this Pillow does not write {kind} files")
    original = path.read_bytes()
    complaints = 0
    for _ in range(60):
        content = bytearray(original[: rng.integers(len(original)) if rng.random() < 0.3 else None])
        for place in rng.integers(0, min(len(content), 200) or 1, 4):
            content[place : place + 1] = rng.bytes(1)
        path.write_bytes(content)
        try:
            read_image(path, "gray_alpha", apply_exif_orientation=True)
        except DataError as error:
            assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
            complaints += 1
    assert complaints


# ---- bytes


def test_bytes_of_files(colour_file):
    content = read_file(colour_file)
    assert content.dtype == torch.uint8 and content.tolist() == [*colour_file.read_bytes()]
    expected = read_image(colour_file)
    for decoded in (io.decode_image(content), io.decode_png(content), io.decode_image(colour_file)):
        assert torch.equal(decoded, expected)
    assert io.decode_image(content, "gray_alpha").shape == (2, 3, 4)
    write_file(colour_file, torch.tensor([1, 2], dtype=torch.uint8))
    assert colour_file.read_bytes() == b"\1\2"


@pytest.mark.parametrize("channels", [1, 3])
def test_there_and_back(tmp_path, channels):
    image = torch.arange(channels * 16 * 24).reshape(channels, 16, 24).div(5).to(torch.uint8)
    assert torch.equal(io.decode_png(io.encode_png(image, 9)), image)
    close = io.decode_jpeg(io.encode_jpeg([image, image], 100))
    assert len(close) == 2 and (close[1].int() - image.int()).abs().max() <= 3
    io.write_png(image, tmp_path / "image.png")
    io.write_jpeg(image, tmp_path / "image.jpg", quality=100)
    assert torch.equal(read_image(tmp_path / "image.png"), image)
    assert torch.equal(read_image(tmp_path / "image.jpg"), close[0])
    assert len(io.encode_jpeg(image, 5)) < len(io.encode_jpeg(image, 95))


def test_deep_grey_images(tmp_path):
    values = np.array([[0, 700], [65535, 3]], np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    image = read_image(tmp_path / "deep.png")
    assert image.dtype == torch.uint16 and image.tolist() == [values.tolist()]
    both = read_image(tmp_path / "deep.png", "RGB_ALPHA")
    assert both.shape == (4, 2, 2) and both[3].tolist() == [[65535] * 2] * 2


def deep_png(kind, channels):
    """A PNG file of one pixel of 16 bits per channel, which Pillow does not write."""
    def chunk(name, content):
        content = name + content
        return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", crc32(content))

    head = struct.pack(">IIBBBBB", 1, 1, 16, kind, 0, 0, 0)
    row = b"\0" + struct.pack(">H", 0x1234) * channels
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", compress(row)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(("kind", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_deep_colours_are_not_cut_in_silence(tmp_path, kind, channels):
    (tmp_path / "deep.png").write_bytes(deep_png(kind, channels))
    for mode in ("UNCHANGED", "GRAY", "RGB"):
        with pytest.raises(DataError, match=r"deep.png: this image has 16 bits per channel"):
            read_image(tmp_path / "deep.png", mode, apply_exif_orientation=True)
    with pytest.raises(DataError, match="decode_png: this image has 16 bits"):
        io.decode_png(read_file(tmp_path / "deep.png"))
    (tmp_path / "grey.png").write_bytes(deep_png(0, 1))
    assert read_image(tmp_path / "grey.png").tolist() == [[[0x1234]]]


def test_animations(tmp_path):
    frames = [Image.new("P", (4, 3), shade) for shade in (0, 1)]
    for frame in frames:
        frame.putpalette([0, 0, 0, 9, 20, 30])
    frames[0].save(tmp_path / "one.gif")
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    assert io.decode_gif(read_file(tmp_path / "one.gif")).shape == (3, 3, 4)
    both = io.decode_gif(read_file(tmp_path / "two.gif"))
    assert both.shape == (2, 3, 3, 4) and both[:, :, 0, 0].tolist() == [[0, 0, 0], [9, 20, 30]]
    assert torch.equal(read_image(tmp_path / "two.gif"), both)


@pytest.mark.parametrize(("call", "kind", "said"), [
    (lambda b: io.decode_jpeg(b), DataError, "decode_jpeg: this is no JPEG file"),
    (lambda b: io.decode_webp(b), DataError, "decode_webp: this is no WEBP file"),
    (lambda b: io.decode_image(b[:0]), RuntimeError, "not torch.uint8 of shape .0,"),
    (lambda b: io.decode_image(b.float()), RuntimeError, "not torch.float32"),
    (lambda b: io.decode_image(b[:40]), DataError, "decode_image: "),
    (lambda b: read_file("none.bin"), DataError, "none.bin: cannot be read .No such file"),
    (lambda b: write_file("none/a.bin", b), DataError, "none/a.bin: cannot be written"),
    (lambda b: write_file("a.bin", b.float()), RuntimeError, "not torch.float32"),
    (lambda b: io.encode_png(b), RuntimeError, r"shape \(1 or 3, H, W\)"),
    (lambda b: io.encode_png(torch.zeros(1, 2, 2)), RuntimeError, "not torch.float32"),
    (lambda b: io.encode_png(b, 10), RuntimeError, "between 0 and 9, not 10"),
    (lambda b: io.encode_jpeg(b, 0), ValueError, "positive number between 1 and 100"),
])  # fmt: skip
def test_bytes_that_are_refused(colour_file, call, kind, said):
    with pytest.raises(kind, match=said):
        call(read_file(colour_file))


# ---- to files


def test_make_grid():
    images = torch.arange(5).reshape(5, 1, 1, 1).expand(5, 1, 2, 3).float()
    grid = make_grid(images, nrow=3, padding=1, pad_value=9.0)
    row = [9, 0, 0, 0, 9, 1, 1, 1, 9, 2, 2, 2, 9]
    last = [9, 3, 3, 3, 9, 4, 4, 4, 9, 9, 9, 9, 9]
    gap = [9] * 13
    assert grid.shape == (3, 7, 13)
    assert grid[2].tolist() == [gap, row, row, gap, last, last, gap]


def test_grid_of_one_image_of_any_kind():
    assert make_grid(torch.zeros(4, 5)).shape == (3, 4, 5)
    assert make_grid(torch.zeros(1, 4, 5)).shape == (3, 4, 5)
    assert make_grid(torch.zeros(3, 4, 5)).shape == (3, 4, 5)
    assert make_grid([torch.zeros(3, 4, 5)] * 2, padding=0).shape == (3, 4, 10)
    source = torch.zeros(3, 4, 5)
    make_grid(source).fill_(1)
    assert source.sum().item() == 0


def test_normalized_grid():
    images = torch.tensor([0.0, 2.0, 4.0, 8.0]).reshape(2, 1, 1, 2)
    options = {"normalize": True, "padding": 0}
    assert make_grid(images, **options)[0].tolist() == [[0, 0.25, 0.5, 1]]
    assert make_grid(images, scale_each=True, **options)[0].tolist() == [[0, 1, 0, 1]]
    assert make_grid(images, value_range=(2.0, 4.0), **options)[0].tolist() == [[0, 0, 1, 1]]
    assert images[1, 0, 0, 1].item() == 8


def test_grid_errors():
    with pytest.raises(TypeError, match="tensor or list of tensors expected, got <class 'str'>"):
        make_grid("image")
    with pytest.raises(ValueError, match=r"takes images of shape .* not \(1, 1, 1, 1, 1\)"):
        make_grid(torch.zeros(1, 1, 1, 1, 1))
    for dtype in (torch.uint8, torch.int64, torch.bool):
        with pytest.raises(RuntimeError, match=f"images of {dtype} cannot be normalized; convert"):
            make_grid(torch.ones(2, 3, 4, 4, dtype=dtype), normalize=True)
    with pytest.raises(RuntimeError, match="stack expects each tensor to be equal size"):
        make_grid([torch.zeros(3, 4, 4), torch.zeros(3, 4, 5)])
    with pytest.raises(TypeError, match="value_range has to be a tuple"):
        make_grid(torch.zeros(2, 2), normalize=True, value_range=[0, 1])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_a_grid_keeps_its_dtype(dtype):
    images = torch.arange(96).reshape(2, 3, 4, 4).to(dtype)
    for options in ({}, {"normalize": True}, {"normalize": True, "value_range": (1, 5)}):
        assert make_grid(images, **options).dtype == dtype
    assert not make_grid(images.requires_grad_()).requires_grad


def test_save_image(tmp_path):
    path = tmp_path / "image.png"
    image = torch.tensor([0.0, 0.5, 1.0, 7.0]).reshape(1, 2, 2)
    save_image(image, path)
    assert read_image(path)[0].tolist() == [[0, 128], [255, 255]]
    buffer = BytesIO()
    save_image(torch.zeros(5, 3, 8, 8), buffer, format="png", nrow=2)
    assert Image.open(buffer).size == (22, 32)
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "image.png"
    save_image(torch.ones(1, 2, 2), path)
    before = path.read_bytes()

    def fail(self, file, **options):
        file.write(b"half an im")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="No space left"):
        save_image(torch.zeros(1, 2, 2), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_saved_files_have_ordinary_permissions(tmp_path):
    (tmp_path / "other").touch()
    save_image(torch.ones(1, 2, 2), tmp_path / "image.png")
    assert (tmp_path / "image.png").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_whole_numbers_are_not_saved(tmp_path):
    with pytest.raises(RuntimeError, match="can't be cast"):
        save_image(torch.zeros(3, 2, 2, dtype=torch.uint8), tmp_path / "image.png")
    assert list(tmp_path.iterdir()) == []


def test_unknown_kind_of_file(tmp_path):
    with pytest.raises(ValueError, match="unknown file extension: '.picture'"):
        save_image(torch.ones(1, 2, 2), tmp_path / "image.picture")
    assert list(tmp_path.iterdir()) == []


def test_without_pillow():
    program = (
        "import sys; sys.modules['PIL'] = None\n"
        "from rushlight.vision import io, transforms\n"
        "from rushlight.vision.datasets import Digits\n"
        "data = Digits(train=False, transform=transforms.ToTensor())\n"
        "assert data[0][0].shape == (1, 28, 28)\n"
        "data.transform = None\n"
        "for call in (lambda: data[0], lambda: io.read_image('image.png')):\n"
        "    try:\n"
        "        call()\n"
        "    except ModuleNotFoundError as error:\n"
        "        print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert result.stdout.splitlines() == [
        "an image of Digits needs Pillow: pip install 'rushlight[vision]'",
        "reading images needs Pillow: pip install 'rushlight[vision]'",
    ]
