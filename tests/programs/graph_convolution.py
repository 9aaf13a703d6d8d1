"""A graph convolutional network on two communities, with a sparse adjacency matrix."""
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.modules.module import Module
from torch.nn.parameter import Parameter


class GraphConvolution(Module):
    def __init__(self, in_features, out_features, bias=True):
        super(GraphConvolution, self).__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(torch.FloatTensor(in_features, out_features))
        if bias:
            self.bias = Parameter(torch.FloatTensor(out_features))
        else:
            self.register_parameter('bias', None)
        self.reset_parameters()

    def reset_parameters(self):
        stdv = 1. / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-stdv, stdv)
        if self.bias is not None:
            self.bias.data.uniform_(-stdv, stdv)

    def forward(self, input, adj):
        support = torch.mm(input, self.weight)
        output = torch.spmm(adj, support)
        if self.bias is not None:
            return output + self.bias
        else:
            return output

    def __repr__(self):
        return self.__class__.__name__ + ' (' + str(self.in_features) + ' -> ' \
            + str(self.out_features) + ')'


class GCN(nn.Module):
    def __init__(self, nfeat, nhid, nclass, dropout):
        super(GCN, self).__init__()
        self.gc1 = GraphConvolution(nfeat, nhid)
        self.gc2 = GraphConvolution(nhid, nclass)
        self.dropout = dropout

    def forward(self, x, adj):
        x = F.relu(self.gc1(x, adj))
        x = F.dropout(x, self.dropout, training=self.training)
        x = self.gc2(x, adj)
        return F.log_softmax(x, dim=1)


def sparse_tensor(dense):
    rows, columns = dense.nonzero()
    indices = torch.from_numpy(np.vstack((rows, columns)).astype(np.int64))
    values = torch.from_numpy(dense[rows, columns])
    return torch.sparse_coo_tensor(indices, values, torch.Size(dense.shape))


def accuracy(output, labels):
    preds = output.max(1)[1].type_as(labels)
    correct = preds.eq(labels).double()
    return correct.sum() / len(labels)


np.random.seed(42)
torch.manual_seed(42)
n = 40
member = np.arange(n) % 2
chance = np.where(member[:, None] == member[None], 0.3, 0.03)
adjacency = (np.random.rand(n, n) < chance).astype(np.float32)
adjacency = np.maximum(adjacency, adjacency.T)
np.fill_diagonal(adjacency, 1)
adj = sparse_tensor(adjacency / adjacency.sum(1, keepdims=True))
features = torch.eye(n)
labels = torch.LongTensor(member)
idx_train, idx_val = torch.LongTensor(range(0, 8)), torch.LongTensor(range(8, 40))

model = GCN(nfeat=n, nhid=16, nclass=int(labels.max()) + 1, dropout=0.5)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
print(model, adj.is_sparse, adj._nnz(), adj.shape)
for epoch in range(40):
    model.train()
    optimizer.zero_grad()
    output = model(features, adj)
    loss_train = F.nll_loss(output[idx_train], labels[idx_train])
    acc_train = accuracy(output[idx_train], labels[idx_train])
    loss_train.backward()
    optimizer.step()
    if epoch % 8 == 0:
        model.eval()
        output = model(features, adj)
        loss_val = F.nll_loss(output[idx_val], labels[idx_val])
        print('Epoch: {:04d}'.format(epoch + 1),
              'loss_train: {:.5f}'.format(loss_train.item()),
              'acc_train: {:.4f}'.format(acc_train.item()),
              'loss_val: {:.5f}'.format(loss_val.item()),
              'acc_val: {:.4f}'.format(accuracy(output[idx_val], labels[idx_val]).item()))
print(adj.to_dense().sum(1)[:4], adj.coalesce().indices()[:, :5])
