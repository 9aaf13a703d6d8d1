import torch

print(torch.relu(torch.tensor(-1.0)))
torch.rellu(torch.tensor(-1.0))
