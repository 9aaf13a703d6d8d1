"""The picture of a graph, read back from its SVG."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import rushlight as torch
from rushlight import graph, nn
from rushlight.vision.models import LeNet

SVG = "{http://www.w3.org/2000/svg}"


class Picture:
    """The boxes of an SVG as (left, top, right, bottom) by (kind, name, shape), and its arrows."""

    def __init__(self, text: str) -> None:
        root = ElementTree.fromstring(text)
        self.size = float(root.get("width", 0)), float(root.get("height", 0))
        self.boxes: list[tuple[tuple[str, str, str], tuple[float, ...]]] = []
        self.dashed: list[str] = []
        for group in root.iter(SVG + "g"):
            kind = (group.findtext(SVG + "title") or "").split()[0]
            name, shape = (t.text or "" for t in group.iter(SVG + "text"))
            rectangle = group.find(SVG + "rect")
            assert rectangle is not None
            x, y, w, h = (float(rectangle.get(k, 0)) for k in ("x", "y", "width", "height"))
            self.boxes.append(((kind, name, shape), (x, y, x + w, y + h)))
            if rectangle.get("stroke-dasharray"):
                self.dashed.append(name)
        numbers = r"-?\d+\.?\d*"
        self.arrows = [
            [float(n) for n in re.findall(numbers, path.get("d", ""))]
            for path in root.iter(SVG + "path")
            if path.get("marker-end")
        ]

    def labels(self, kind: str) -> list[tuple[str, str]]:
        return [label[1:] for label, _ in self.boxes if label[0] == kind]

    def connections(self) -> set[tuple[str, str]]:
        """The names of the boxes at the two ends of each arrow."""
        return {
            (self._at(*arrow[:2]), self._at(*arrow[-2:])) for arrow in self.arrows
        }

    def _at(self, x: float, y: float) -> str:
        for (_, name, _), (left, top, right, bottom) in self.boxes:
            if left - 0.2 <= x <= right + 0.2 and top - 0.2 <= y <= bottom + 0.2:
                return name
        raise AssertionError(f"an arrow ends at ({x}, {y}), where no box is")

    def check_layout(self) -> None:
        """Nothing overlaps, all is on the page, and no arrow goes up."""
        for (a, p), (b, q) in combinations(self.boxes, 2):
            apart = p[2] <= q[0] or q[2] <= p[0] or p[3] <= q[1] or q[3] <= p[1]
            assert apart, f"{a} overlaps {b}"
        for label, (left, top, right, bottom) in self.boxes:
            assert left >= 0 and top >= 0, label
            assert right <= self.size[0] and bottom <= self.size[1], label
            # 12 px sans-serif letters are 6.7 px wide on average.
            assert right - left > 6.7 * len(label[1] + label[2]), label
        for arrow in self.arrows:
            if arrow[1] != arrow[-1] and abs(arrow[1] - arrow[-1]) > 40:
                heights = arrow[1::2]
                assert all(a <= b for a, b in pairwise(heights)), arrow


def draw(*arguments: Any) -> Picture:
    picture = Picture(graph.draw(*arguments))
    picture.check_layout()
    return picture


def lenet_loss(batch: int = 4) -> tuple[torch.Tensor, LeNet, dict[str, torch.Tensor]]:
    model = LeNet()
    inputs = {"images": torch.randn(batch, 1, 28, 28), "labels": torch.arange(batch) % 10}
    loss = nn.functional.cross_entropy(model(inputs["images"]), inputs["labels"])
    return loss, model, inputs


def test_lenet_from_input_to_loss() -> None:
    loss, model, inputs = lenet_loss()
    picture = draw(loss, model.named_parameters(), inputs)
    assert picture.labels("input") == [("images", "(4, 1, 28, 28)"), ("labels", "(4,)")]
    assert picture.labels("parameter") == [
        (name, str(tuple(p.shape))) for name, p in model.named_parameters()
    ]
    operations = picture.labels("operation")
    assert ("Convolution", "(4, 6, 28, 28)") in operations
    assert ("Convolution", "(4, 16, 10, 10)") in operations
    assert sum(name.startswith("MaxPool2D") for name, _ in operations) == 2
    assert sum(name == "Relu" for name, _ in operations) == 4
    assert picture.labels("result") == [("NllLoss", "scalar")]
    connections = picture.connections()
    assert ("images", "Convolution") in connections
    assert ("conv2.weight", "Convolution") in connections
    assert ("labels", "NllLoss") in connections
    assert ("LogSoftmax", "NllLoss") in connections


def test_lenet_fits_a_page() -> None:
    loss, model, inputs = lenet_loss(64)
    width, height = draw(loss, model.named_parameters(), inputs).size
    assert width <= 794 and height <= 1123  # A4 at 96 pixels to the inch


def test_an_input_that_requires_a_gradient_is_found_through_views() -> None:
    images = torch.randn(4, 1, 28, 28, requires_grad=True)
    layer = nn.Linear(784, 2)
    picture = draw(layer(images.flatten(1)).sum(), layer.named_parameters(), {"images": images})
    assert picture.labels("input") == [("images", "(4, 1, 28, 28)")]


def test_branches_join_and_skips_pass_by() -> None:
    x = torch.randn(2, 8, requires_grad=True)
    layers = [nn.Linear(8, 8) for _ in range(5)]
    h = layers[0](x)
    h = h + layers[2](layers[1](h).relu()).tanh()  # a skip over three
    h = layers[3](h).sigmoid() * layers[4](h)  # two branches of their own
    names = {f"{i}.{n}": p for i, layer in enumerate(layers) for n, p in layer.named_parameters()}
    picture = draw((h + x).sum(), names, {"x": x})
    connections = picture.connections()
    assert {("Linear", "Add"), ("Tanh", "Add")} <= connections
    assert {("Sigmoid", "Mul"), ("Linear", "Mul")} <= connections
    assert ("x", "Add") in connections
    # A skip is drawn beside the boxes that it passes, not through them.
    boxes = dict(picture.boxes)
    left = boxes["operation", "Tanh", "(2, 8)"][0]
    right = boxes["operation", "Tanh", "(2, 8)"][2]
    long = [a for a in picture.arrows if a[-1] - a[1] > 100]
    assert long
    assert all(max(a[::2]) > right or min(a[::2]) < left for a in long)


def test_a_parameter_that_is_used_again_is_dashed() -> None:
    layer, x = nn.Linear(3, 3), torch.randn(2, 3)
    picture = draw(layer(layer(x).tanh()).sum(), layer.named_parameters(), {"x": x})
    assert [name for name, _ in picture.labels("parameter")] == ["weight", "bias"] * 2
    assert picture.dashed == ["weight", "bias"]


def test_leaves_without_names() -> None:
    a, b = torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True)
    picture = draw((a * b + a).sum())
    assert picture.labels("parameter") == [("leaf", "(3,)")] * 3
    assert picture.dashed == []


def test_functions_of_users_and_several_outputs() -> None:
    class Halves(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> Any:
            return x[:1] * 1, x[1:] * 1

        @staticmethod
        def backward(ctx: Any, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return torch.cat([a, b])

    x = torch.randn(3, requires_grad=True)
    first, second = Halves.apply(x)
    picture = draw(first.sum() + second.sum(), None, {"x": x})
    assert ("Halves", "(1,) (2,)") in picture.labels("operation")


def test_the_graph_can_be_drawn_after_backward() -> None:
    loss, model, _ = lenet_loss()
    before = graph.draw(loss, model.named_parameters())
    loss.backward()
    assert graph.draw(loss, model.named_parameters()) == before


def test_a_long_chain_needs_no_recursion() -> None:
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(3000):
        y = y + 1
    assert graph.draw(y).count("<title>operation Add") == 2999


def test_a_tensor_without_graph() -> None:
    with pytest.raises(RuntimeError, match="has no graph"):
        graph.draw(torch.ones(2))
    with pytest.raises(RuntimeError, match="has no graph"):
        graph.draw(torch.ones(2, requires_grad=True))


def test_names_that_the_graph_does_not_show() -> None:
    layer, x = nn.Linear(2, 2), torch.randn(1, 2)
    with pytest.raises(ValueError, match="does not show other, spare"):
        graph.draw(
            layer(x).sum(),
            {**dict(layer.named_parameters()), "spare": nn.Parameter(torch.ones(1))},
            {"x": x, "other": torch.ones(1)},
        )
    loss = layer(x).sum()
    loss.backward()
    with pytest.raises(ValueError, match="draw before backward"):
        graph.draw(loss, None, {"x": x})


def test_names_are_escaped() -> None:
    x = torch.randn(2, requires_grad=True)
    assert draw(x.sum(), None, {"<x> & y": x}).labels("input") == [("<x> & y", "(2,)")]


def test_save_svg(tmp_path: Path) -> None:
    x = torch.randn(2, requires_grad=True)
    path = tmp_path / "graph.svg"
    graph.save_svg(x.sum(), path, inputs={"x": x})
    assert path.read_text() == graph.draw(x.sum(), inputs={"x": x})
    with pytest.raises(RuntimeError):
        graph.save_svg(torch.ones(1), path)
    assert path.read_text().endswith("</svg>\n")
    assert list(tmp_path.iterdir()) == [path]


def test_notebooks_show_the_picture() -> None:
    picture = graph.draw(torch.ones(2, requires_grad=True) * 2)
    assert picture._repr_svg_() == picture
    assert picture.startswith("<svg")
    step = torch.compile(lambda x: x * 2)
    step(torch.ones(2))
    assert step.graph._repr_svg_() == step.graph.svg()


def test_misuse_is_explained(tmp_path: Path) -> None:
    layer = torch.nn.Linear(2, 2)
    y = layer(torch.ones(1, 2))
    with pytest.raises(TypeError, match="'tensor' must be Tensor, not int"):
        graph.draw(3)
    with pytest.raises(TypeError, match=r"'params' .* not Linear; did you mean model.named_param"):
        graph.draw(y, layer)
    with pytest.raises(TypeError, match="'inputs' must be a dictionary or pairs"):
        graph.draw(y, layer.named_parameters(), torch.ones(1, 2))
    with pytest.raises(ValueError, match="a name ending in .png does not say"):
        graph.save_svg(y, tmp_path / "graph.png")
    assert not list(tmp_path.iterdir())
