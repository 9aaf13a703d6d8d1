"""Processes that train one model in shared memory."""
import argparse

import torch
import torch.multiprocessing as mp
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

parser = argparse.ArgumentParser(description='Hogwild')
parser.add_argument('--num-processes', type=int, default=2)
parser.add_argument('--steps', type=int, default=15)
parser.add_argument('--seed', type=int, default=1)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(8, 16)
        self.fc2 = nn.Linear(16, 2)

    def forward(self, x):
        return F.log_softmax(self.fc2(torch.tanh(self.fc1(x))), dim=1)


def batch(generator):
    x = torch.randn(32, 8, generator=generator)
    return x, (x[:, 0] * x[:, 1] > 0).long()


def train(rank, args, model, turn, losses):
    torch.manual_seed(args.seed + rank)
    generator = torch.Generator().manual_seed(args.seed + rank)
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    for step in range(args.steps):
        x, y = batch(generator)
        # Hogwild itself takes no turns: here they make the same numbers of every run.
        with turn:
            turn.wait_for(lambda: int(losses.count_nonzero()) == step * args.num_processes + rank)
            optimizer.zero_grad()
            loss = F.nll_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses[rank, step] = loss.item()
            turn.notify_all()


if __name__ == '__main__':
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    mp.set_start_method('fork', force=True)
    model = Net()
    model.share_memory()
    before = model.fc1.weight.clone()
    losses = torch.zeros(args.num_processes, args.steps).share_memory_()
    turn = mp.Condition()

    processes = []
    for rank in range(args.num_processes):
        p = mp.Process(target=train, args=(rank, args, model, turn, losses))
        p.start()
        processes.append(p)
    for p in processes:
        p.join()
        print("process ended with", p.exitcode)
    print(losses)
    print(model.fc1.weight.is_shared(), not torch.equal(before, model.fc1.weight))
    x, y = batch(torch.Generator().manual_seed(0))
    print("%.6f" % F.nll_loss(model(x), y).item())
