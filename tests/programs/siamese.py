"""A siamese network, with contrastive and with triplet loss."""
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim
from torch.utils.data import DataLoader, Dataset


class SiameseNetworkDataset(Dataset):
    def __init__(self, classes=5, per_class=20):
        rng = np.random.RandomState(0)
        means = rng.rand(classes, 1, 16, 16).astype("float32")
        noise = 0.3 * rng.randn(classes, per_class, 1, 16, 16).astype("float32")
        self.images = means[:, None] + noise

    def __getitem__(self, index):
        classes, per_class = self.images.shape[:2]
        same = random.randint(0, 1)
        one = index % classes
        other = one if same else (one + random.randint(1, classes - 1)) % classes
        img0 = self.images[one, random.randrange(per_class)]
        img1 = self.images[other, random.randrange(per_class)]
        return img0, img1, torch.from_numpy(np.array([int(one != other)], dtype=np.float32))

    def __len__(self):
        return 96


class SiameseNetwork(nn.Module):
    def __init__(self):
        super(SiameseNetwork, self).__init__()
        self.cnn1 = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(1, 4, kernel_size=3),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(4),
            nn.ReflectionPad2d(1),
            nn.Conv2d(4, 8, kernel_size=3, stride=2),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(8),
            nn.Dropout2d(p=0.2),
        )
        self.fc1 = nn.Sequential(nn.Linear(8 * 8 * 8, 32), nn.ReLU(inplace=True),
                                 nn.Linear(32, 5, bias=False))

    def forward_once(self, x):
        output = self.cnn1(x)
        output = output.view(output.size()[0], -1)
        return self.fc1(output)

    def forward(self, input1, input2):
        return self.forward_once(input1), self.forward_once(input2)


class ContrastiveLoss(torch.nn.Module):
    def __init__(self, margin=2.0):
        super(ContrastiveLoss, self).__init__()
        self.margin = margin

    def forward(self, output1, output2, label):
        euclidean_distance = F.pairwise_distance(output1, output2, keepdim=True)
        return torch.mean((1 - label) * torch.pow(euclidean_distance, 2)
                          + label * torch.pow(torch.clamp(self.margin - euclidean_distance,
                                                          min=0.0), 2))


random.seed(2)
torch.manual_seed(2)
loader = DataLoader(SiameseNetworkDataset(), shuffle=True, batch_size=16)
net = SiameseNetwork()
criterion = ContrastiveLoss()
optimizer = optim.Adam(net.parameters(), lr=0.0005)
for epoch in range(2):
    for i, (img0, img1, label) in enumerate(loader):
        output1, output2 = net(img0, img1)
        optimizer.zero_grad()
        loss_contrastive = criterion(output1, output2, label)
        loss_contrastive.backward()
        optimizer.step()
        if i % 2 == 0:
            print("Epoch number {} Current loss {:.6f}".format(epoch, loss_contrastive.item()))

triplet = nn.TripletMarginLoss(margin=1.0, p=2)
images = torch.from_numpy(loader.dataset.images)
for step in range(4):
    anchor, positive, negative = (net.forward_once(images[c, s:s + 10])
                                  for c, s in ((0, 0), (0, 10), (step % 4 + 1, 0)))
    loss = triplet(anchor, positive, negative)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print("triplet %.6f" % loss.item(), "cosine %.6f" % F.cosine_similarity(anchor, positive).mean())

net.train(False)
with torch.no_grad():
    vectors = torch.stack([net.forward_once(group) for group in images]).mean(1)
    print(torch.cdist(vectors, vectors).round(decimals=3))
