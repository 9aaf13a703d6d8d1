# Before 0.4 the loss was read so.
import torch
from torch.autograd import Variable

x = Variable(torch.ones(3), requires_grad=True)
loss = (x * 2).sum()
loss.backward()
print("loss:", loss.data.item())
print("loss:", loss.data[0])
