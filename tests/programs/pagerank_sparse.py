"""Ranks in a graph of links: sparse products, counting, grouping by index."""
import torch

torch.manual_seed(2)
nodes = 12
links = torch.randint(nodes, (2, 60))
links = links[:, links[0] != links[1]].unique(dim=1)
source, target = links
print(links.shape, torch.bincount(source, minlength=nodes).tolist())

degree = torch.zeros(nodes).scatter_add_(0, source, torch.ones(source.numel()))
values = 1 / degree[source]
matrix = torch.sparse_coo_tensor(torch.stack([target, source]), values, (nodes, nodes)).coalesce()
print(matrix.layout, matrix._nnz(), matrix.is_coalesced(), matrix.shape)
dangling = degree == 0

rank = torch.full((nodes, 1), 1 / nodes)
for step in range(40):
    new = 0.85 * (torch.sparse.mm(matrix, rank) + rank[dangling].sum() / nodes) + 0.15 / nodes
    change = (new - rank).abs().sum()
    rank = new
    if step % 10 == 0:
        print(f"{step:2d} change {change.item():.5f}")
order = rank.squeeze().argsort(descending=True, stable=True)
print(order.tolist()[:5], round(rank.sum().item(), 5))

dense = matrix.to_dense()
eigen = torch.linalg.eigvals(0.85 * dense + 0.85 * dangling / nodes + 0.15 / nodes).abs().max()
print(f"largest eigenvalue {eigen.item():.4f}")

compressed = matrix.to_sparse_csr()
print(compressed.crow_indices().tolist()[:4], (compressed @ torch.ones(nodes)).sum().item() > 0)

community = torch.randint(3, (nodes,))
groups = torch.zeros(3).index_add(0, community, rank.squeeze())
largest = torch.full((3,), -torch.inf).scatter_reduce(0, community, rank.squeeze(), "amax")
names, inverse, counts = community.unique(return_inverse=True, return_counts=True)
print(names.tolist(), counts.tolist(), torch.equal(names[inverse], community))
print(torch.allclose(groups.sum(), torch.tensor(1.0), atol=1e-4), bool((largest[community] >= rank.squeeze()).all()))
runs, lengths = torch.unique_consecutive(source, return_counts=True)
print(runs.tolist() == sorted(runs.tolist()), lengths.sum().item() == source.numel())
triangles = torch.einsum("ij,jk,ki->", *[(dense > 0).float()] * 3) / 3
print("triangles", int(triangles))
