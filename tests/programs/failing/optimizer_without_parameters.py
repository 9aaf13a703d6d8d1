import torch

model = torch.nn.ReLU()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
