"""A table in a CSV file: categories, numbers, gaps, and a network for both."""
import csv

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Subset, WeightedRandomSampler


def write_table(path, rows=200):
    rng = np.random.default_rng(5)
    with open(path, "w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["age", "income", "city", "weekday", "bought"])
        for _ in range(rows):
            age, city, day = rng.integers(18, 80), rng.integers(4), rng.integers(7)
            income = rng.normal(30 + age / 4 + 5 * city, 5)
            bought = int(income + 3 * (day > 4) + rng.normal(0, 3) > 48)
            writer.writerow([age, "" if rng.random() < 0.05 else f"{income:.2f}",
                             ["Bern", "Oslo", "Rome", "Lima"][city], day, bought])


class Table(Dataset):
    def __init__(self, path):
        with open(path) as handle:
            rows = list(csv.DictReader(handle))
        income = torch.tensor([float(r["income"] or "nan") for r in rows])
        income = torch.where(income.isnan(), income.nanmean(), income)
        numbers = torch.stack([torch.tensor([float(r["age"]) for r in rows]), income], dim=1)
        self.mean, self.std = numbers.mean(0), numbers.std(0)
        self.numbers = (numbers - self.mean) / self.std
        self.cities = sorted({r["city"] for r in rows})
        self.categories = torch.tensor([[self.cities.index(r["city"]), int(r["weekday"])]
                                        for r in rows])
        self.target = torch.tensor([int(r["bought"]) for r in rows], dtype=torch.float32)

    def __len__(self):
        return len(self.target)

    def __getitem__(self, i):
        return self.numbers[i], self.categories[i], self.target[i]


class TabularModel(nn.Module):
    def __init__(self, emb_szs, n_cont, layers, p=0.2):
        super().__init__()
        self.embeds = nn.ModuleList([nn.Embedding(ni, nf) for ni, nf in emb_szs])
        self.emb_drop = nn.Dropout(p)
        self.bn_cont = nn.BatchNorm1d(n_cont)
        n_in = sum(nf for _, nf in emb_szs) + n_cont
        layerlist = []
        for i in layers:
            layerlist += [nn.Linear(n_in, i), nn.ReLU(inplace=True), nn.BatchNorm1d(i),
                          nn.Dropout(p)]
            n_in = i
        layerlist.append(nn.Linear(layers[-1], 1))
        self.layers = nn.Sequential(*layerlist)

    def forward(self, x_cont, x_cat):
        x = self.emb_drop(torch.cat([e(x_cat[:, i]) for i, e in enumerate(self.embeds)], 1))
        return self.layers(torch.cat([x, self.bn_cont(x_cont)], 1)).squeeze(-1)


torch.manual_seed(33)
write_table("table.csv")
table = Table("table.csv")
print(table.mean, table.std, table.cities, table.target.mean())
indices = torch.randperm(len(table)).tolist()
train, test = Subset(table, indices[:150]), Subset(table, indices[150:])
weights = torch.where(table.target[indices[:150]] > 0, 2.0, 1.0)
loader = DataLoader(train, 25, sampler=WeightedRandomSampler(weights, 150))
model = TabularModel([(4, 2), (7, 3)], 2, [16, 8])
criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(1.5))
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.005, momentum=0.5)
for epoch in range(4):
    model.train()
    losses = []
    for numbers, categories, target in loader:
        optimizer.zero_grad()
        loss = criterion(model(numbers, categories), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        numbers, categories, target = next(iter(DataLoader(test, 50)))
        p = torch.sigmoid(model(numbers, categories))
        confusion = torch.zeros(2, 2, dtype=torch.long)
        confusion.index_put_((target.long(), (p > 0.5).long()), torch.tensor(1), accumulate=True)
    print(epoch, np.round(np.mean(losses), 5), confusion.tolist())
