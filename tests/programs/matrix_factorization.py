"""Films and people as vectors: ratings from biases and products, with sparse gradients."""
import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

torch.manual_seed(0)
n_users, n_items, rank = 30, 20, 4
truth = (torch.randn(n_users, 2) @ torch.randn(2, n_items) + 3.5).clamp(1, 5)
rated = torch.rand(n_users, n_items) < 0.4
users, items = rated.nonzero(as_tuple=True)
ratings = truth[rated].round()


class MF(nn.Module):
    def __init__(self):
        super().__init__()
        self.user_factors = nn.Embedding(n_users, rank, sparse=True)
        self.item_factors = nn.Embedding(n_items, rank, sparse=True, max_norm=2.0)
        self.user_bias = nn.Embedding(n_users, 1, sparse=True)
        self.item_bias = nn.Embedding(n_items, 1, sparse=True)
        for bias in self.user_bias, self.item_bias:
            nn.init.zeros_(bias.weight)
        self.mean = ratings.mean()

    def forward(self, user, item):
        dot = (self.user_factors(user) * self.item_factors(item)).sum(1, keepdim=True)
        return (self.mean + dot + self.user_bias(user) + self.item_bias(item)).squeeze()


dataset = TensorDataset(users, items, ratings)
print(len(dataset), dataset[3])
for make in (lambda p: torch.optim.SparseAdam(p, lr=0.02), lambda p: torch.optim.SGD(p, lr=0.5),
             lambda p: torch.optim.Adagrad(p, lr=0.1)):
    torch.manual_seed(1)
    model = MF()
    optimizer = make(list(model.parameters()))
    loader = DataLoader(dataset, batch_sampler=BatchSampler(RandomSampler(dataset), 32, False))
    for epoch in range(3):
        se = 0.0
        for user, item, rating in loader:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(user, item), rating)
            loss.backward()
            optimizer.step()
            se += loss.item() * len(rating)
        print(type(optimizer).__name__, epoch, "rmse %.6f" % (se / len(dataset)) ** 0.5)
grad = model.user_factors.weight.grad
print(grad.layout, grad.coalesce().indices().shape, model.item_factors.weight.norm(dim=1).max() < 2.5)
scores = model(torch.zeros(n_items, dtype=torch.long), torch.arange(n_items)).detach()
scores[rated[0]] = float("-inf")
print(scores.topk(3))
