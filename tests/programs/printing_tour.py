"""What tensors, types and errors print, as tutorials and logs show them."""
import torch
from torch import nn

torch.manual_seed(0)
x = torch.arange(6, dtype=torch.float32).reshape(2, 3)
print(type(x), x.dtype, x.shape, x.device, x.layout, x.type())
print(torch.Tensor, torch.Size, torch.device, x.is_leaf, x.requires_grad)
print(f"{x.mean():.3f} {x[0, 1]:>8} {x.sum()}", repr(x[1]), str(x[0, 0]))
print(isinstance(x, torch.Tensor), isinstance(x, torch.FloatTensor), torch.is_tensor(x), torch.typename(x))
print(x.max(dim=1), x.sort(dim=1, descending=True), sep="\n")
print(torch.tensor([1e-8, 1.0, 1e8]), torch.tensor([float("nan"), float("inf")]), torch.tensor([]))
print(torch.tensor([True, False]), torch.tensor(3), torch.tensor([1 + 2j, -1j]), torch.zeros(0, 3))
print(torch.arange(2000), torch.rand(3, 300).shape, torch.eye(3, dtype=torch.int8), sep="\n")
w = torch.ones(2, requires_grad=True)
print(w, w * 2, nn.Parameter(w.detach()), (w * 2).sum().grad_fn is not None, sep="\n")
torch.set_printoptions(precision=2, sci_mode=False, linewidth=60)
print(torch.linspace(0, 1, 12) / 3)
torch.set_printoptions(profile="default")
print(torch.finfo(torch.float16), torch.iinfo(torch.int32).max, torch.finfo(torch.bfloat16).eps)
print(torch.promote_types(torch.int32, torch.float16), torch.result_type(x, 2.0), torch.get_default_dtype())
print(torch.float32, [torch.int64, torch.bool], {torch.uint8: 1}, torch.strided, torch.channels_last)
print(nn.Conv2d(1, 2, 3, padding="same", bias=False), nn.LSTM(2, 3, bidirectional=True), nn.Transformer.__name__)
print(list(nn.Linear(2, 1).state_dict()), nn.Linear(2, 1).extra_repr())


def show(f):
    try:
        f()
    except Exception as error:
        print(type(error).__name__, type(error).__mro__[-3].__name__)


show(lambda: x + torch.ones(4))
show(lambda: x[5])
show(lambda: x.view(4))
show(lambda: x.backward())
show(lambda: x @ x)
show(lambda: torch.tensor([[1, 2], [3]]))
show(lambda: torch.linalg.cholesky(-torch.eye(2)).sum())
show(lambda: nn.Linear(2, 3)(x))
show(lambda: x.missing)
show(lambda: nn.Linear(2, 3).missing)
show(lambda: nn.functional.cross_entropy(x, torch.tensor([0, 7])))
show(lambda: torch.zeros(2).item())
show(lambda: int(x))
show(lambda: torch.load("nothing.pt"))
show(lambda: nn.Linear(2, 3).load_state_dict({}))
show(lambda: torch.optim.SGD([], lr=1))
show(lambda: x.requires_grad_().add_(1))
show(lambda: torch.cat([]))
show(lambda: torch.randn(2, 3, generator=3))
