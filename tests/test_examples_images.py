"""The examples about images: quickly on little, and their accuracies on real data (slow)."""

from __future__ import annotations

import io
import itertools
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from data_fixtures import shared_data
from example_programs import load_example
from rushlight.vision import models

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("matplotlib")

CLASSES = {"grass": (40, 180, 60), "rust": (190, 70, 30), "sky": (90, 150, 240)}


def pictures(count: int, seed: int, side: int = 32) -> list[tuple[str, Any]]:
    """So many images of each class: noise in its colour."""
    random = np.random.default_rng(seed)
    return [
        (f"{name}/{i:04}.jpg", Image.fromarray(pixels))
        for name, colour in CLASSES.items()
        for i in range(count)
        for pixels in [random.normal(colour, 30, (side, side, 3)).clip(0, 255).astype(np.uint8)]
    ]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "images.tar.xz"
    with tarfile.open(path, "w:xz") as files:
        for part, count in (("train", 20), ("test", 6)):
            for name, image in pictures(count, seed=len(part)):
                content = io.BytesIO()
                image.save(content, "jpeg")
                entry = tarfile.TarInfo(f"{part}/{name}")
                entry.size = content.tell()
                content.seek(0)
                files.addfile(entry, content)
    return path


def save_pictures(folder: Path, count: int, seed: int = 0) -> Path:
    for name, image in pictures(count, seed, side=40):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        image.save(folder / name)
    return folder


# ---- cifar10.py


def test_cifar10_goes_on_where_it_was(archive, tmp_path, monkeypatch, capsys):
    example = load_example("cifar10")
    data = example.load(archive)
    assert [tuple(part.shape) for part in data] == [(60, 32, 32, 3), (60,), (18, 32, 32, 3), (18,)]
    assert data[1].tolist() == [0] * 20 + [1] * 20 + [2] * 20
    assert len(example.load(archive, limit=2)[1]) == 6
    options = {"epochs": 3, "batch_size": 10, "width": 4}
    whole = example.train(data, checkpoint=tmp_path / "whole.pt", **options)
    assert whole[-1] >= 0.8

    train_epoch, calls = example.train_epoch, []

    def interrupted(*arguments: Any) -> float:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return train_epoch(*arguments)

    monkeypatch.setattr(example, "train_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        example.train(data, checkpoint=tmp_path / "parts.pt", **options)
    assert example.train(data, checkpoint=tmp_path / "parts.pt", **options) == whole
    first, second = (torch.load(tmp_path / name)["net"] for name in ("whole.pt", "parts.pt"))
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
    assert capsys.readouterr().out.count("epoch 3") == 2


def test_cifar10_crops_and_flips():
    """Each crop is a window of its image with a mirrored border, or that window's mirror image."""
    example = load_example("cifar10")
    torch.manual_seed(0)
    images = torch.randint(0, 256, (6, 32, 32, 3), dtype=torch.uint8)
    bordered = example.with_border(images)
    chosen = torch.tensor([4, 0, 2, 2, 5, 1, 3, 0])
    crops = example.augmented(bordered, chosen)
    assert crops.shape == (8, 3, 32, 32)
    found = []
    for crop, i in zip(crops, chosen.tolist(), strict=True):
        for y, x in itertools.product(range(2 * example.BORDER + 1), repeat=2):
            window = example.normalized(bordered[i, y : y + 32, x : x + 32][None])[0]
            found += [(y, x, 0)] * torch.equal(crop, window)
            found += [(y, x, 1)] * torch.equal(crop, window.flip(2))
    assert len(found) == 8 and len(set(found)) > 4 and {flip for _, _, flip in found} == {0, 1}


@pytest.mark.slow
def test_cifar10_on_a_part_of_the_real_images():
    """A fifth of the images, a narrow network, 5 epochs: guessing finds 10%."""
    root = shared_data("cifar10-jpeg.tar.xz")
    example = load_example("cifar10")
    data = example.load(root / "cifar10-jpeg.tar.xz", limit=1000)
    assert example.train(data, epochs=5, width=16)[-1] >= 0.6


# ---- image_folder.py


@pytest.mark.parametrize("parts", [False, True], ids=["one folder", "train and test"])
def test_image_folder(parts, tmp_path, capsys):
    if parts:
        save_pictures(tmp_path / "images" / "train", 20)
        save_pictures(tmp_path / "images" / "test", 5, seed=1)
    else:
        save_pictures(tmp_path / "images", 25)
    example = load_example("image_folder")
    _, found = example.train(tmp_path / "images", 24, epochs=4, workers=2 * parts, out=tmp_path)
    assert found >= 0.9
    assert "60 images of 3 classes to learn from, 15 to test" in capsys.readouterr().out
    assert Image.open(tmp_path / "augmented.png").size == (6 * 26 + 2, 8 * 26 + 2)


def test_image_folder_goes_on_from_trained_weights(tmp_path):
    """Only the new last layer changes, running means of normalisations neither."""
    torch.manual_seed(1)
    trained = models.resnet18().state_dict()
    torch.save(trained, tmp_path / "resnet18.pth")
    folder = save_pictures(tmp_path / "images", 5)
    example = load_example("image_folder")
    weights = tmp_path / "resnet18.pth"
    net, _ = example.train(folder, 32, 1, workers=0, weights=weights, out=tmp_path)
    for name, value in net.state_dict().items():
        assert name.startswith("fc.") or torch.equal(value, trained[name]), name
    assert net.fc.weight.shape == (3, 512) and net.fc.weight.grad is not None


def test_image_folder_shows_real_photographs(tmp_path):
    root = shared_data("imagenet-sample")
    example = load_example("image_folder")
    torch.manual_seed(0)
    training, test, classes = example.split(root / "imagenet-sample", 64)
    assert (len(training), len(test), len(classes)) == (40, 10, 50)
    example.show(training, tmp_path / "augmented.png", images=3, times=4)
    pixels = np.asarray(Image.open(tmp_path / "augmented.png"))
    assert pixels.shape == (3 * 66 + 2, 4 * 66 + 2, 3)
    views = pixels.reshape(-1, 3).std(0)
    assert (views > 30).all()
    assert not np.array_equal(pixels[2:66, 2:66], pixels[2:66, 68:132])  # each view is another


@pytest.mark.slow
def test_image_folder_on_real_images(tmp_path):
    """Aeroplanes, cars, horses and ships, 300 of each: guessing finds 25%."""
    path = shared_data("cifar10-jpeg.tar.xz") / "cifar10-jpeg.tar.xz"
    some = ("airplane", "automobile", "horse", "ship")
    with tarfile.open(path) as files:
        for member in files:
            part, _, rest = member.name.partition("/")
            name, _, file = rest.partition("/")
            if name in some and file < ("0300" if part == "train" else "0100") and member.isfile():
                files.extract(member, tmp_path / "images", filter="data")
    example = load_example("image_folder")
    assert example.train(tmp_path / "images", 32, epochs=10, out=tmp_path)[1] >= 0.65


# ---- soft_decision_tree.py


def test_soft_decision_tree(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn.tree", None)
    example = load_example("soft_decision_tree")
    found, hard = example.train(depth=3, epochs=4, out=tmp_path, limit=1500)
    assert found >= 0.5 and hard == {}
    assert "pip install scikit-learn" in capsys.readouterr().out
    assert min(Image.open(tmp_path / "soft_tree.png").size) > 100


def test_paths_of_a_soft_decision_tree():
    """Those of a level add up to 1, and of the tree to each node's product of turns."""
    torch.manual_seed(0)
    tree = load_example("soft_decision_tree").SoftTree(5, 10, depth=3)
    x = torch.randn(4, 5)
    levels = tree.paths(x)
    assert [level.shape[1] for level in levels] == [1, 2, 4, 8]
    for level in levels:
        torch.testing.assert_close(level.sum(1), torch.ones(4))
    right = tree.questions(x).sigmoid()
    # Leaf 5 is right, left, right: nodes 0, 2 and 5.
    expected = right[:, 0] * (1 - right[:, 2]) * right[:, 5]
    torch.testing.assert_close(levels[3][:, 5], expected)
    torch.testing.assert_close(tree(x), tree.leaves.argmax(1)[levels[3].argmax(1)])


@pytest.mark.slow
def test_soft_and_hard_decision_trees(tmp_path):
    """Of depth 4: 90% and 60% were measured on all of MNIST, 87% and 57% on the part."""
    pytest.importorskip("sklearn.tree")
    found, hard = load_example("soft_decision_tree").train(out=tmp_path)
    assert found >= 0.83
    assert 0.5 < hard[4] < found - 0.2
    assert min(Image.open(tmp_path / "hard_tree.png").size) > 100


# ---- convolutions.py


def test_convolutions(tmp_path, capsys):
    example = load_example("convolutions")
    found = example.compare(epochs=(1, 8, 5), limit=300, out=tmp_path)
    assert list(found) == [
        "2-d, which digit is written", "3-d, where a digit moves", "3-d, a frame at a time",
    ]  # fmt: skip
    assert found["2-d, which digit is written"] > 0.25
    assert found["3-d, a frame at a time"] < 0.45 < 0.6 < found["3-d, where a digit moves"]
    for name in ("image.png", "film.png"):
        assert min(Image.open(tmp_path / name).size) > 100
    assert capsys.readouterr().out.count("filters of") == 3


def test_films_move_where_they_say():
    example = load_example("convolutions")
    digits = torch.zeros(40, 1, 28, 28)
    digits[:, :, 10:18, 10:18] = 1
    films, labels = example.films(digits, seed=0)
    assert films.shape == (40, 1, example.FRAMES, example.SIDE, example.SIDE)
    assert set(labels.tolist()) == {0, 1, 2, 3}
    for film, label in zip(films[:, 0].numpy(), labels.tolist(), strict=True):
        step = list(example.DIRECTIONS.values())[label]
        for before, after in zip(film[:-1], film[1:], strict=True):
            moved = [d for d in (1, 2) if np.array_equal(
                np.roll(before, (d * step[0], d * step[1]), (0, 1)), after)]  # fmt: skip
            assert moved, label


@pytest.mark.slow
def test_convolutions_of_real_sounds_images_and_films(tmp_path):
    pytest.importorskip("soundfile")
    shared_data("mnist")
    root = shared_data("spoken-digits")
    found = load_example("convolutions").compare(root, out=tmp_path)
    assert found["1-d, which digit is said"] >= 0.8
    assert found["2-d, which digit is written"] >= 0.85
    assert found["3-d, where a digit moves"] >= 0.95
    assert found["3-d, a frame at a time"] <= 0.4
    assert min(Image.open(tmp_path / "sound.png").size) > 100


# ---- scattering.py


def test_scattering(tmp_path, capsys):
    example = load_example("scattering")
    table = example.compare(counts=(3, 10), draws=1, steps=5, tests=100, out=tmp_path)
    assert list(table) == [3, 10]
    for row in table.values():
        assert list(row) == list(example.METHODS)
        assert row["scattering, linear"] > row["pixels, linear"] > 0.3
    assert "examples per class" in capsys.readouterr().out
    for name in ("scattering.png", "filters.png"):
        assert min(Image.open(tmp_path / name).size) > 100


def test_wavelets_see_no_constant_and_scattering_no_small_shift():
    example = load_example("scattering")
    network = example.Scattering()
    assert network.wavelets[:, 0, 0].abs().max() < 1e-5  # the sum over all places
    assert abs(network.average[0, 0] - 1) < 1e-3
    image = torch.zeros(1, 32, 32)
    image[:, 8:24, 12:15] = 1
    features, moved = network(image), network(image.roll(1, 2))
    assert features.shape == (1, 1 + 18 + 6 * 12 + 6 * 6, 4, 4)
    change = (features - moved).norm() / features.norm()
    assert change < 0.4 * (image - image.roll(1, 2)).norm() / image.norm()


@pytest.mark.slow
def test_scattering_learns_from_fewer_digits(tmp_path):
    """Than a convolutional network does."""
    table = load_example("scattering").compare(counts=(10, 30), draws=1, out=tmp_path)
    for row in table.values():
        assert row["scattering, linear"] > row["convolutional network"] > row["pixels, linear"]
    assert table[10]["scattering, linear"] >= 0.87
