import torch

w = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (w * w).sum()
for step in range(2):
    loss.backward()
    print(step, w.grad)
