"""`utils.tensorboard`: what its writer takes, and what is in the files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn

pytest.importorskip("tensorboardX")
from rushlight.utils.tensorboard import SummaryWriter  # noqa: E402  # where it is installed


def events_in(folder: Path) -> list[Any]:
    from tensorboardX.proto import event_pb2

    found = []
    for path in sorted(folder.rglob("events.out.tfevents.*")):
        data = path.read_bytes()
        while data:
            size = int.from_bytes(data[:8], "little")
            found.append(event_pb2.Event.FromString(data[12 : 12 + size]))
            data = data[16 + size :]
    return found


def values_in(folder: Path) -> dict[str, tuple[int, Any]]:
    return {
        value.tag: (event.step, value)
        for event in events_in(folder) if event.HasField("summary") for value in event.summary.value
    }  # fmt: skip


def test_scalars(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("number", 0.5, 3)
        writer.add_scalar("tensor", torch.tensor(1.5, requires_grad=True), global_step=4)
        writer.add_scalar("half", torch.tensor(2.5, dtype=torch.bfloat16), new_style=True)
        writer.add_scalars("both", {"a": torch.tensor(1.0), "b": 2.0}, 5)
        assert writer.log_dir == writer.get_logdir() == str(tmp_path)
    found = values_in(tmp_path)
    assert found["number"][1].simple_value == 0.5 and found["both"][1].simple_value in (1.0, 2.0)
    assert found["number"][0] == 3 and found["tensor"][0] == 4
    assert found["tensor"][1].simple_value == 1.5 and found["half"][1].simple_value == 2.5
    assert len({path.parent for path in tmp_path.rglob("events.out.tfevents.*")}) == 3


def test_whatever_else_takes_tensors(tmp_path: Path) -> None:
    image = torch.rand(3, 8, 8)
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("weights", torch.randn(100), 1)
        writer.add_image("image", image)
        writer.add_images("images", torch.rand(2, 3, 8, 8))
        writer.add_images("listed", [image, image])
        writer.add_text("note", "text")
        writer.add_embedding(torch.randn(4, 3), metadata=list("abcd"))
        writer.add_pr_curve("curve", torch.tensor([0, 1, 1]), torch.tensor([0.1, 0.6, 0.4]))
        writer.add_tensor("tensor", torch.arange(6.0).reshape(2, 3), 2)
        writer.add_hparams({"lr": 0.1, "name": "a"}, {"accuracy": torch.tensor(0.5)})
        writer.flush()
    found = values_in(tmp_path)
    assert found["weights"][1].histo.num == 100
    assert (found["image"][1].image.height, found["image"][1].image.width) == (8, 8)
    assert found["images"][1].image.width == found["listed"][1].image.width == 16
    content = found["tensor"][1].tensor
    assert np.frombuffer(content.tensor_content, np.float32).tolist() == [0, 1, 2, 3, 4, 5]
    assert [dim.size for dim in content.tensor_shape.dim] == [2, 3] and found["tensor"][0] == 2
    assert found["accuracy"][1].simple_value == 0.5
    assert list(tmp_path.rglob("tensors.tsv"))[0].read_text().count("\n") == 4


def test_the_graph_of_a_model(tmp_path: Path) -> None:
    from tensorboardX.proto import graph_pb2

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
            self.head = nn.Linear(3, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.body(x)) + 1

    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(Net(), torch.ones(5, 4))
        with pytest.raises(ValueError, match="give input_to_model"):
            writer.add_graph(Net())
    (event,) = [event for event in events_in(tmp_path) if event.HasField("graph_def")]
    nodes = {node.name: node for node in graph_pb2.GraphDef.FromString(event.graph_def).node}
    assert list(nodes["Net/body/0/linear"].input) == [
        "input/0", "Net/body/0/weight", "Net/body/0/bias"
    ]
    assert list(nodes["Net/body/1/relu"].input) == ["Net/body/0/linear"]
    assert nodes["Net/head/linear"].input[0] == "Net/body/1/relu"
    assert list(nodes["Net/add"].input) == ["Net/head/linear"]
    assert list(nodes["output/0"].input) == ["Net/add"]
    shape = nodes["Net/head/linear"].attr["_output_shapes"].list.shape[0]
    assert [dim.size for dim in shape.dim] == [5, 2]


def test_what_is_said_without_tensorboardx() -> None:
    program = (
        "import sys; sys.modules['tensorboardX'] = None\n"
        "from rushlight.utils.tensorboard import SummaryWriter"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert "needs tensorboardX, which is not installed: pip install 'rushlight[tensorboard]'" in (
        done.stderr.splitlines()[-1]
    )
