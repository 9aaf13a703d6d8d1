import torch

print(torch.cuda.is_available() and "a GPU is there")
x = torch.ones(3)
x = x.cuda()
