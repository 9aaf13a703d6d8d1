# Two layers by hand, as it was written before 0.4: Variables, .data, and gradients zeroed in place.
import torch
from torch.autograd import Variable

dtype = torch.FloatTensor
# dtype = torch.cuda.FloatTensor

torch.manual_seed(7)
N, D_in, H, D_out = 32, 100, 40, 10

x = Variable(torch.randn(N, D_in).type(dtype), requires_grad=False)
y = Variable(torch.randn(N, D_out).type(dtype), requires_grad=False)
w1 = Variable(torch.randn(D_in, H).type(dtype), requires_grad=True)
w2 = Variable(torch.randn(H, D_out).type(dtype), requires_grad=True)

learning_rate = 1e-5
for t in range(100):
    y_pred = x.mm(w1).clamp(min=0).mm(w2)
    loss = (y_pred - y).pow(2).sum()
    if t % 20 == 0:
        print(t, "%.3f" % loss.data.item())
    loss.backward()
    w1.data -= learning_rate * w1.grad.data
    w2.data -= learning_rate * w2.grad.data
    w1.grad.data.zero_()
    w2.grad.data.zero_()

empty = torch.Tensor(3, 4)
print(empty.size(), empty.type(), isinstance(x, Variable), type(x.data).__name__)
print(torch.Tensor([1, 2, 3]), torch.LongTensor([4, 5]), torch.FloatTensor(2, 2).fill_(0.5))
print("%.4f" % w1.data.norm(), "%.4f" % torch.sum(w2.data ** 2))
