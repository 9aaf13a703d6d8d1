"""Optimizers as they were written in 2019: numbers come before the tensors that they are for."""
import math

import torch
import torch.nn as nn
from torch.autograd import Variable
from torch.optim.optimizer import Optimizer


class RAdam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        defaults = dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
        super(RAdam, self).__init__(params, defaults)

    def step(self, closure=None):
        loss = None
        if closure is not None:
            loss = closure()
        for group in self.param_groups:
            for p in group['params']:
                if p.grad is None:
                    continue
                grad = p.grad.data.float()
                p_data_fp32 = p.data.float()
                state = self.state[p]
                if len(state) == 0:
                    state['step'] = 0
                    state['exp_avg'] = torch.zeros_like(p_data_fp32)
                    state['exp_avg_sq'] = torch.zeros_like(p_data_fp32)
                exp_avg, exp_avg_sq = state['exp_avg'], state['exp_avg_sq']
                beta1, beta2 = group['betas']
                exp_avg_sq.mul_(beta2).addcmul_(1 - beta2, grad, grad)
                exp_avg.mul_(beta1).add_(1 - beta1, grad)
                state['step'] += 1
                beta2_t = beta2 ** state['step']
                n_sma_max = 2 / (1 - beta2) - 1
                n_sma = n_sma_max - 2 * state['step'] * beta2_t / (1 - beta2_t)
                if group['weight_decay'] != 0:
                    p_data_fp32.add_(-group['weight_decay'] * group['lr'], p_data_fp32)
                if n_sma >= 5:
                    step_size = group['lr'] * math.sqrt(
                        (1 - beta2_t) * (n_sma - 4) / (n_sma_max - 4) * (n_sma - 2) / n_sma
                        * n_sma_max / (n_sma_max - 2)) / (1 - beta1 ** state['step'])
                    denom = exp_avg_sq.sqrt().add_(group['eps'])
                    p_data_fp32.addcdiv_(-step_size, exp_avg, denom)
                else:
                    step_size = group['lr'] / (1 - beta1 ** state['step'])
                    p_data_fp32.add_(-step_size, exp_avg)
                p.data.copy_(p_data_fp32)
        return loss


class Lookahead(object):
    def __init__(self, optimizer, k=5, alpha=0.5):
        self.optimizer, self.k, self.alpha, self.counter = optimizer, k, alpha, 0
        self.slow = [p.data.clone() for g in optimizer.param_groups for p in g['params']]

    def step(self):
        self.optimizer.step()
        self.counter += 1
        if self.counter % self.k:
            return
        fast = [p for g in self.optimizer.param_groups for p in g['params']]
        for p, q in zip(fast, self.slow):
            q.add_(self.alpha, torch.sub(p.data, 1, q))
            p.data.copy_(q)


class SGD(Optimizer):
    def __init__(self, params, lr, momentum=0):
        super(SGD, self).__init__(params, dict(lr=lr, momentum=momentum))

    def step(self, closure=None):
        for group in self.param_groups:
            for p in group['params']:
                d_p = p.grad.data
                state = self.state[p]
                if 'momentum_buffer' not in state:
                    buf = state['momentum_buffer'] = torch.zeros_like(p.data)
                    buf.mul_(group['momentum']).add_(d_p)
                else:
                    buf = state['momentum_buffer']
                    buf.mul_(group['momentum']).add_(1, d_p)
                p.data.add_(-group['lr'], buf)


def run(make):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = make(net.parameters())
    x = Variable(torch.randn(64, 5))
    y = Variable(torch.sin(x.data.sum(1, keepdim=True)))
    for step in range(30):
        for p in net.parameters():
            p.grad = None
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        if step % 5 == 4:
            print('%d %.6f' % (step + 1, loss.item()))
    return net


run(lambda params: RAdam(params, lr=0.01, weight_decay=0.01))
run(lambda params: Lookahead(RAdam(params, lr=0.02)))
net = run(lambda params: SGD(params, lr=0.05, momentum=0.9))

hidden = torch.tanh(torch.addmm(0.5, net[0].bias.data, 2, torch.ones(3, 5), net[0].weight.data.t()))
outer = torch.zeros(3, 3).addr_(0.5, hidden[:, 0], hidden[:, 1])
print("%.6f %.6f" % (hidden.sum().item(), outer.sum().item()))
