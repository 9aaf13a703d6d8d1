"""Pictures in folders, made and read by Pillow, with torchvision's transforms."""
import glob
import os

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms, utils

classes = ["circle", "square"]


def draw(root, count):
    rng = np.random.default_rng(0)
    for name in classes:
        os.makedirs(os.path.join(root, name), exist_ok=True)
        for i in range(count):
            image = Image.new("RGB", (28, 24), tuple(rng.integers(0, 90, 3).tolist()))
            x, y, size = (int(v) for v in rng.integers(2, 12, 3))
            box = [x, y, x + size, y + size]
            color = tuple(rng.integers(120, 255, 3).tolist())
            pen = ImageDraw.Draw(image)
            (pen.ellipse if name == "circle" else pen.rectangle)(box, fill=color)
            image.save(os.path.join(root, name, f"{i}.png"))


class Pictures(Dataset):
    def __init__(self, root, transform=None):
        self.files = sorted(glob.glob(os.path.join(root, "*", "*.png")))
        self.transform = transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, idx):
        if torch.is_tensor(idx):
            idx = idx.tolist()
        image = Image.open(self.files[idx]).convert("RGB")
        if self.transform:
            image = self.transform(image)
        return image, classes.index(os.path.basename(os.path.dirname(self.files[idx])))


draw("pictures", 12)
transform = transforms.Compose([
    transforms.Resize(20),
    transforms.RandomCrop(16),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
])
torch.manual_seed(0)
dataset = Pictures("pictures", transform)
print(len(dataset), dataset[0][0].shape, dataset[torch.tensor(5)][1])
print(transform)
loader = DataLoader(dataset, batch_size=6, shuffle=True, drop_last=True)
model = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 5, stride=2), torch.nn.ReLU(),
                            torch.nn.Flatten(), torch.nn.Linear(216, 2))
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
for epoch in range(2):
    for images, labels in loader:
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"epoch {epoch} {images.mean():.6f} {labels.tolist()} {loss.item():.6f}")

grey = transforms.Compose([transforms.Grayscale(), transforms.CenterCrop(16),
                           transforms.ToTensor(), transforms.Lambda(lambda x: (x > 0.4).float())])
pictures = torch.stack([grey(Image.open(f)) for f in dataset.files[:6]])
print(pictures.sum(dim=(1, 2, 3)).tolist())
grid = utils.make_grid(pictures, nrow=3, padding=1)
utils.save_image(grid, "grid.png")
print(grid.shape, np.asarray(Image.open("grid.png")).shape, np.asarray(Image.open("grid.png")).sum())
