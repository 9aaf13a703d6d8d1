import torch

a = torch.ones(3, requires_grad=True)
b = a.exp()
c = b * 2
b += 1
c.sum().backward()
print("c alone:", a.grad)
d = a.exp()
e = d.pow(2)
d.zero_()
e.sum().backward()
