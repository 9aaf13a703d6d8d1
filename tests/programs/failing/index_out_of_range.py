import torch

table = torch.nn.Embedding(10, 3)
print(table(torch.tensor([0, 9])).shape)
rows = table(torch.tensor([0, 10]))
