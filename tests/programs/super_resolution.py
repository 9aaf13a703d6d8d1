"""Sub-pixel convolutions make pictures twice as large."""
from math import log10

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.init as init

torch.manual_seed(123)


class Net(nn.Module):
    def __init__(self, upscale_factor):
        super(Net, self).__init__()
        self.relu = nn.PReLU()
        self.conv1 = nn.Conv2d(1, 16, (5, 5), (1, 1), (2, 2))
        self.conv2 = nn.Conv2d(16, 8, (3, 3), (1, 1), (1, 1), padding_mode="reflect")
        self.conv3 = nn.Conv2d(8, upscale_factor ** 2, (3, 3), (1, 1), padding="same")
        self.pixel_shuffle = nn.PixelShuffle(upscale_factor)
        self._initialize_weights()

    def forward(self, x):
        x = self.relu(self.conv1(x))
        x = self.relu(self.conv2(x))
        return self.pixel_shuffle(self.conv3(x))

    def _initialize_weights(self):
        init.orthogonal_(self.conv1.weight, init.calculate_gain('relu'))
        init.orthogonal_(self.conv2.weight, init.calculate_gain('relu'))
        init.orthogonal_(self.conv3.weight)


def pictures(n, size=20):
    rows = torch.linspace(0, 3, size).view(1, 1, -1, 1)
    columns = torch.linspace(0, 2, size).view(1, 1, 1, -1)
    a, b = torch.rand(2, n, 1, 1, 1) * 4
    return (torch.sin(a * rows) * torch.cos(b * columns) + 1) / 2


model = Net(upscale_factor=2)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(1, 4):
    epoch_loss = 0
    for iteration in range(4):
        target = pictures(4)
        input = F.avg_pool2d(target, 2)
        optimizer.zero_grad()
        loss = criterion(model(input), target)
        epoch_loss += loss.item()
        loss.backward()
        optimizer.step()
    print("===> Epoch {} Complete: Avg. Loss: {:.6f}".format(epoch, epoch_loss / 4))

with torch.no_grad():
    target = pictures(2)
    small = F.interpolate(target, scale_factor=0.5, mode="bilinear", antialias=True)
    for mode in "nearest", "bilinear", "bicubic", "area":
        kwargs = {} if mode in ("nearest", "area") else {"align_corners": False}
        large = F.interpolate(small, size=(20, 20), mode=mode, **kwargs)
        print(mode, "PSNR: {:.4f} dB".format(10 * log10(1 / criterion(large, target).item())))
    prediction = model(small)
    print("net PSNR: {:.4f} dB".format(10 * log10(1 / criterion(prediction, target).item())))
    print("total variation", (prediction.diff(dim=-1).abs().mean() + prediction.diff(dim=-2).abs().mean()))
    laplace = torch.tensor([[0., 1., 0.], [1., -4., 1.], [0., 1., 0.]]).view(1, 1, 3, 3)
    print(F.conv2d(F.pad(target, (1, 1, 1, 1), mode="replicate"), laplace)[0, 0, :2, :4])
    print(F.grid_sample(target, F.affine_grid(torch.eye(2, 3)[None].repeat(2, 1, 1) * 0.5,
                                              (2, 1, 4, 4), align_corners=False),
                        align_corners=False)[0, 0, 0])
    print(torch.fft.rfft2(target[0, 0]).abs()[:2, :3])
