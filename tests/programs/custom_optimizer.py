"""An optimizer and a schedule of one's own, groups, hooks, and a state that is saved and loaded."""
import copy
import io
import warnings

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.optimizer import Optimizer, required

warnings.simplefilter("ignore")
torch.manual_seed(0)


class Lion(Optimizer):
    def __init__(self, params, lr=required, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["average"] = torch.zeros_like(p, memory_format=torch.preserve_format)
                average = state["average"]
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(torch.sign(average * beta1 + p.grad * (1 - beta1)), alpha=-group["lr"])
                average.lerp_(p.grad, 1 - beta2)
        return loss


class HalfCosine(LRScheduler):
    def __init__(self, optimizer, length, last_epoch=-1):
        self.length = length
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        part = min(self.last_epoch, self.length) / self.length
        return [base * (1 + torch.cos(torch.tensor(part * torch.pi)).item()) / 2 for base in self.base_lrs]


net = nn.Sequential(nn.Linear(4, 16), nn.GELU(), nn.Linear(16, 3))
decayed = [p for name, p in net.named_parameters() if name.endswith("weight")]
others = [p for name, p in net.named_parameters() if name.endswith("bias")]
optimizer = Lion([{"params": decayed, "weight_decay": 0.1}, {"params": others, "lr": 0.02}], lr=0.01)
schedule = HalfCosine(optimizer, 20)
print(optimizer)
counted = []
handle = optimizer.register_step_post_hook(lambda *_: counted.append(1))

x = torch.randn(96, 4)
target = x[:, :3].argmax(1)
for step in range(12):
    def closure():
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(net(x), target)
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    schedule.step()
    if step % 4 == 3:
        print(f"{step} {loss.item():.4f} {schedule.get_last_lr()}")
handle.remove()

buffer = io.BytesIO()
torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}, buffer)
buffer.seek(0)
saved = torch.load(buffer)
print(sorted(saved["optimizer"]), sorted(saved["schedule"]), len(saved["optimizer"]["state"]), len(counted))

clone = copy.deepcopy(net)
second = Lion(clone.parameters(), lr=1.0)
try:
    second.load_state_dict(saved["optimizer"])
except ValueError as error:
    print("ValueError", error)
second = Lion([{"params": [p for n, p in clone.named_parameters() if "weight" in n]},
               {"params": [p for n, p in clone.named_parameters() if "bias" in n]}], lr=1.0)
second.load_state_dict(saved["optimizer"])
for model, used in ((net, optimizer), (clone, second)):
    used.zero_grad()
    nn.functional.cross_entropy(model(x), target).backward()
    used.step()
print(all(torch.equal(a, b) for a, b in zip(net.parameters(), clone.parameters())))
try:
    Lion(net.parameters())
except ValueError as error:
    print(error)
