"""Shapes with their boxes and masks, augmented as for training a detector, drawn into a picture."""

import argparse

import rushlight as torch
from rushlight.vision import tv_tensors, utils
from rushlight.vision.ops import masks_to_boxes
from rushlight.vision.transforms import v2

HEIGHT, WIDTH = 120, 160
NAMES = ["disc", "box", "bar"]


def scene():
    """An image, and a target as detectors take it: boxes, masks, labels."""
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    masks = torch.stack([
        (x - 45) ** 2 + (y - 40) ** 2 < 28**2,
        (x > 90) & (x < 140) & (y > 20) & (y < 60),
        (abs(x + y - 165) < 14) & (y > 75) & (y < 112),
    ])
    image = torch.stack([60 + x, 90 + y, 200 - x]).to(torch.uint8)
    colours = torch.tensor([(250, 210, 60), (230, 80, 80), (80, 200, 120)], dtype=torch.uint8)
    for mask, colour in zip(masks, colours, strict=True):
        image[:, mask] = colour[:, None]
    boxes = masks_to_boxes(masks)
    boxes[:, 2:] += 1  # from the last pixel to the edge behind it
    return tv_tensors.Image(image), {
        "boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(HEIGHT, WIDTH)),
        "masks": tv_tensors.Mask(masks),
        "labels": torch.arange(3),
    }


def drawn(image, target):
    """The image with its masks and boxes in it."""
    picture = utils.draw_segmentation_masks(image, target["masks"], alpha=0.5)
    names = [NAMES[label] for label in target["labels"]]
    return utils.draw_bounding_boxes(picture, target["boxes"], names, colors="white")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("picture", nargs="?", default="augmented.png", help="where to write it")
arguments = parser.parse_args()

augment = v2.Compose([
    v2.RandomPhotometricDistort(p=0.8),
    v2.RandomZoomOut(fill={tv_tensors.Image: (120, 110, 100), "others": 0}, side_range=(1.0, 2.0)),
    v2.RandomIoUCrop(),
    v2.RandomHorizontalFlip(),
    v2.RandomRotation(15),
    v2.Resize((HEIGHT, WIDTH)),
    v2.SanitizeBoundingBoxes(min_size=5),
])
torch.manual_seed(0)
sample = scene()
pictures = [drawn(*sample)]
while len(pictures) < 9:
    image, target = augment(*sample)
    if len(target["boxes"]):  # a crop may leave none
        pictures.append(drawn(image, target))
utils.save_image(torch.stack(pictures) / 255, arguments.picture, nrow=3, padding=4, pad_value=1.0)
print(f"{arguments.picture}: the sample, and 8 that were made of it")
