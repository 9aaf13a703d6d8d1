"""Code that asks for a device, streams and events, and runs where there is none."""
import contextlib
import threading

import torch
from torch import nn

torch.manual_seed(0)
if torch.cuda.is_available():
    device = torch.device("cuda")
elif torch.backends.mps.is_available():
    device = torch.device("mps")
elif torch.xpu.is_available():
    device = torch.device("xpu")
else:
    device = torch.device("cpu")
print(device, torch.accelerator.is_available(), torch.accelerator.current_accelerator(), torch.cuda.device_count())
print([torch.device(name) for name in ("mps", "xpu:1", "meta", "cuda:0")])

stream = torch.Stream(device)
event = torch.Event(device)
print(stream, event, stream.query(), event.query())
with torch.cuda.stream(None), torch.autocast(device.type, enabled=False):
    y = torch.ones(2, device=device) * 3
print(y.tolist(), torch.get_device_module(device).__name__.rpartition(".")[2])
for refused in (lambda: torch.cuda.Stream(), lambda: torch.zeros(1, device="mps"), lambda: torch.zeros(1).to("xpu"),
                lambda: torch.cuda.synchronize(), lambda: torch.device("toaster"), lambda: stream.record_event()):
    try:
        refused()
    except (RuntimeError, AssertionError) as error:
        print("refused", isinstance(error, AssertionError))

model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)).to(device, non_blocking=True)
scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(16, 4, device=device)
autocast = torch.autocast(device.type, dtype=torch.bfloat16) if device.type == "cuda" else contextlib.nullcontext()
for step in range(3):
    with autocast:
        loss = model(x).square().mean()
    optimizer.zero_grad(set_to_none=True)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    print(f"{step} {loss.item():.5f} {scaler.get_scale()}")

future = torch.futures.Future()
doubled = future.then(lambda f: 2 * f.value())
worker = threading.Thread(target=lambda: future.set_result(model(x).detach().sum().item() > -1e9))
worker.start()
print(doubled.wait(), torch.futures.wait_all([future, doubled]))
worker.join()
print(torch.jit.wait(torch.jit.fork(torch.add, torch.tensor(1), 2)).item())
