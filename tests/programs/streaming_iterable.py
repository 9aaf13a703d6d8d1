"""Samples from generators and files: iterable datasets, chained, shared among worker processes."""
import itertools
import json
import os

import torch
from torch import nn
from torch.utils.data import (
    ChainDataset, ConcatDataset, DataLoader, Dataset, IterableDataset, SequentialSampler,
    SubsetRandomSampler, get_worker_info,
)

for part in range(3):
    with open(f"part{part}.jsonl", "w") as handle:
        for i in range(20):
            n = part * 20 + i
            handle.write(json.dumps({"id": n, "x": [n % 7 - 3, n % 5 - 2, n % 3 - 1]}) + "\n")


class JsonLines(IterableDataset):
    def __init__(self, paths, limit=None):
        super().__init__()
        self.paths, self.limit = paths, limit

    def __iter__(self):
        info = get_worker_info()
        paths = self.paths if info is None else self.paths[info.id::info.num_workers]
        rows = itertools.chain.from_iterable(open(path) for path in paths)
        for row in itertools.islice(map(json.loads, rows), self.limit):
            x = torch.tensor(row["x"], dtype=torch.float)
            yield {"id": row["id"], "x": x, "y": x.sum().gt(0).long(), "name": f"row {row['id']}"}


class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return i, i * i, torch.rand(1)


paths = sorted(p for p in os.listdir(".") if p.endswith(".jsonl"))
torch.manual_seed(0)
model = nn.Linear(3, 2)
optimizer = torch.optim.ASGD(model.parameters(), lr=0.1)
for workers in 0, 2:
    seen = []
    for batch in DataLoader(JsonLines(paths), batch_size=8, num_workers=workers):
        loss = nn.functional.cross_entropy(model(batch["x"]), batch["y"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen += batch["id"].tolist()
    print(workers, "workers", f"{loss.item():.6f}", seen[:12], len(seen), batch["name"][-1])

chained = ChainDataset([JsonLines(paths[:1], 3), JsonLines(paths[1:], 2)])
print([row["id"] for row in chained])
both = ConcatDataset([Squares(4), Squares(3)])
print(len(both), both.cumulative_sizes, [both[i][:2] for i in (3, 4, -1)])


def seeded(worker_id):
    print_seed = torch.initial_seed() - get_worker_info().seed
    assert print_seed == 0 and get_worker_info().id == worker_id


loader = DataLoader(Squares(10), batch_size=4, num_workers=2, worker_init_fn=seeded,
                    sampler=SubsetRandomSampler(range(10)), persistent_workers=True)
for epoch in range(2):
    for i, square, random in loader:
        print(epoch, i.tolist(), square.tolist(), random.flatten())
generator = torch.Generator().manual_seed(7)
for batch in DataLoader(Squares(6), batch_size=None, shuffle=True, generator=generator):
    print(batch[0], end=" ")
print(list(SequentialSampler(Squares(3))), len(loader))
