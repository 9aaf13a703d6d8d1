"""A number is taken out of a tensor that stands for many."""
import torch


def distance(a, b):
    return (a - b).norm().item()


points = torch.arange(6.0).view(3, 2)
print(distance(points[0], points[1]))
print(torch.vmap(distance, in_dims=(0, None))(points, points[0]))
