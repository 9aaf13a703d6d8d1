"""Small batches whose gradients add up to those of large ones."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(11)
inputs = torch.randn(96, 10)
targets = inputs @ torch.randn(10, 1) + 0.1 * torch.randn(96, 1)
dataset = TensorDataset(inputs, targets)
accumulation_steps = 4


def make_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(10, 16), nn.ELU(), nn.Linear(16, 1))


def train(batch_size, accumulate):
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=18)
    criterion = nn.MSELoss()
    loader = DataLoader(dataset, batch_size=batch_size)
    for epoch in range(3):
        running_loss = 0.0
        model.zero_grad()
        for i, (x, y) in enumerate(loader, start=1):
            loss = criterion(model(x), y) / accumulate
            loss.backward()
            running_loss += loss.item()
            if i % accumulate == 0:
                optimizer.step()
                optimizer.zero_grad()
                scheduler.step()
        print(f"{batch_size} x {accumulate}: epoch {epoch}, "
              f"loss {running_loss * accumulate / len(loader):.6f}, "
              f"lr {scheduler.get_last_lr()[0]:.6f}")
    return model


small = train(4, accumulation_steps)
large = train(16, 1)
for (name, p), q in zip(small.named_parameters(), large.parameters()):
    print(name, torch.allclose(p, q, atol=1e-5))
