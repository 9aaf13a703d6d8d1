"""A factor of a matrix that has none."""
import torch

matrix = torch.tensor([[2.0, 1.0], [1.0, 2.0]])
print(torch.linalg.cholesky(matrix))
matrix[0, 0] = -1
torch.linalg.cholesky(matrix)
