"""Two views of each sample are drawn together: normalised vectors, masks, a temperature."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class ContrastiveLearningViewGenerator:
    def __init__(self, base_transform, n_views=2):
        self.base_transform, self.n_views = base_transform, n_views

    def __call__(self, x):
        return [self.base_transform(x) for _ in range(self.n_views)]


class Waves(Dataset):
    def __init__(self, transform):
        self.transform = transform

    def __len__(self):
        return 64

    def __getitem__(self, index):
        phase = torch.linspace(0, 6.28, 24) * (1 + index % 4)
        return self.transform(phase.sin()), index % 4


def jitter(x):
    x = x.roll(int(torch.randint(0, 24, (1,))))
    mask = torch.ones(24).bernoulli_(0.9)
    return x * mask + torch.randn(24) * 0.1


def info_nce_loss(features, batch_size, n_views=2, temperature=0.2):
    labels = torch.cat([torch.arange(batch_size) for i in range(n_views)], dim=0)
    labels = (labels.unsqueeze(0) == labels.unsqueeze(1)).float()
    features = F.normalize(features, dim=1)
    similarity_matrix = torch.matmul(features, features.T)
    mask = torch.eye(labels.shape[0], dtype=torch.bool)
    labels = labels[~mask].view(labels.shape[0], -1)
    similarity_matrix = similarity_matrix[~mask].view(similarity_matrix.shape[0], -1)
    positives = similarity_matrix[labels.bool()].view(labels.shape[0], -1)
    negatives = similarity_matrix[~labels.bool()].view(similarity_matrix.shape[0], -1)
    logits = torch.cat([positives, negatives], dim=1)
    return logits / temperature, torch.zeros(logits.shape[0], dtype=torch.long)


torch.manual_seed(0)
encoder = nn.Sequential(nn.Unflatten(1, (1, 24)), nn.Conv1d(1, 8, 5, padding=2, padding_mode="circular"),
                        nn.ReLU(), nn.AvgPool1d(4), nn.Flatten(), nn.LazyLinear(16))
projector = nn.Sequential(nn.ReLU(), nn.Linear(16, 8))
loader = DataLoader(Waves(ContrastiveLearningViewGenerator(jitter)), batch_size=16, shuffle=True,
                    drop_last=True)
encoder(torch.zeros(1, 24))
print(encoder)
optimizer = torch.optim.RAdam([*encoder.parameters(), *projector.parameters()], 3e-3)
for epoch in range(3):
    for images, labels in loader:
        images = torch.cat(images, dim=0)
        logits, targets = info_nce_loss(projector(encoder(images)), 16)
        loss = F.cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    top1 = (logits.argmax(1) == targets).float().mean()
    print(f"Epoch: {epoch}\tLoss: {loss:.5f}\tTop1 accuracy: {100 * top1:.2f}")
with torch.no_grad():
    views, labels = next(iter(DataLoader(loader.dataset, 32)))
    h = encoder(views[0])
    means = torch.stack([h[labels == c].mean(0) for c in range(4)])
    print(F.cosine_similarity(means[:, None], means[None], dim=-1))
