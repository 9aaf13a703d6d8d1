"""Training that stops, is saved, and goes on as if nothing had happened."""
import os
import random
from collections import OrderedDict

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

PATH = "checkpoint.pth.tar"


def build():
    torch.manual_seed(0)
    model = nn.Sequential(OrderedDict(
        fc1=nn.Linear(8, 16), bn=nn.BatchNorm1d(16), act=nn.ReLU(), drop=nn.Dropout(0.3),
        fc2=nn.Linear(16, 2)))
    optimizer = optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-4)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
    return model, optimizer, scheduler


def steps(model, optimizer, scheduler, count):
    losses = []
    for _ in range(count):
        x = torch.randn(16, 8) + random.random()
        y = torch.from_numpy(np.random.randint(0, 2, 16))
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(round(loss.item(), 5))
    return losses


def save_checkpoint(state, is_best, filename=PATH):
    torch.save(state, filename)
    if is_best:
        os.replace(filename, "best_" + filename)
        torch.save(state, filename)


def seed_everything(seed):
    random.seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


seed_everything(9)
model, optimizer, scheduler = build()
print("first", steps(model, optimizer, scheduler, 5))
save_checkpoint({
    "epoch": 5,
    "state_dict": model.state_dict(),
    "best_acc1": torch.tensor(0.75),
    "optimizer": optimizer.state_dict(),
    "scheduler": scheduler.state_dict(),
    "rng": torch.get_rng_state(),
    "python": random.getstate(),
    "history": [1.5, 2.5, {"note": "nested", "shape": torch.Size([2, 3])}],
}, is_best=True)
numpy_state = np.random.get_state()
print("straight on", steps(model, optimizer, scheduler, 5))

model, optimizer, scheduler = build()
if os.path.isfile("best_" + PATH):
    checkpoint = torch.load(PATH, map_location="cpu", weights_only=True)
    start = checkpoint["epoch"]
    model.load_state_dict(checkpoint["state_dict"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    scheduler.load_state_dict(checkpoint["scheduler"])
    torch.set_rng_state(checkpoint["rng"])
    random.setstate(checkpoint["python"])
    np.random.set_state(numpy_state)
    print("=> loaded checkpoint '{}' (epoch {})".format(PATH, start), checkpoint["history"])
print("resumed", steps(model, optimizer, scheduler, 5))
print(optimizer)
print(scheduler.get_last_lr(), list(optimizer.state_dict()), sorted(checkpoint))
print({k: (v if isinstance(v, (int, float)) else tuple(v.shape))
       for k, v in optimizer.state_dict()["state"][0].items()})

# Weights of another shape, or with other names
other = nn.Sequential(OrderedDict(fc1=nn.Linear(8, 16), extra=nn.Linear(2, 2)))
print(other.load_state_dict(checkpoint["state_dict"], strict=False))
try:
    other.load_state_dict(checkpoint["state_dict"])
except RuntimeError as error:
    print(error)
