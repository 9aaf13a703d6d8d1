"""MNIST and its relatives: files found, checked, downloaded; every bad file named in a sentence."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import threading
import tracemalloc
import warnings
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from data_fixtures import shared_data
from rushlight.utils.data import DataLoader, Subset
from rushlight.vision import DataError, transforms
from rushlight.vision.datasets import MNIST, Digits, FashionMNIST, download


def idx(values):
    values = np.asarray(values, dtype=np.uint8)
    return struct.pack(f">{1 + values.ndim}I", 8 << 8 | values.ndim, *values.shape) + bytes(values)


IMAGES = np.arange(3 * 28 * 28).reshape(3, 28, 28) % 251
FILES = {
    "train-images-idx3-ubyte": idx(IMAGES),
    "train-labels-idx1-ubyte": idx([7, 0, 9]),
    "t10k-images-idx3-ubyte": idx(IMAGES[:2]),
    "t10k-labels-idx1-ubyte": idx([1, 2]),
}


class Tiny(MNIST):
    """MNIST of three images."""

    mirrors: list[str] = []
    resources = {name: hashlib.md5(content).hexdigest() for name, content in FILES.items()}


def write_files(folder: Path, packed: bool = True, **changed: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        content = changed.get(name.split("-idx")[0].replace("-", "_"), content)
        path = folder / (name + ".gz" if packed else name)
        path.write_bytes(gzip.compress(content) if packed else content)


@pytest.mark.parametrize("folder", ["Tiny/raw", "mnist", "."])
@pytest.mark.parametrize("packed", [False, True])
def test_found_in_each_layout(tmp_path, folder, packed):
    write_files(tmp_path / folder, packed)
    train, test = Tiny(tmp_path), Tiny(str(tmp_path), train=False)
    assert len(train) == 3
    assert train.data.shape == (3, 28, 28)
    assert train.data.dtype == torch.uint8
    assert train.data.tolist() == IMAGES.tolist()
    assert train.targets.tolist() == [7, 0, 9]
    assert train.targets.dtype == torch.int64
    assert test.targets.tolist() == [1, 2]


def test_items(tmp_path):
    write_files(tmp_path)
    image, target = Tiny(tmp_path)[2]
    assert (image.mode, image.size, target) == ("L", (28, 28), 9)
    assert np.asarray(image).tolist() == IMAGES[2].tolist()
    image, target = Tiny(tmp_path, transform=np.asarray, target_transform=lambda t: -t)[-1]
    assert image.tolist() == IMAGES[2].tolist()
    assert target == -9


def test_classes_and_repr(tmp_path):
    write_files(tmp_path)
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.5, 0.5)])
    dataset = Tiny(tmp_path, train=False, transform=transform)
    assert dataset.class_to_idx["9 - nine"] == 9
    assert repr(dataset) == (
        "Dataset Tiny\n"
        "    Number of datapoints: 2\n"
        f"    Root location: {tmp_path}\n"
        "    Split: Test\n"
        "    StandardTransform\n"
        "Transform: Compose(\n"
        "               ToTensor()\n"
        "               Normalize(mean=0.5, std=0.5)\n"
        "           )"
    )


normalized = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])


@pytest.mark.parametrize("transform", [transforms.ToTensor(), normalized])
def test_batches_equal_collated_samples(tmp_path, transform):
    write_files(tmp_path)
    dataset = Tiny(tmp_path, transform=transform)
    one_by_one = Tiny(tmp_path, transform=lambda image: transform(image))
    assert dataset._get_batch([0, 2]) is not None
    assert one_by_one._get_batch([0, 2]) is None
    for subset in (lambda d: d, lambda d: Subset(d, [2, 0, 1])):
        batches = DataLoader(subset(dataset), batch_size=2)
        expected = DataLoader(subset(one_by_one), batch_size=2)
        for batch, wanted in zip(batches, expected, strict=True):
            assert type(batch) is type(wanted) is list
            for tensor, other in zip(batch, wanted, strict=True):
                assert tensor.dtype == other.dtype
                assert tensor.shape == other.shape
                assert tensor.tolist() == other.tolist()


def test_a_subclass_with_other_samples_is_asked_for_them(tmp_path):
    class WithIndex(Tiny):
        def __getitem__(self, index):
            return *super().__getitem__(index), index

    write_files(tmp_path)
    dataset = WithIndex(tmp_path)  # the name of its folder is the class's, but root is searched too
    dataset.transform = transforms.ToTensor()
    (batch,) = DataLoader(dataset, batch_size=3)
    assert len(batch) == 3
    assert batch[2].tolist() == [0, 1, 2]


# ---- bad files


def complaint(folder) -> str:
    with pytest.raises(DataError) as caught:
        Tiny(folder)
    text = str(caught.value)
    assert isinstance(caught.value, RuntimeError)
    assert "\n" not in text
    return text


def test_missing_files(tmp_path):
    text = complaint(tmp_path)
    assert text.startswith("Dataset not found: Tiny needs train-images-idx3-ubyte.gz")
    for folder in ("Tiny/raw", "mnist", ""):
        assert str(tmp_path / folder) in text
    assert "download=True (--download)" in text
    write_files(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    assert "needs train-labels-idx1-ubyte.gz" in complaint(tmp_path)


def test_truncated_gzip(tmp_path):
    write_files(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:200])
    text = complaint(tmp_path)
    assert text.startswith(f"{path}: the packed file is cut short after 200 bytes; delete it and")


def test_damaged_gzip(tmp_path):
    write_files(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    content = bytearray(path.read_bytes())
    content[-6] ^= 255  # in the checksum
    path.write_bytes(content)
    assert complaint(tmp_path).startswith(f"{path}: the packed file is damaged (CRC check failed")


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"train_images": b"<html>not found</html>"}, "wrong magic number 0x3c68746d"),
        ({"train_images": FILES["train-labels-idx1-ubyte"]}, "11 bytes are too few for an IDX"),
        (
            {"train_labels": FILES["train-images-idx3-ubyte"]},
            "wrong magic number 0x00000803 (an IDX file of unsigned bytes in 1 dimension begins "
            "with 0x00000801)",
        ),
        (
            {"train_images": FILES["train-images-idx3-ubyte"][:-1]},
            "its header promises 3 x 28 x 28 = 2352 values, but 2351 are there",
        ),
        (
            {"train_images": FILES["train-images-idx3-ubyte"] + b"\0"},
            "its header promises 3 x 28 x 28 = 2352 values, but more are there",
        ),
        (
            {"train_images": struct.pack(">4I", 0x803, 0, 2**32 - 1, 2**32 - 1)},
            "its header promises 0 x 4294967295 x 4294967295 = 0 values, which no array holds",
        ),
        ({"train_images": b""}, "0 bytes are too few for an IDX file"),
        ({"train_labels": idx([7, 10, 99])}, "item 1 has the label 10, but labels go from 0 to 9"),
        ({"train_labels": idx([7, 0])}, "3 images, but 2 labels"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_wrong_content(tmp_path, changed, text, packed):
    write_files(tmp_path, packed, **changed)
    message = complaint(tmp_path)
    name = next(iter(changed)).replace("_", "-")
    assert message.startswith(str(tmp_path / name))
    assert text in message


def zeros_packed(megabytes):
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


@pytest.mark.parametrize(
    ("sizes", "text"),
    [
        ((2**31, 2**31, 2**31), f"= {2**93} values, too many for a packed file of its size"),
        ((2**7, 2**10, 2**10), f"= {2**27} values, too many for a packed file of its size"),
        ((3, 28, 28), "= 2352 values, but more are there"),
    ],
)
def test_packed_zeros_take_little_memory(tmp_path, sizes, text):
    write_files(tmp_path)
    header = gzip.compress(struct.pack(">4I", 0x803, *sizes))
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(header + zeros_packed(129))
    tracemalloc.start()
    try:
        assert text in complaint(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_file_that_promises_more_than_is_there_takes_little_memory(tmp_path):
    content = struct.pack(">4I", 0x803, 2**31, 2**31, 2**31) + bytes(100)
    write_files(tmp_path, packed=False, train_images=content)
    assert f"= {2**93} values, but 100 are there" in complaint(tmp_path)


def test_a_folder_that_cannot_be_read(tmp_path):
    write_files(tmp_path, packed=False)
    path = tmp_path / "train-images-idx3-ubyte"
    path.unlink()
    path.symlink_to(path)  # a loop: not a file
    assert "Dataset not found" in complaint(tmp_path)


# ---- download


class Server(ThreadingHTTPServer):
    """Serves FILES; `log` holds (name, Range header) of each request."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {f"/{name}.gz": gzip.compress(FILES[name], mtime=0) for name in FILES}
        self.log = []
        self.cut_after = None  # bytes, of each transfer
        self.ranges = True

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.log.append((self.path[1:], wanted))
        content = server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        version = f'"{zlib.crc32(content)}"'
        start = 0
        if wanted and server.ranges and self.headers.get("If-Range", version) == version:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", version)
        self.end_headers()
        self.wfile.write(content[start:][: server.cut_after])


@contextmanager
def serving():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as server:
        monkeypatch.setattr(Tiny, "mirrors", [server.url])
        yield server


def raw(tmp_path):
    return tmp_path / "Tiny" / "raw"


def test_download(tmp_path, server, capsys):
    assert len(Tiny(tmp_path, download=True)) == 3
    assert sorted(p.name for p in raw(tmp_path).iterdir()) == sorted(f"{n}.gz" for n in FILES)
    assert len(server.log) == 4
    assert "train-images-idx3-ubyte.gz" in capsys.readouterr().err
    assert len(Tiny(tmp_path, train=False, download=True)) == 2
    assert len(server.log) == 4  # all there


def test_download_goes_on_where_the_connection_broke(tmp_path, server):
    server.cut_after = 400
    assert len(Tiny(tmp_path, download=True)) == 3
    name = "train-images-idx3-ubyte.gz"
    ranges = [wanted for path, wanted in server.log if path == name]
    size = len(server.files["/" + name])
    assert ranges == [None] + [f"bytes={start}-" for start in range(400, size, 400)]


class Changing(dict):
    """Files of which another version is there from the second request on."""

    def get(self, path):
        first, second = self[path]
        self[path] = second, second
        return first


def test_download_of_a_file_that_changes_meanwhile(tmp_path, server):
    server.files = Changing({"/file": (b"a" * 1000, b"b" * 900)})
    server.cut_after = 600
    download.download([f"{server.url}file"], str(tmp_path / "file"), progress=False)
    assert (tmp_path / "file").read_bytes() == b"b" * 900


@pytest.mark.parametrize("left", ["file.part", "file.new"])
def test_what_nothing_checks_is_fetched_whole(tmp_path, server, left):
    (tmp_path / left).write_bytes(b"of another file")
    server.files = {"/file": b"x" * 100}
    download.download([f"{server.url}nothing", f"{server.url}file"], str(tmp_path / "file"))
    assert (tmp_path / "file").read_bytes() == b"x" * 100
    assert server.log == [("nothing", None), ("file", None)]


def test_download_goes_on_after_a_killed_run(tmp_path, server):
    name = "train-labels-idx1-ubyte.gz"
    raw(tmp_path).mkdir(parents=True)
    (raw(tmp_path) / f"{name}.part").write_bytes(server.files["/" + name][:5])
    Tiny(tmp_path, download=True)
    assert (name, "bytes=5-") in server.log
    assert not list(raw(tmp_path).glob("*.part"))


def test_download_of_a_part_that_is_already_whole(tmp_path, server):
    name = "train-labels-idx1-ubyte.gz"
    raw(tmp_path).mkdir(parents=True)
    (raw(tmp_path) / f"{name}.part").write_bytes(server.files["/" + name])
    assert len(Tiny(tmp_path, download=True)) == 3
    assert sum(path == name for path, _ in server.log) == 1


@pytest.mark.parametrize("beginning", [b"something else", b"longer than the file " * 99])
def test_download_of_a_part_of_another_file(tmp_path, server, beginning):
    raw(tmp_path).mkdir(parents=True)
    (raw(tmp_path) / "train-labels-idx1-ubyte.gz.part").write_bytes(beginning)
    assert Tiny(tmp_path, download=True).targets.tolist() == [7, 0, 9]


def test_download_from_a_server_without_ranges(tmp_path, server):
    server.ranges = False
    raw(tmp_path).mkdir(parents=True)
    (raw(tmp_path) / "train-labels-idx1-ubyte.gz.part").write_bytes(b"abc")
    assert len(Tiny(tmp_path, download=True)) == 3


def test_download_tries_the_next_mirror(tmp_path, server, monkeypatch):
    with serving() as garbage, serving() as empty:
        garbage.files = {path: b"<html>Log in first.</html>" for path in server.files}
        empty.files = {}
        monkeypatch.setattr(Tiny, "mirrors", [empty.url, garbage.url, server.url])
        assert len(Tiny(tmp_path, download=True)) == 3
        assert len(garbage.log) == len(empty.log) == len(server.log) == 4


def test_download_that_fails_everywhere(tmp_path, server, monkeypatch):
    with serving() as garbage:
        garbage.files = {path: b"<html>Log in first.</html>" for path in server.files}
        server.files = {}
        unreachable = "http://127.0.0.1:9/"
        monkeypatch.setattr(Tiny, "mirrors", [server.url, garbage.url, unreachable])
        with pytest.raises(DataError) as caught:
            Tiny(tmp_path, download=True)
    text = str(caught.value)
    assert text.startswith("could not download train-images-idx3-ubyte.gz (")
    assert f"{server.url}train-images-idx3-ubyte.gz: HTTP status 404 Not Found" in text
    assert "wrong magic number 0x3c68746d" in text
    assert f"{unreachable}train-images-idx3-ubyte.gz: " in text
    assert "refused" in text
    assert "\n" not in text
    assert list(raw(tmp_path).iterdir()) == []


def test_download_into_a_file(tmp_path):
    (tmp_path / "Tiny").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        Tiny(tmp_path, download=True)


def test_two_downloads_at_once(tmp_path, server):
    results = []

    def run():
        results.append(len(Tiny(tmp_path, download=True)))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [3] * 4
    assert len(server.log) == 4
    assert not list(raw(tmp_path).glob("*.part"))


def test_part_file_that_goes_while_it_is_looked_at(tmp_path, monkeypatch):
    part = tmp_path / "file.part"
    with open(part, "wb") as file:
        part.unlink()
        monkeypatch.setattr(os.path, "exists", lambda path: True)  # as it was a moment ago
        assert not download._is_still(str(part), file)


# ---- the bundled digits, and the real thing


@pytest.mark.parametrize(("train", "per_class"), [(True, 1000), (False, 200)])
def test_digits(train, per_class):
    dataset = Digits(train=train, transform=normalized)
    assert len(dataset) == 10 * per_class
    assert np.bincount(dataset.targets.numpy()).tolist() == [per_class] * 10
    assert dataset.data.shape == (10 * per_class, 28, 28)
    image, target = dataset[0]
    assert image.shape == (1, 28, 28)
    assert target == (5 if train else 7)


def test_digits_are_small_and_say_where_they_come_from():
    folder = Path(Digits(train=False).root)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 2_500_000
    readme = (folder / "README.md").read_text()
    assert "LeCun" in readme
    assert "CC BY-SA 3.0" in readme


def test_digits_are_the_first_of_mnist():
    mnist = MNIST(shared_data("mnist"))
    digits = Digits()
    fives = mnist.data[mnist.targets == 5]
    assert torch.equal(digits.data[digits.targets == 5], fives[:1000])
    assert torch.equal(digits.data[0], mnist.data[0])


@pytest.mark.parametrize(
    ("dataset", "name", "first"), [(MNIST, "mnist", 5), (FashionMNIST, "fashion-mnist", 9)]
)
def test_complete_datasets(dataset, name, first):
    root = shared_data(name)
    train, test = dataset(root), dataset(root / name, train=False)
    assert (len(train), len(test)) == (60000, 10000)
    assert train.targets[0].item() == first
    assert np.bincount(test.targets.numpy()).tolist() == (
        [1000] * 10
        if dataset is FashionMNIST
        else [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    )


def test_one_for_the_other_is_told_of_once():
    root = shared_data("mnist")
    with pytest.warns(UserWarning, match="is not the published file: its md5 is"):
        FashionMNIST(root / "mnist")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FashionMNIST(root / "mnist")
