"""A soft decision tree, trained by gradient, beside scikit-learn's tree of hard questions.

    python examples/soft_decision_tree.py              # a sixth of MNIST, which comes along
    python examples/soft_decision_tree.py --data DIR   # all of it, from DIR/mnist
    python examples/soft_decision_tree.py --depth 6

Each inner node of the soft tree sends an image to the right with probability sigmoid(w . x + b),
each leaf is a distribution over the digits: Frosst and Hinton, "Distilling a neural network into a
soft decision tree", 2017 (https://arxiv.org/abs/1711.09784). soft_tree.png shows each node's w as
an image, hard_tree.png the one pixel that a node of scikit-learn's tree looks at.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.vision import datasets


class SoftTree(nn.Module):
    """Nodes are numbered level by level: below node i are the nodes 2i + 1 and 2i + 2."""

    def __init__(self, features, classes, depth):
        super().__init__()
        self.depth = depth
        self.questions = nn.Linear(features, 2**depth - 1)
        self.leaves = nn.Parameter(0.1 * torch.randn(2**depth, classes))

    def paths(self, x):
        """For each level, the probability of each of its nodes: (N, 1), (N, 2), ... (N, leaves)."""
        right = self.questions(x).sigmoid()
        levels = [torch.ones(len(x), 1)]
        for level in range(self.depth):
            turn = right[:, 2**level - 1 : 2 ** (level + 1) - 1]
            parent = levels[-1]
            levels.append(torch.stack([parent * (1 - turn), parent * turn], 2).flatten(1))
        return levels

    def loss(self, x, labels, penalty):
        """The mean of the leaves' cross entropies, weighted by the paths, and the penalty.

        The penalty is low where an inner node sends half of what reaches it to each side, without
        which most leaves would never be reached. It halves from level to level.
        """
        levels = self.paths(x)
        answers = F.log_softmax(self.leaves, 1)[:, labels].t()  # (N, leaves)
        loss = -(levels[-1] * answers).sum(1).mean()
        for level in range(self.depth):
            children = levels[level + 1].sum(0).reshape(-1, 2)
            share = children / (children.sum(1, keepdim=True) + 1e-6)
            loss = loss - penalty * 0.5**level * 0.5 * (share + 1e-6).log().sum()
        return loss

    def forward(self, x):
        """The digit of the leaf that is most probable."""
        return self.leaves.argmax(1)[self.paths(x)[-1].argmax(1)]


def load(data):
    """Training and test digits, (N, 784) between 0 and 1, and their labels."""
    parts = []
    for train in (True, False):
        digits = datasets.MNIST(data, train=train) if data else datasets.Digits(train=train)
        parts += [digits.data.flatten(1) / 255, digits.targets]
    return parts


def moved(images):
    """The images a little aside: by at most a pixel, all in the same direction."""
    shift = torch.randint(-1, 2, (2,)).tolist()
    return images.reshape(-1, 28, 28).roll(shift, (1, 2)).flatten(1)


def train_soft(images, labels, depth, epochs, batch_size=64, penalty=0.1):
    tree = SoftTree(images.shape[1], 10, depth)
    optimizer = torch.optim.Adam(tree.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for epoch in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(images)).split(batch_size):
            optimizer.zero_grad()
            loss = tree.loss(moved(images[chosen]), labels[chosen], penalty)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        schedule.step()
        print(f"epoch {epoch + 1}: loss {total / len(images):.4f}")
    return tree


def draw_soft(tree, path):
    """Each inner node's weights, red where ink sends to the right; each leaf's digits as bars."""
    figure = Figure(figsize=(2**tree.depth, 1.3 * tree.depth + 1.5), layout="constrained")
    grid = figure.add_gridspec(tree.depth + 1, 2**tree.depth)
    weights = tree.questions.weight.detach().reshape(-1, 28, 28).numpy()
    for level in range(tree.depth):
        span = 2 ** (tree.depth - level)
        for i in range(2**level):
            axes = figure.add_subplot(grid[level, i * span : (i + 1) * span])
            image = weights[2**level - 1 + i]
            limit = np.abs(image).max()
            axes.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)
            axes.set(xticks=[], yticks=[])
    for i, leaf in enumerate(F.softmax(tree.leaves.detach(), 1).numpy()):
        axes = figure.add_subplot(grid[tree.depth, i])
        axes.bar(range(10), leaf, color="#3b75af")
        axes.set(xticks=range(0, 10, 3), yticks=[], ylim=(0, 1), title=str(leaf.argmax()))
    figure.suptitle("Soft tree: red ink to the right, blue to the left")
    figure.savefig(path, dpi=80)


def draw_hard(tree, images, path):
    """For each inner node the mean of the digits that reach it, and the pixel that decides."""
    nodes, depth = tree.tree_, tree.get_depth()
    reached = tree.decision_path(images).toarray().astype(bool)  # (N, nodes)
    figure = Figure(figsize=(2**depth, 1.3 * depth + 1.5), layout="constrained")
    grid = figure.add_gridspec(depth + 1, 2**depth)

    def draw(node, level, i):
        span = 2 ** (depth - level)
        axes = figure.add_subplot(grid[level, i * span : (i + 1) * span])
        if nodes.children_left[node] < 0:  # a leaf
            axes.bar(range(10), nodes.value[node][0], color="#3b75af")
            digit = str(nodes.value[node][0].argmax())
            axes.set(xticks=range(0, 10, 3), yticks=[], ylim=(0, 1), title=digit)
            return
        axes.imshow(images[reached[:, node]].mean(0).reshape(28, 28), cmap="gray_r")
        row, column = divmod(nodes.feature[node], 28)
        axes.plot(column, row, "s", color="red", markersize=4)
        axes.set(xticks=[], yticks=[])
        draw(nodes.children_left[node], level + 1, 2 * i)
        draw(nodes.children_right[node], level + 1, 2 * i + 1)

    draw(0, 0, 0)
    figure.suptitle("Hard tree: ink at the red pixel to the right")
    figure.savefig(path, dpi=80)


def compare_hard(data, depth, out):
    """Prints what scikit-learn's trees find, of the same depth and of any: their accuracies."""
    try:
        from sklearn.tree import DecisionTreeClassifier
    except ModuleNotFoundError:
        print("scikit-learn is not there to compare with: pip install scikit-learn")
        return {}
    images, labels, test_images, test_labels = (part.numpy() for part in data)
    accuracies = {}
    for limit in (depth, None):
        begin = time.perf_counter()
        tree = DecisionTreeClassifier(max_depth=limit, random_state=0).fit(images, labels)
        seconds = time.perf_counter() - begin
        accuracies[limit] = tree.score(test_images, test_labels)
        print(
            f"hard tree of depth {tree.get_depth()}, {tree.get_n_leaves()} leaves: "
            f"{accuracies[limit]:.2%} in {seconds:.0f} s"
        )
        if limit is not None and limit <= 5:
            draw_hard(tree, images, out / "hard_tree.png")
    return accuracies


def train(data=None, depth=4, epochs=20, out=".", limit=None, seed=0):
    """The soft tree's accuracy, and the hard trees' by their greatest depth."""
    torch.manual_seed(seed)
    out = Path(out)
    parts = [part[:limit] for part in load(data)]
    begin = time.perf_counter()
    tree = train_soft(parts[0], parts[1], depth, epochs)
    with torch.no_grad():
        accuracy = (tree(parts[2]) == parts[3]).float().mean().item()
    seconds = time.perf_counter() - begin
    print(f"soft tree of depth {depth}, {2**depth} leaves: {accuracy:.2%} in {seconds:.0f} s")
    if depth <= 5:
        draw_soft(tree, out / "soft_tree.png")
    return accuracy, compare_hard(parts, depth, out)


def main():
    parser = argparse.ArgumentParser(description="Trains soft and hard decision trees on digits.")
    parser.add_argument("--data", help="the folder of MNIST (default: the part that comes along)")
    parser.add_argument("--depth", type=int, default=4, help="pictures are drawn up to 5")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--out", default=".", help="where the pictures go")
    arguments = parser.parse_args()
    train(arguments.data, arguments.depth, arguments.epochs, arguments.out)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:  # a file that is not there, or is another than was told
        raise SystemExit(f"error: {error}") from None
