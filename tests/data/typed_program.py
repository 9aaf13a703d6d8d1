"""A user's program, with the types that it has; tests/test_stubs.py checks and runs it."""

import rushlight as torch
from rushlight import nn, optim
from rushlight.nn import functional as F
from rushlight.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self, width: int, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.first = nn.Linear(4, width)
        self.second = nn.Linear(width, 3)
        self.scale = nn.Parameter(torch.ones(3, dtype=dtype))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = F.relu(self.first(x))
        y: torch.Tensor = self.second(h)
        return y * self.scale


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: torch.Tensor) -> torch.Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, grad: torch.Tensor) -> torch.Tensor:
        return grad * 2


@torch.no_grad()
def accuracy(logits: torch.Tensor, labels: torch.Tensor) -> float:
    return float((logits.argmax(dim=1) == labels).float().mean().item())


torch.manual_seed(0)
x = torch.randn(20, 4, device="cpu", dtype=torch.float32)
labels = torch.randint(0, 3, (20,))
net = Net(8)
optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
loader = DataLoader(TensorDataset(x, labels), batch_size=5, shuffle=True)
for images, targets in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(net(images), targets)
    loss.backward()
    optimizer.step()
with torch.no_grad():
    out = torch.empty(0)
    torch.exp(x, out=out)
    z = (x + 1) / 2 - x @ x.T.sum(1, keepdim=True) * 3.0
    z.clamp_(min=0.0, max=1.0).add_(1)
    shape: torch.Size = z.shape
    part = z[0, :2]
    whole: torch.Tensor = torch.cat([part, part.abs().sqrt()], dim=0).to(torch.float64)
    values, indices = whole.max(dim=0)
    rows: int = x.size(0)
    places: torch.Tensor = torch.topk(whole, 1).indices + rows
    largest: torch.Tensor = x.max() - torch.where(x > 0, x, 0.0).sum(dim=(0, 1))
    image: torch.Tensor = F.max_pool2d(torch.rand(1, 1, 4, 4), 2) * Double.apply(largest)
    for row in image:
        places += row.numel()
    print(accuracy(net(x), labels), -whole, shape, torch.arange(3).tolist(), values.dtype)
