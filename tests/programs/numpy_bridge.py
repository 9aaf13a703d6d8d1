"""Arrays and tensors that share memory, and a regression that goes to and fro between them."""
import numpy as np
import torch
from torch import nn

rng = np.random.RandomState(0)
X = rng.randn(80, 3)
y = (X @ np.array([1.5, -2.0, 0.5]) + 0.3).astype(np.float32)

a = np.zeros(4)
t = torch.from_numpy(a)
a[1] = 5
t[2] = 7
np.add(a, 1, out=a)
print(a, t, t.dtype, t.numpy() is a, np.shares_memory(t.numpy(), a))
print(torch.as_tensor(a).data_ptr() == t.data_ptr(), torch.tensor(a).data_ptr() == t.data_ptr())
for kind in "uint8", "int16", "int32", "int64", "float16", "float32", "complex64", "bool":
    array = np.ones((2, 2), dtype=kind)
    back = torch.from_numpy(array)
    print(kind, back.dtype, back.numpy().dtype, np.asarray(back).sum())
print(np.abs(torch.arange(-2.0, 1.0)), np.sqrt(torch.tensor([4.0, 9.0])), torch.arange(3) * np.float32(2))
print(np.float64(2.5) * torch.ones(2), torch.tensor(np.float64(1.5)).dtype,
      torch.tensor([np.float32(1), np.float32(2)]).dtype, torch.ones(2) + np.ones(2))
print(X[:, 0][::2].strides, torch.from_numpy(X[:, 0][::2]).stride(), torch.from_numpy(X.T).stride())

model = nn.Linear(3, 1)
rs = torch.from_numpy(rng.randn(1, 3).astype(np.float32))
with torch.no_grad():
    model.weight.copy_(rs)
    model.bias.zero_()
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.5)
inputs, targets = torch.from_numpy(X).float(), torch.from_numpy(y).unsqueeze(1)
for epoch in range(30):
    outputs = model(inputs)
    loss = nn.MSELoss()(outputs, targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if (epoch + 1) % 10 == 0:
        print('Epoch [{}/{}], Loss: {:.6f}'.format(epoch + 1, 30, loss.item()))
predicted = model(inputs).detach().numpy()
print("r2 %.5f" % (1 - ((predicted[:, 0] - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()))
print({name: p.data.cpu().numpy().round(4).tolist() for name, p in model.named_parameters()})
np.savez("weights.npz", **{k: v.numpy() for k, v in model.state_dict().items()})
loaded = {k: torch.from_numpy(v) for k, v in np.load("weights.npz").items()}
print(model.load_state_dict(loaded), sorted(loaded))
