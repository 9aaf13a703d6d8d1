"""Functions with gradients of their own, checked and trained with."""
import torch
from torch.autograd import Function, gradcheck, gradgradcheck


class MyReLU(Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        input, = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input


class LegendrePolynomial3(Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return 0.5 * (5 * input ** 3 - 3 * input)

    @staticmethod
    def backward(ctx, grad_output):
        input, = ctx.saved_tensors
        return grad_output * 1.5 * (5 * input ** 2 - 1)


class Exp(Function):
    @staticmethod
    def forward(i):
        return i.exp()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, grad_output):
        result, = ctx.saved_tensors
        return grad_output * result


class LinearFunction(Function):
    @staticmethod
    def forward(ctx, input, weight, bias=None, scale=1.0):
        ctx.save_for_backward(input, weight, bias)
        ctx.scale = scale
        output = input.mm(weight.t()) * scale
        if bias is not None:
            output += bias.unsqueeze(0).expand_as(output)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        input, weight, bias = ctx.saved_tensors
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_input = grad_output.mm(weight) * ctx.scale
        if ctx.needs_input_grad[1]:
            grad_weight = grad_output.t().mm(input) * ctx.scale
        if bias is not None and ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum(0)
        return grad_input, grad_weight, grad_bias, None


class SignSTE(Function):
    """The sign, through which gradients pass as they are."""

    @staticmethod
    def forward(ctx, x):
        ctx.mark_non_differentiable(x.sign().bool())
        return x.sign()

    @staticmethod
    def backward(ctx, grad):
        return grad.clamp(-1, 1)


class ScaleInPlace(Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        x.mul_(factor)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.factor, None


class SplitSum(Function):
    @staticmethod
    def forward(ctx, x, n):
        ctx.set_materialize_grads(False)
        ctx.shape = x.shape
        return x[:n].sum(), x[n:].sum()

    @staticmethod
    def backward(ctx, first, second):
        print("gradients", first is None, second is None)
        grad = torch.zeros(ctx.shape)
        if first is not None:
            grad += first
        return grad, None


torch.manual_seed(0)
double = dict(dtype=torch.double, requires_grad=True)
print("MyReLU", gradcheck(MyReLU.apply, (torch.randn(4, 5, **double) + 0.1,), eps=1e-6))
print("Exp", gradcheck(Exp.apply, torch.randn(3, **double)),
      gradgradcheck(Exp.apply, torch.randn(3, **double)))
print("Linear", gradcheck(LinearFunction.apply,
                          (torch.randn(4, 3, **double), torch.randn(2, 3, **double),
                           torch.randn(2, **double), 0.5)))

x = torch.linspace(-3.14, 3.14, 200)
y = torch.sin(x)
a, b, c, d = (torch.full((), v, requires_grad=True) for v in (0.0, -1.0, 0.0, 0.3))
for t in range(60):
    P3 = LegendrePolynomial3.apply
    loss = (a + b * P3(c + d * x) - y).pow(2).sum()
    if t % 20 == 0:
        print(t, loss.item())
    loss.backward()
    with torch.no_grad():
        for v in (a, b, c, d):
            v -= 5e-5 * v.grad
            v.grad = None
print(f"y = {a.item():.5f} + {b.item():.5f} * P3({c.item():.5f} + {d.item():.5f} x)")

w = torch.randn(4, 4, requires_grad=True)
out = SignSTE.apply(MyReLU.apply(w) - 0.5)
out.sum().backward()
print(out, w.grad, out.grad_fn.name(), sep="\n")

v = torch.ones(3, requires_grad=True)
scaled = ScaleInPlace.apply(v * 2, 5.0)
scaled.sum().backward()
print(scaled, v.grad)

s = torch.arange(5.0, requires_grad=True)
first, second = SplitSum.apply(s, 2)
first.backward()
print(first, second, s.grad)
