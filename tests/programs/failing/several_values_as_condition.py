import torch

x = torch.tensor([1.0, 2.0])
if x.sum() > 1:
    print("larger")
if x > 1:
    print("never")
