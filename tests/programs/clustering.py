"""K-means, principal components, nearest neighbours and a kernel machine in tensors alone."""
import torch

torch.manual_seed(0)
centers = torch.tensor([[0.0, 0.0, 3.0], [4.0, 0.0, 0.0], [0.0, 4.0, -2.0]])
labels = torch.arange(90) % 3
data = centers[labels] + torch.randn(90, 3) * 0.7


def kmeans(x, k, steps=10):
    means = x[torch.randperm(len(x))[:k]].clone()
    for step in range(steps):
        distance = torch.cdist(x, means)
        nearest = distance.argmin(dim=1)
        sums = torch.zeros_like(means).index_add_(0, nearest, x)
        counts = torch.bincount(nearest, minlength=k).clamp_min(1).unsqueeze(1)
        moved = sums / counts
        change = (moved - means).norm()
        means = moved
        print(f"step {step}: inertia {distance.amin(1).square().sum():.4f} moved {change:.5f}")
        if change < 1e-4:
            break
    return means, nearest


means, nearest = kmeans(data, 3)
order = means[:, 0].argsort()
print(means[order], torch.bincount(nearest)[order])
scattered = torch.zeros(3, 3).scatter_reduce(0, nearest[:, None].expand(-1, 3), data, "amax",
                                             include_self=False)
print(scattered[order])

centered = data - data.mean(0)
U, S, Vh = torch.linalg.svd(centered, full_matrices=False)
components = Vh * Vh[:, :1].sign()
print("explained", S.square() / S.square().sum(), components)
covariance = torch.cov(data.T)
values, vectors = torch.linalg.eigh(covariance)
print(torch.allclose(values.flip(0), S.square() / 89, rtol=1e-4), torch.corrcoef(data.T))
print((centered @ components[:2].T).std(0), torch.linalg.matrix_rank(centered), torch.linalg.cond(covariance))

distance = torch.cdist(data, data).fill_diagonal_(float("inf"))
neighbours = labels[distance.topk(5, largest=False).indices]
print("kNN accuracy", (neighbours.mode(1).values == labels).float().mean())
print(torch.unique(neighbours, return_counts=True))

kernel = torch.exp(-0.5 * torch.cdist(data, data).pow(2)) + 0.1 * torch.eye(90)
L = torch.linalg.cholesky(kernel)
y = torch.where(labels == 0, 1.0, -1.0)
alpha = torch.cholesky_solve(y[:, None], L)
print("log evidence", -0.5 * y @ alpha.squeeze() - L.diagonal().log().sum())
print(torch.histc(data[:, 0], bins=6, min=-3, max=6), torch.quantile(data, torch.tensor([0.25, 0.75]), dim=0))
print(data.sort(dim=0).values[::30], torch.searchsorted(data[:, 0].sort().values, torch.tensor([0.0, 2.0])))
print(torch.median(data, dim=0), torch.triu(covariance), torch.trace(covariance))
