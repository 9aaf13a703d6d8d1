"""Samples for a detector: boxes and masks augmented with torchvision's second transforms."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.ops import box_iou, masks_to_boxes
from torchvision.transforms import v2


class Blobs(Dataset):
    def __init__(self, transforms=None):
        self.transforms = transforms

    def __len__(self):
        return 8

    def __getitem__(self, index):
        y, x = torch.meshgrid(torch.arange(40), torch.arange(48), indexing="ij")
        masks = torch.stack([
            (x - 12 - index) ** 2 + (y - 14) ** 2 < 60,
            (x > 28) & (x < 40) & (y > 10 + index) & (y < 24 + index),
        ])
        image = torch.full((3, 40, 48), 30, dtype=torch.uint8)
        image[0, masks[0]] = 220
        image[1, masks[1]] = 180
        boxes = masks_to_boxes(masks)
        target = {
            "boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(40, 48)),
            "masks": tv_tensors.Mask(masks),
            "labels": torch.tensor([1, 2]),
            "image_id": index,
        }
        image = tv_tensors.Image(image)
        return self.transforms(image, target) if self.transforms else (image, target)


transforms = v2.Compose([
    v2.RandomZoomOut(fill={tv_tensors.Image: 30, "others": 0}, side_range=(1.0, 1.5)),
    v2.RandomIoUCrop(),
    v2.RandomHorizontalFlip(p=0.5),
    v2.Resize((32, 32), antialias=True),
    v2.ConvertBoundingBoxFormat("CXCYWH"),
    v2.SanitizeBoundingBoxes(),
    v2.ToDtype(torch.float32, scale=True),
    v2.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
])
print(transforms)
torch.manual_seed(0)
loader = DataLoader(Blobs(transforms), batch_size=4, collate_fn=lambda batch: tuple(zip(*batch)))
net = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                    nn.Linear(8, 4))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for epoch in range(2):
    for images, targets in loader:
        boxes = [target["boxes"] for target in targets]
        print([len(box) for box in boxes], boxes[0].format, boxes[0].canvas_size, type(boxes[0]).__name__)
        print([target["labels"].tolist() for target in targets], [t["masks"].shape[0] for t in targets])
        wanted = torch.stack([box.float().mean(0) / 32 if len(box) else torch.zeros(4) for box in boxes])
        loss = (net(torch.stack(images)) - wanted).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"{loss.item():.4f}")
first = v2.functional.convert_bounding_box_format(boxes[0], new_format="XYXY")
print(box_iou(first, first).diagonal(), type(first + 1).__name__)
