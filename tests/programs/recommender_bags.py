"""Recommendations: bags of items with weights, sparse gradients, two optimizers, metrics by hand."""
import logging
import sys

import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, Dataset, WeightedRandomSampler

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
log = logging.getLogger("recommender")
generator = torch.Generator().manual_seed(13)
torch.manual_seed(13)


class Visits(Dataset):
    def __init__(self, users=80, items=30):
        self.histories = [torch.randint(items, (int(n),), generator=generator) for n in torch.randint(1, 6, (users,), generator=generator)]
        self.wanted = torch.stack([history.float().mean().round().long() for history in self.histories])

    def __len__(self):
        return len(self.histories)

    def __getitem__(self, index):
        return self.histories[index], self.wanted[index]


def collate(samples):
    histories, wanted = zip(*samples)
    lengths = torch.tensor([len(h) for h in histories])
    offsets = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)[:-1]])
    weights = torch.cat([torch.linspace(0.5, 1.0, len(h)) for h in histories])
    return torch.cat(histories), offsets, weights, torch.stack(wanted)


class Model(nn.Module):
    def __init__(self, items=30, width=8):
        super().__init__()
        self.bags = nn.EmbeddingBag(items, width, mode="sum", sparse=True)
        self.items = nn.Linear(width, items)

    def forward(self, items, offsets, weights):
        return self.items(torch.relu(self.bags(items, offsets, per_sample_weights=weights)))


data = Visits()
sampler = WeightedRandomSampler(1 / torch.tensor([len(h) for h in data.histories]).double(), 64, generator=generator)
loader = DataLoader(data, batch_sampler=BatchSampler(sampler, 16, drop_last=True), collate_fn=collate)
model = Model()
sparse = torch.optim.SparseAdam(model.bags.parameters(), lr=0.05)
dense = torch.optim.RMSprop(model.items.parameters(), lr=0.01)
for epoch in range(4):
    total = 0.0
    for items, offsets, weights, wanted in loader:
        loss = nn.functional.cross_entropy(model(items, offsets, weights), wanted, label_smoothing=0.05)
        for optimizer in (sparse, dense):
            optimizer.zero_grad()
        loss.backward()
        if epoch == 0 and total == 0:
            log.info("gradient %s of %d rows", model.bags.weight.grad.layout, model.bags.weight.grad.coalesce().indices().unique().numel())
        for optimizer in (sparse, dense):
            optimizer.step()
        total += loss.item()
    log.info("epoch %d loss %.4f", epoch, total / len(loader))

with torch.no_grad():
    items, offsets, weights, wanted = collate([data[i] for i in range(40)])
    best = model(items, offsets, weights).topk(5).indices
    hits = (best == wanted[:, None])
    log.info("hits %d of %d", hits.any(1).sum(), len(wanted))
    gains = (hits / torch.log2(torch.arange(2, 7))).sum(1)
    log.info("gain %.3f", gains.mean().item())
