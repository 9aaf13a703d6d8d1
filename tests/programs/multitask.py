"""One trunk and three heads: containers, losses that are weighed, parameters listed and counted."""
import torch
from torch import nn


class MultiTask(nn.Module):
    def __init__(self, tasks):
        super().__init__()
        self.trunk = nn.ModuleList([nn.Linear(6, 16), nn.Linear(16, 16)])
        self.activations = nn.ModuleDict({"relu": nn.ReLU(), "prelu": nn.PReLU()})
        self.heads = nn.ModuleDict({name: nn.Linear(16, size) for name, size in tasks.items()})
        self.log_vars = nn.ParameterDict({name: nn.Parameter(torch.zeros(())) for name in tasks})
        self.mixing = nn.ParameterList([nn.Parameter(torch.ones(2) / 2) for _ in range(2)])
        self.register_buffer("seen", torch.tensor(0))

    def forward(self, x):
        for layer, mix in zip(self.trunk, self.mixing):
            x = layer(x)
            x = mix[0] * self.activations["relu"](x) + mix[1] * self.activations["prelu"](x)
        if self.training:
            self.seen += len(x)
        return {name: head(x) for name, head in self.heads.items()}


torch.manual_seed(0)
tasks = {"class": 3, "value": 1, "flags": 4}
model = MultiTask(tasks)
print(model)
criteria = {"class": nn.CrossEntropyLoss(), "value": nn.SmoothL1Loss(beta=0.5),
            "flags": nn.MultiLabelSoftMarginLoss()}
x = torch.randn(64, 6)
targets = {"class": x[:, :3].argmax(1), "value": x.pow(2).sum(1, keepdim=True).sqrt(),
           "flags": (x[:, :4] > 0).float()}
decay = [p for p in model.parameters() if p.dim() > 1]
others = [p for p in model.parameters() if p.dim() <= 1]
optimizer = torch.optim.Adam([{"params": decay, "weight_decay": 1e-2}, {"params": others}], lr=0.02)
for step in range(12):
    outputs = model(x)
    losses = {name: criteria[name](outputs[name], targets[name]) for name in tasks}
    total = sum(torch.exp(-model.log_vars[n]) * loss + model.log_vars[n] for n, loss in losses.items())
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
    if step % 3 == 0:
        print(step, {n: round(loss.item(), 5) for n, loss in losses.items()}, f"{total.item():.5f}")

print(model.seen, [n for n, _ in model.named_parameters() if "heads" not in n])
print({n: round(p.item(), 5) for n, p in model.log_vars.items()}, model.mixing[0].data)
print(len(list(model.children())), len(list(model.modules())), sorted(model.state_dict())[:4])
print(model.get_submodule("heads.flags"), model.get_parameter("trunk.0.bias").shape)
print([type(m).__name__ for m in model.trunk + nn.ModuleList([nn.Identity()])])
gradients = torch.autograd.grad(losses["class"] if False else criteria["class"](model(x)["class"], targets["class"]),
                                model.trunk[0].weight)
print("%.6f" % gradients[0].norm(), model.eval().training, model.heads["class"].training)
model.requires_grad_(False)
print(any(p.requires_grad for p in model.parameters()), model(x)["value"].requires_grad)
vector = nn.utils.parameters_to_vector(model.parameters())
nn.utils.vector_to_parameters(vector * 0, model.parameters())
print(vector.shape, sum(p.abs().sum() for p in model.parameters()))
