"""Training with autocast to bfloat16 and a gradient scaler behind a flag."""
# tolerance: 1e-3
import torch
from torch import nn
from torch.amp import GradScaler, autocast

torch.manual_seed(0)
use_cuda = torch.cuda.is_available()
device = "cuda" if use_cuda else "cpu"
dtype = torch.float16 if use_cuda else torch.bfloat16

model = nn.Sequential(nn.Linear(20, 64), nn.LayerNorm(64), nn.GELU(), nn.Linear(64, 64),
                      nn.Tanh(), nn.Linear(64, 4)).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scaler = GradScaler(device, enabled=use_cuda)
x, y = torch.randn(128, 20), torch.randint(4, (128,))
for step in range(10):
    optimizer.zero_grad(set_to_none=True)
    with autocast(device_type=device, dtype=dtype):
        output = model(x.to(device))
        loss = nn.functional.cross_entropy(output, y.to(device))
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    print(step, output.dtype, loss.dtype, "%.2f" % loss.item(), "%.1f" % norm.item())

with torch.autocast("cpu", dtype=torch.bfloat16):
    a, b = torch.randn(4, 4), torch.randn(4, 4)
    print((a @ b).dtype, (a + b).dtype, torch.softmax(a @ b, -1).dtype, a.exp().dtype)
    with torch.autocast("cpu", enabled=False):
        print((a @ b).dtype)
print(torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu"))

half = model.to(torch.bfloat16)
print(half(x.bfloat16()).dtype, {p.dtype for p in half.parameters()})
print(torch.finfo(torch.bfloat16), torch.finfo(torch.float16).max)
