"""Transforms of PIL images and tensors: torchvision's results, random draws, texts and errors."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import transforms
from rushlight.vision.transforms import InterpolationMode
from rushlight.vision.transforms import functional as F
from rushlight.vision.transforms.transforms import transform_batch

Image = pytest.importorskip("PIL.Image")

MODES_OF_TENSORS = ["nearest", "bilinear", "bicubic"]
GREY = (np.arange(12).reshape(3, 4) * 20).astype(np.uint8)
COLOUR = (np.arange(3 * 4 * 3).reshape(3, 4, 3) * 7).astype(np.uint8)


def tensor_and_image(pixels):
    """The same picture both ways."""
    channels_last = pixels if pixels.ndim == 3 else pixels[..., None]
    tensor = torch.from_numpy(np.ascontiguousarray(channels_last.transpose(2, 0, 1)))
    return tensor, Image.fromarray(pixels)


def both_ways(transform, pixels):
    """The transform of the tensor and of the image, which must agree, as an array (H, W[, C])."""
    tensor, image = tensor_and_image(pixels)
    torch.manual_seed(0)
    from_tensor = transform(tensor).numpy().transpose(1, 2, 0)
    torch.manual_seed(0)
    from_image = np.asarray(transform(image))
    assert from_tensor.squeeze(-1 if pixels.ndim == 2 else ()).tolist() == from_image.tolist()
    return from_image


# ---- to tensors


def test_images_of_truth_values():
    image = Image.fromarray(GREY).point(lambda value: value > 100, "1")
    tensor = transforms.PILToTensor()(image)
    assert tensor.dtype == torch.bool and tensor.sum() == (GREY > 100).sum()
    assert transforms.ToTensor()(image).tolist() == tensor.float().tolist()
    smaller = transforms.Resize((1, 2))(tensor)  # each of what any pixel below it says
    assert smaller.dtype == torch.bool and smaller.all()
    with pytest.raises(TypeError, match="should be Tensor Image"):
        transforms.ConvertImageDtype(torch.float32)(image)


@pytest.mark.parametrize("pixels", [GREY, COLOUR])
def test_to_tensor(pixels):
    tensor, image = tensor_and_image(pixels)
    for source in (image, pixels):
        result = transforms.ToTensor()(source)
        assert result.dtype == torch.float32
        assert result.shape == tensor.shape
        assert result.is_contiguous()
        assert result.numpy().tolist() == (tensor.numpy() / np.float32(255)).tolist()
    assert transforms.PILToTensor()(image).tolist() == tensor.tolist()


@pytest.mark.parametrize(
    ("mode", "value", "dtype", "expected"),
    [
        ("1", 1, torch.float32, 1.0),
        ("I", 70000, torch.int32, 70000),
        ("F", 0.5, torch.float32, 0.5),
        ("I;16", 40000, torch.uint16, 40000),
    ],
)
def test_to_tensor_of_other_modes(mode, value, dtype, expected):
    result = transforms.ToTensor()(Image.new(mode, (2, 1), value))
    assert result.dtype == dtype
    assert result.tolist() == [[[expected, expected]]]


def test_to_tensor_does_not_scale_or_share_what_is_no_byte():
    array = np.ones((1, 2), dtype=np.float64)
    result = transforms.ToTensor()(array)
    assert result.tolist() == [[[1.0, 1.0]]]
    assert result.dtype == torch.float64


def test_to_tensor_goes_by_the_default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        assert transforms.ToTensor()(GREY).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


# ---- values


def test_normalize():
    x = torch.rand(3, 2, 2)
    result = transforms.Normalize((0.1, 0.2, 0.3), [0.5, 0.4, 0.3])(x)
    mean, std = (
        np.array(v, dtype=np.float32)[:, None, None] for v in ((0.1, 0.2, 0.3), (0.5, 0.4, 0.3))
    )
    assert result.numpy().tolist() == ((x.numpy() - mean) / std).tolist()
    batch = transforms.Normalize((0.5,), (0.5,))(torch.ones(4, 1, 2, 2))
    assert batch.shape == (4, 1, 2, 2)
    assert batch.min().item() == 1.0
    assert (
        transforms.Normalize(torch.tensor([0.5]), np.array([0.5]))(torch.ones(1, 1, 1)).item() == 1
    )


def test_normalize_in_place():
    x = torch.ones(1, 1, 1)
    assert transforms.Normalize(0.0, 0.5)(x) is not x
    assert x.item() == 1
    assert transforms.Normalize(0.0, 0.5, inplace=True)(x) is x
    assert x.item() == 2


def test_normalize_records():
    x = torch.ones(1, 1, 1, requires_grad=True)
    transforms.Normalize(0.5, 0.25)(x).sum().backward()
    assert x.grad.item() == 4


@pytest.mark.parametrize("others", [[], [transforms.Normalize((0.1307,), (0.3081,))]])
def test_a_batch_at_once_is_each_image_by_itself(others):
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    transform = transforms.Compose([transforms.ToTensor(), *others])
    expected = torch.stack([transform(Image.fromarray(image)) for image in images])
    assert transform_batch(transform, images).tolist() == expected.tolist()


@pytest.mark.parametrize(
    "transform",
    [
        None,
        transforms.Compose([]),
        transforms.Normalize(0.5, 0.5),
        transforms.Compose([transforms.ToTensor(), transforms.RandomHorizontalFlip()]),
        transforms.Compose([transforms.CenterCrop(2), transforms.ToTensor()]),
        type("Mine", (transforms.ToTensor,), {})(),
    ],
)
def test_other_transforms_see_one_image_at_a_time(transform):
    assert transform_batch(transform, GREY[None]) is None


def test_grayscale():
    _, image = tensor_and_image(COLOUR)
    assert (
        np.asarray(transforms.Grayscale()(image)).tolist()
        == np.asarray(image.convert("L")).tolist()
    )
    three = transforms.Grayscale(3)
    assert np.asarray(three(image)).shape == (3, 4, 3)
    tensor = torch.tensor([[[1.0]], [[0.5]], [[0.25]]])
    grey = 0.2989 * 1 + 0.587 * 0.5 + 0.114 * 0.25
    assert three(tensor).flatten().tolist() == pytest.approx([grey] * 3)
    assert transforms.Grayscale()(torch.ones(1, 2, 2)).shape == (1, 2, 2)


def test_convert_image_dtype():
    convert = transforms.ConvertImageDtype
    assert convert(torch.float32)(torch.tensor([0, 51, 255]).to(torch.uint8)).tolist() == [
        0, pytest.approx(0.2), 1,
    ]  # fmt: skip
    assert convert(torch.uint8)(torch.tensor([0.0, 0.5, 1.0])).tolist() == [0, 127, 255]
    assert convert(torch.float64)(torch.tensor([0.5])).dtype == torch.float64
    assert convert(torch.int32)(torch.tensor([255]).to(torch.uint8)).tolist() == [255 << 23]
    assert convert(torch.uint8)(torch.tensor([255 << 23]).to(torch.int32)).tolist() == [255]
    with pytest.raises(RuntimeError, match="torch.float32 to torch.int64 cannot be performed saf"):
        convert(torch.int64)(torch.tensor([0.5]))


# ---- geometry


@pytest.mark.parametrize(
    "given, dtype, expected",
    [
        ([0, 2**53 + 1, 2**63 - 1], "uint8", [0, 0, 255]),
        ([0, 2**53 + 1, 2**63 - 1], "int32", [0, 2**21, 2**31 - 1]),
        ([0, 2**62, 2**63 - 1], "float32", [0.0, 0.5, 1.0]),
        ([0, 2**62, 2**63 - 1], "bool", [False, True, True]),
    ],
)
def test_convert_image_dtype_of_large_integers(given, dtype, expected):
    converted = F.convert_image_dtype(torch.tensor(given), getattr(torch, dtype))
    assert converted.tolist() == expected


def test_convert_image_dtype_to_large_integers():
    white = torch.tensor([255], dtype=torch.uint8)
    assert F.convert_image_dtype(white, torch.int64).tolist() == [255 * 2**55]
    assert F.convert_image_dtype(torch.tensor([True]), torch.uint8).tolist() == [128]
    for floating, whole in (("float32", "int32"), ("float32", "int64"), ("float64", "int64")):
        with pytest.raises(RuntimeError, match=f"The cast from torch.{floating} to torch.{whole}"):
            image = torch.ones(1, dtype=getattr(torch, floating))
            F.convert_image_dtype(image, getattr(torch, whole))


@pytest.mark.parametrize("pixels", [GREY, COLOUR])
def test_crops_and_flips(pixels):
    assert both_ways(transforms.CenterCrop(2), pixels).tolist() == pixels[0:2, 1:3].tolist()
    assert both_ways(F.hflip, pixels).tolist() == pixels[:, ::-1].tolist()
    larger = both_ways(transforms.CenterCrop((5, 7)), pixels)
    assert larger[1:4, 1:5].tolist() == pixels.tolist()
    assert larger.sum() == pixels.sum()


@pytest.mark.parametrize("pixels", [GREY, COLOUR])
@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_pad(pixels, mode):
    widths = [(2, 1), (1, 2)] + [(0, 0)] * (pixels.ndim - 2)
    padded = both_ways(lambda img: F.pad(img, (1, 2, 2, 1), 0, mode), pixels)
    assert padded.tolist() == np.pad(pixels, widths, mode).tolist()


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_pad_keeps_a_palette(mode):
    image = Image.new("P", (3, 2))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.putdata([0, 1, 2, 2, 1, 0])
    padded = F.pad(image, 1, 2, mode)
    assert padded.mode == "P" and padded.size == (5, 4)
    assert padded.getpalette()[:9] == image.getpalette()[:9]
    options = {"constant_values": 2} if mode == "constant" else {}
    assert np.asarray(padded).tolist() == np.pad(np.asarray(image), 1, mode, **options).tolist()


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_pad_of_a_tensor_that_requires_a_gradient(mode):
    x = torch.arange(6.0).reshape(1, 2, 3).requires_grad_()
    padded = F.pad(x, (1, 0, 2, 1), 0, mode)
    values = x.detach().numpy()
    assert padded.tolist() == np.pad(values, [(0, 0), (0, 1), (1, 2)], mode).tolist()
    padded.sum().backward()
    counts = [np.count_nonzero(padded.detach().numpy() == v) for v in range(1, 6)]
    assert x.grad.flatten().tolist()[1:] == counts


@pytest.mark.parametrize("pixels", [GREY, COLOUR])
def test_pad_of_negative_width_cuts_off(pixels):
    assert F.pad(torch.arange(6.0).reshape(1, 2, 3), (-1, 0, 0, 1)).tolist() == [
        [[1.0, 2.0], [4.0, 5.0], [0.0, 0.0]]
    ]
    padded = both_ways(lambda img: F.pad(img, (-1, 0, 1, 0), 0, "edge"), pixels)
    widths = [(0, 0), (0, 1), (0, 0)][: pixels.ndim]
    assert padded.tolist() == np.pad(pixels, widths, "edge")[:, 1:].tolist()


@pytest.mark.parametrize("pixels", [GREY, COLOUR])
@pytest.mark.parametrize("corner", [(-9, -9), (-9, 0), (0, -9), (9, 9), (9, 0), (0, 9), (-1, 5)])
def test_crop_outside_of_an_image_is_zero(pixels, corner):
    top, left = corner
    cropped = both_ways(lambda img: F.crop(img, top, left, 3, 2), pixels)
    wide = np.pad(pixels, [(9, 12), (9, 12), (0, 0)][: pixels.ndim])
    assert cropped.tolist() == wide[9 + top : 12 + top, 9 + left : 11 + left].tolist()


def test_pad_with_a_colour():
    _, image = tensor_and_image(COLOUR)
    assert F.pad(image, 1, (1, 2, 3)).getpixel((0, 0)) == (1, 2, 3)
    assert F.pad(image, (0, 1), 9).getpixel((0, 0)) == (9, 9, 9)
    assert F.pad(image, (0, 1), 9).size == (4, 5)


def test_random_flip_draws_torchvisions_numbers():
    flip = transforms.RandomHorizontalFlip()
    image = torch.tensor([[[0, 1]]])
    torch.manual_seed(0)
    flipped = [flip(image)[0, 0, 0].item() == 1 for _ in range(6)]
    assert flipped == [True, False, True, True, True, False]
    assert transforms.RandomHorizontalFlip(0)(image).tolist() == [[[0, 1]]]
    assert transforms.RandomHorizontalFlip(1)(image).tolist() == [[[1, 0]]]


def test_random_resized_crop_draws_torchvisions_numbers():
    get_params = transforms.RandomResizedCrop.get_params
    torch.manual_seed(0)
    parts = [get_params(torch.ones(1, 30, 40), (0.08, 1.0), (3 / 4, 4 / 3)) for _ in range(4)]
    assert parts == [(5, 2, 23, 27), (4, 9, 20, 22), (2, 2, 24, 25), (16, 15, 12, 10)]
    pixels = (np.arange(30 * 40 * 3) % 251).astype(np.uint8).reshape(30, 40, 3)
    tensor, image = tensor_and_image(pixels)
    torch.manual_seed(1)
    square = np.asarray(transforms.RandomResizedCrop(8)(image))
    assert (square.sum(), square[0, 0].tolist()) == (24360, [172, 173, 174])
    torch.manual_seed(1)
    oblong = transforms.RandomResizedCrop((6, 8))(tensor)
    assert (oblong.sum().item(), oblong[:, 0, 0].tolist()) == (18346, [166, 167, 168])


@pytest.mark.parametrize(
    ("shape", "part"),
    [((3, 100), (0, 48, 3, 4)), ((100, 3), (48, 0, 4, 3)), ((4, 5), (0, 0, 4, 5))],
)
def test_random_resized_crop_where_nothing_fits(shape, part):
    torch.manual_seed(0)
    get_params = transforms.RandomResizedCrop.get_params
    assert get_params(torch.ones(1, *shape), (2.0, 3.0), (3 / 4, 4 / 3)) == part
    again = torch.rand(1)  # ten areas and ratios were drawn
    torch.manual_seed(0)
    torch.rand(20)
    assert torch.equal(torch.rand(1), again)


def test_random_resized_crop_arguments():
    text = (
        "RandomResizedCrop(size=(8, 8), scale=(0.08, 1.0), ratio=(0.75, 1.3333), "
        "interpolation=bilinear, antialias=True)"
    )
    assert repr(transforms.RandomResizedCrop(8)) == text
    with pytest.raises(TypeError, match="Ratio should be a sequence"):
        transforms.RandomResizedCrop(8, ratio=1.0)
    with pytest.warns(UserWarning, match=r"of kind \(min, max\)"):
        transforms.RandomResizedCrop(8, scale=(1.0, 0.5))


def test_random_crop_draws_torchvisions_numbers():
    crop = transforms.RandomCrop((2, 3))
    place = torch.arange(10 * 7).reshape(1, 10, 7)
    torch.manual_seed(0)
    corners = [divmod(crop(place)[0, 0, 0].item(), 7) for _ in range(4)]
    assert corners == [(8, 4), (2, 0), (7, 4), (7, 3)]
    torch.manual_seed(0)
    assert transforms.RandomCrop((10, 7))(place).tolist() == place.tolist()
    assert torch.randint(0, 9, (1,)).item() == 8  # nothing was drawn


@pytest.mark.parametrize("pixels", [GREY, COLOUR])
def test_random_crop_of_a_padded_image(pixels):
    assert both_ways(transforms.RandomCrop(4, padding=1), pixels).shape[:2] == (4, 4)
    crop = transforms.RandomCrop((5, 6), pad_if_needed=True, fill=1)
    assert both_ways(crop, pixels).shape[:2] == (5, 6)


# ---- other sizes. The expected values were printed by PyTorch 2.13's interpolate.

RAMP = [[0.0, 10, 20, 30], [40, 50, 60, 70], [80, 90, 100, 200]]


@pytest.mark.parametrize(
    ("mode", "antialias", "size", "expected"),
    [
        ("bilinear", True, (2, 3), [[18.0, 30.0, 42.0], [68.0, 80.0, 131.375]]),
        ("bilinear", False, (2, 3), [[11.6667, 25.0, 38.3333], [71.6667, 85.0, 154.5833]]),
        (
            "bilinear",
            True,
            (4, 6),
            [
                [0.0, 5.0, 11.6667, 18.3333, 25.0, 30.0],
                [25.0, 30.0, 36.6667, 43.3333, 50.0, 55.0],
                [55.0, 60.0, 66.6667, 73.3333, 96.875, 118.75],
                [80.0, 85.0, 91.6667, 98.3333, 150.0, 200.0],
            ],
        ),
        ("bicubic", True, (2, 3), [[14.291, 27.5188, 37.7733], [69.5077, 80.5488, 139.7568]]),
        ("bicubic", False, (2, 3), [[8.9178, 22.9529, 33.6847], [73.6053, 80.8179, 160.7014]]),
        ("nearest", True, (2, 3), [[0.0, 10.0, 20.0], [40.0, 50.0, 60.0]]),
    ],
)
def test_resize_of_tensors(mode, antialias, size, expected):
    resize = transforms.Resize(size, InterpolationMode(mode), antialias=antialias)
    result = resize(torch.tensor(RAMP)[None])
    np.testing.assert_allclose(result[0].numpy(), expected, atol=1e-4)
    of_bytes = resize(torch.tensor(RAMP).to(torch.uint8)[None])
    assert of_bytes.dtype == torch.uint8
    assert of_bytes[0].tolist() == np.rint(expected).tolist()


@pytest.mark.parametrize("mode", MODES_OF_TENSORS)
@pytest.mark.parametrize("size", [(20, 31), (90, 50)])
def test_resize_of_images_is_pillows(mode, size):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 45), dtype=np.uint8)
    tensor, image = tensor_and_image(pixels)
    resize = transforms.Resize(size, InterpolationMode(mode))
    difference = resize(tensor)[0].numpy().astype(int) - np.asarray(resize(image)).astype(int)
    if mode != "nearest":  # Pillow and PyTorch round its places differently
        assert np.abs(difference).mean() < 1  # Pillow rounds between the two directions, too


@pytest.mark.parametrize(
    ("size", "max_size", "expected"),
    [
        (6, None, (6, 8)),
        ([6], None, (6, 8)),
        ((5, 2), None, (5, 2)),
        (6, 7, (5, 7)),
        (3, 4, (3, 4)),
    ],
)
def test_sizes(size, max_size, expected):
    resize = transforms.Resize(size, max_size=max_size)
    assert resize(torch.ones(1, 3, 4)).shape == (1, *expected)
    assert resize(torch.ones(1, 4, 3)).shape[1:] == (expected if size == (5, 2) else expected[::-1])
    assert resize(Image.new("L", (4, 3))).size == expected[::-1]


def test_resize_records():
    x = torch.ones(1, 4, 4, requires_grad=True)
    transforms.Resize(2)(x).sum().backward()
    assert x.grad.sum().item() == pytest.approx(4)


# ---- text and errors


def test_repr():
    composed = transforms.Compose(
        [
            transforms.Resize(256),
            transforms.CenterCrop(224),
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.Grayscale(),
            transforms.ToTensor(),
            transforms.Lambda(abs),
            transforms.Normalize((0.1307,), (0.3081,)),
        ]
    )
    assert repr(composed).splitlines() == [
        "Compose(",
        "    Resize(size=256, interpolation=bilinear, max_size=None, antialias=True)",
        "    CenterCrop(size=(224, 224))",
        "    RandomCrop(size=(32, 32), padding=4)",
        "    RandomHorizontalFlip(p=0.5)",
        "    Grayscale(num_output_channels=1)",
        "    ToTensor()",
        "    Lambda()",
        "    Normalize(mean=(0.1307,), std=(0.3081,))",
        ")",
    ]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: F.to_tensor([1]),
            TypeError,
            r"pic should be PIL Image or ndarray. Got <class 'li",
        ),
        (
            lambda: F.to_tensor(np.ones(3)),
            ValueError,
            "should be 2/3 dimensional. Got 1 dimensions",
        ),
        (lambda: F.pil_to_tensor(GREY), TypeError, "pic should be PIL Image. Got <class 'numpy.nd"),
        (lambda: F.normalize(GREY, 0, 1), TypeError, "img should be Tensor Image. Got <class 'num"),
        (
            lambda: F.normalize(torch.ones(1, 2, 2).to(torch.uint8), 0, 1),
            TypeError,
            "Input tensor should be a float tensor. Got torch.uint8.",
        ),
        (
            lambda: F.normalize(torch.ones(2, 2), 0, 1),
            ValueError,
            r"tensor image of size \(..., C,",
        ),
        (lambda: F.normalize(torch.ones(1, 2, 2), 0, 0), ValueError, "std evaluated to zero"),
        (
            lambda: F.normalize(torch.ones(1, 2, 2), (0.5, 0.5, 0.5), (1, 1, 1)),
            RuntimeError,
            r"output with shape \[1, 2, 2\] doesn't match the broadcast shape \[3, 2, 2\]",
        ),
        (
            lambda: F.normalize(torch.ones(3, 2, 2), (0.5, 0.5), (1, 1)),
            RuntimeError,
            r"The size of tensor a \(3\) must match the size of tensor b \(2\)",
        ),
        (
            lambda: F.pad(Image.new("L", (2, 2)), 1, (1, 2, 3)),
            ValueError,
            "number of elements in 'fill' does not match the number of channels",
        ),
        (
            lambda: F.pad(torch.ones(1, 2, 2), 2, 0, "reflect"),
            RuntimeError,
            "too wide for 2 pixels in reflect mode",
        ),
        (lambda: transforms.Resize(2.5), TypeError, "Size should be int or sequence. Got <class"),
        (lambda: transforms.Resize((1, 2, 3)), ValueError, "it should have 1 or 2 values"),
        (lambda: F.resize(torch.ones(1, 4, 4), 8, max_size=8), ValueError, "strictly greater than"),
        (
            lambda: F.resize(torch.ones(1, 4, 4), (8, 8), max_size=9),
            ValueError,
            "only be passed if",
        ),
        (lambda: F.resize(GREY, 8), TypeError, "img should be PIL Image or Tensor Image"),
        (lambda: transforms.CenterCrop((1, 2, 3)), ValueError, "provide only two dimensions"),
        (
            lambda: transforms.RandomCrop(5)(torch.ones(1, 4, 6)),
            ValueError,
            r"Required crop size \(5, 5\) is larger than input image size \(4, 6\)",
        ),
        (
            lambda: F.pad(torch.ones(1, 2, 2), 1, 0, "wrap"),
            ValueError,
            "constant, edge, reflect or",
        ),
        (lambda: F.pad(torch.ones(1, 2, 2), (1, 2, 3)), ValueError, "1, 2, or 4 element tuple"),
        (lambda: F.to_grayscale(torch.ones(2, 2, 2)), TypeError, "should have 1 or 3 channels"),
        (lambda: F.to_grayscale(torch.ones(3, 2, 2), 2), ValueError, "should be either 1 or 3"),
        (lambda: transforms.Lambda(3), TypeError, "Argument lambd should be callable, got 'int'"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_transforms_stand_in_a_sequence_of_modules() -> None:
    plain = {"Compose", "ToTensor", "ToPILImage", "PILToTensor", "Lambda", "RandomApply",
             "RandomChoice", "RandomOrder"}  # fmt: skip
    kinds = {n: k for n, k in vars(transforms).items() if isinstance(k, type) and n[0].isupper()}
    modules = {name for name, kind in kinds.items() if issubclass(kind, torch.nn.Module)}
    assert set(kinds) - modules - plain <= {"InterpolationMode", "AutoAugmentPolicy"}
    sequence = torch.nn.Sequential(transforms.RandomResizedCrop(8), transforms.RandomErasing(1.0))
    assert sequence(torch.ones(3, 9, 9)).shape == (3, 8, 8)
