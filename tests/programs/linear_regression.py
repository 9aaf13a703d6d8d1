"""Fits a line by gradient descent, written out by hand."""
import torch

torch.manual_seed(1)

x = torch.linspace(-2, 2, 50).unsqueeze(1)
y = 3 * x - 0.5 + 0.2 * torch.randn(x.size())

w = torch.randn(1, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)

for epoch in range(60):
    prediction = x @ w + b
    loss = ((prediction - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        b -= 0.1 * b.grad
        w.grad.zero_()
        b.grad = None
    if epoch % 10 == 0:
        print(f"epoch {epoch:3d}  loss {loss.item():.6f}  w {w.item():.6f}  b {b.item():.6f}")

print("fit:", w, b)
exact = torch.linalg.lstsq(torch.cat([x, torch.ones_like(x)], dim=1), y).solution
print("least squares:", exact.squeeze())
