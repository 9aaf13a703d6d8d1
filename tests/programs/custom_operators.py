"""Operators of a program's own: with gradients, by schemas, under vmap and on tensors without memory."""
import numpy as np
import torch
from torch import Tensor
from torch.library import Library, custom_op, infer_schema, register_fake

torch.manual_seed(4)


@custom_op("example::sin_numpy", mutates_args=())
def sin_numpy(x: Tensor, scale: float = 1.0) -> Tensor:
    return torch.from_numpy(np.sin(x.numpy(force=True) * scale).astype(np.float64)).to(x.dtype)


@sin_numpy.register_fake
def _(x, scale=1.0):
    return torch.empty_like(x)


def setup_context(ctx, inputs, output):
    x, ctx.scale = inputs
    ctx.save_for_backward(x)


def backward(ctx, grad):
    (x,) = ctx.saved_tensors
    return grad * (x * ctx.scale).cos() * ctx.scale, None


sin_numpy.register_autograd(backward, setup_context=setup_context)
x = torch.randn(4, dtype=torch.float64, requires_grad=True)
y = sin_numpy(x, 2.0)
print(torch.allclose(y, (2 * x).sin()), y.grad_fn is not None)
print(torch.autograd.gradcheck(lambda v: torch.ops.example.sin_numpy(v, 2.0), x))
print(torch.ops.example.sin_numpy(torch.empty(2, 3, device="meta")).shape)

library = Library("example_more", "DEF")
library.define("affine(Tensor x, Tensor w, float shift=0.5, *, bool negate=False) -> Tensor")


@torch.library.impl(library, "affine", "CompositeExplicitAutograd")
def affine(x, w, shift=0.5, *, negate=False):
    result = x * w + shift
    return -result if negate else result


a, w = torch.ones(3), torch.tensor([1.0, 2.0, 3.0])
print(torch.ops.example_more.affine(a, w), torch.ops.example_more.affine(a, w, 0.0, negate=True))
for wrong in (lambda: torch.ops.example_more.affine(3, w), lambda: torch.ops.example_more.nothing, lambda: sin_numpy("x")):
    try:
        wrong()
    except (RuntimeError, AttributeError) as error:
        print(type(error).__name__)

torch.library.define("example_third::clip_norm", "(Tensor x, float most) -> Tensor")


@torch.library.impl("example_third::clip_norm", "cpu")
def clip_norm(x, most):
    return x * min(1.0, most / float(x.norm()))


register_fake("example_third::clip_norm", lambda x, most: torch.empty_like(x))
print(torch.ops.example_third.clip_norm(torch.full((4,), 3.0), 2.0).norm().item())


def fused(x: Tensor, weights: list[Tensor], bias: Tensor | None = None, times: int = 1) -> tuple[Tensor, Tensor]:
    return x, x


print(infer_schema(fused, mutates_args=()))
print(infer_schema(fused, mutates_args={"x"}, op_name="fused"))
print(torch.ops.aten.add.Tensor(a, w), torch.ops.aten.relu(torch.tensor([-1.0, 1.0])))


@custom_op("example::fill", mutates_args={"x"})
def fill(x: Tensor, value: float) -> None:
    x.fill_(value)


z = torch.zeros(2)
fill(z, 3.0)
print(z, torch.cond(z.sum() > 1, lambda t: t + 1, lambda t: t - 1, (z,)))
print(torch._higher_order_ops.while_loop(lambda i, t: i < 3, lambda i, t: (i + 1, t * 2), (torch.tensor(0), z))[1])
