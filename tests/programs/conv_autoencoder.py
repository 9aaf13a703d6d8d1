"""A convolutional autoencoder that removes noise; .cuda() behind a flag."""
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable

use_gpu = "--gpu" in sys.argv and torch.cuda.is_available()
torch.manual_seed(100)
if use_gpu:
    torch.cuda.manual_seed(100)


class Encoder(nn.Module):
    def __init__(self):
        super(Encoder, self).__init__()
        self.layer1 = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(8),
            nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(8), nn.MaxPool2d(2, 2))
        self.layer2 = nn.Sequential(
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(16), nn.MaxPool2d(2, 2))

    def forward(self, x):
        out = self.layer1(x)
        out = self.layer2(out)
        return out.view(x.size(0), -1)


class Decoder(nn.Module):
    def __init__(self):
        super(Decoder, self).__init__()
        self.layer1 = nn.Sequential(
            nn.ConvTranspose2d(16, 8, 3, 2, 1, 1), nn.ReLU(), nn.BatchNorm2d(8))
        self.layer2 = nn.Sequential(nn.ConvTranspose2d(8, 1, 3, 2, 1, 1), nn.ReLU())

    def forward(self, x):
        out = x.view(x.size(0), 16, 4, 4)
        return self.layer2(self.layer1(out))


def stripes(n):
    shift = torch.rand(n, 1, 1, 1) * 6
    grid = torch.arange(16.0).view(1, 1, 1, 16) + torch.arange(16.0).view(1, 1, 16, 1)
    return (grid + shift).sin() * 0.5 + 0.5


encoder, decoder = Encoder(), Decoder()
if use_gpu:
    encoder, decoder = encoder.cuda(), decoder.cuda()
parameters = list(encoder.parameters()) + list(decoder.parameters())
loss_func = nn.MSELoss()
optimizer = torch.optim.Adam(parameters, lr=0.002)
for i in range(8):
    clean = stripes(16)
    noise = torch.Tensor(16, 1, 16, 16).normal_(0.0, 0.3)
    image_n = torch.mul(clean + 0.25, 0.1 * noise)
    image, image_n = Variable(clean), Variable(image_n)
    if use_gpu:
        image, image_n = image.cuda(), image_n.cuda()
    optimizer.zero_grad()
    output = decoder(encoder(image_n))
    loss = loss_func(output, image)
    loss.backward()
    optimizer.step()
    print("step %d loss %.6f" % (i, loss.data.cpu().numpy()))

encoder.train(False), decoder.train(False)
restored = decoder(encoder(image_n)).data
print(restored.size(), restored.min() >= 0, "%.5f" % F.mse_loss(restored, clean))
