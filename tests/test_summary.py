"""`summary` counts what is in a network and what a call of it takes."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn import global_hooks
from rushlight.nn.functional import relu


def make_net(**options):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, groups=1, **options), nn.BatchNorm2d(8, **options), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 4 * 4, 5, **options),
    )  # fmt: skip


def rows_of(summary):
    return {row.name: row for row in summary.rows}


def test_numbers():
    summary = torch.summary(make_net(), torch.ones(2, 3, 8, 8))
    rows = rows_of(summary)
    assert list(rows) == ["", "0", "1", "2", "3", "4", "5"]
    assert rows["0"].output == (2, 8, 8, 8) and rows[""].output == (2, 5)
    assert [rows[name].parameters for name in "012345"] == [224, 16, 0, 0, 0, 645]
    assert summary.parameters == summary.trainable == 885 and summary.frozen == 0
    assert rows["0"].multiply_adds == 2 * 8 * 8 * 8 * 27 and rows["5"].multiply_adds == 2 * 128 * 5
    assert summary.multiply_adds == 2 * 8 * 8 * 8 * 27 + 2 * 128 * 5
    assert rows["0"].memory == 4 * 2 * 8 * 8 * 8 and rows["5"].memory == 4 * 2 * 5
    assert summary.memory == sum(rows[name].memory for name in "012345")
    assert summary.parameter_bytes == 4 * 885 and summary.buffer_bytes == 4 * 16 + 8


def test_a_table_is_printed():
    text = str(torch.summary(make_net(), torch.ones(2, 3, 8, 8)))
    assert repr(torch.summary(make_net(), torch.ones(2, 3, 8, 8))) == text
    head, rule, whole, first, *_, last, second_rule, totals, call = text.splitlines()
    assert head.split() == [
        "layer", "type", "output", "shape", "parameters", "multiply-adds", "memory",
    ]  # fmt: skip
    assert rule == second_rule == "-" * len(rule) and whole.split()[:2] == ["(all)", "Sequential"]
    assert first.split() == ["0", "Conv2d", "[2,", "8,", "8,", "8]", "224", "27.65", "k", "4.00",
                             "KiB"]  # fmt: skip
    assert last.startswith("  5    Linear")
    assert totals == "885 parameters (885 trained, 0 frozen), 3.46 KiB; buffers: 72 B"
    assert call.startswith("one call: 28.93 k multiply-adds, ") and call.endswith(" of results")


def test_a_notebook_shows_html():
    shown = torch.summary(nn.Sequential(nn.Linear(2, 3)), torch.ones(1, 2))._repr_html_()
    assert shown.startswith("<table>") and shown.count("<tr>") == 3
    assert "<th>multiply-adds</th>" in shown and "<td>9</td>" in shown

    class Odd(nn.Module):
        def forward(self, x):
            return {"<b>": x}

    assert "{&lt;b&gt;: [1]}" in torch.summary(Odd(), torch.ones(1))._repr_html_()


def test_on_the_device_meta():
    real = torch.summary(make_net(), torch.ones(2, 3, 8, 8))
    meta = torch.summary(make_net(device="meta"), torch.ones(2, 3, 8, 8, device="meta"))
    assert str(meta) == str(real)
    huge = nn.Linear(100_000, 100_000, device="meta")
    summary = torch.summary(huge, torch.ones(64, 100_000, device="meta"))
    assert summary.multiply_adds == 64 * 10**10
    assert "640.00 G" in str(summary) or "640 G" in str(summary)


def test_shared_layers_count_once():
    shared = nn.Linear(4, 4)
    net = nn.Sequential(shared, nn.ReLU(), nn.Sequential(shared), nn.Linear(4, 4, bias=False))
    net[3].weight = shared.weight
    summary = torch.summary(net, torch.ones(1, 4))
    rows = rows_of(summary)
    assert summary.parameters == 20 and rows["3"].parameters == 0
    assert rows["0"].calls == 2 and rows["0"].multiply_adds == 32
    assert rows["2.0"].shared_with == "0" and "(the same as 0)" in str(summary)
    assert rows["2"].multiply_adds == 16 and summary.multiply_adds == 48
    assert "Linear (2 calls)" in str(summary)


def test_frozen_parameters():
    net = make_net()
    net[0].requires_grad_(False)
    net[5].bias.requires_grad_(False)
    summary = torch.summary(net, torch.ones(1, 3, 8, 8))
    assert summary.frozen == 229 and summary.trainable == 656
    text = str(summary)
    assert "224 (frozen)" in text and "645 (5 frozen)" in text and "885 (229 frozen)" in text


class Nested(nn.Module):
    """Takes and returns tensors in tuples and dictionaries, and does things by functions."""

    def __init__(self):
        super().__init__()
        self.used = nn.Linear(2, 3)
        self.unused = nn.Linear(9, 9)

    def forward(self, pair, *, scale):
        first, (second, _) = pair
        return {"sum": (self.used(first) * scale["by"], relu(second)), "n": 3}


def test_lists_of_modules_and_outputs_that_are_none():
    class Listed(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(2, 2)])

        def forward(self, x):
            return self.layers[0](x), None

    summary = torch.summary(Listed(), torch.ones(1, 2))
    _, _, whole, layers, *_ = str(summary).splitlines()
    assert "([1, 2], None)" in whole and layers.split() == ["layers", "ModuleList", "6"]


def test_nested_inputs_and_outputs():
    x = torch.ones(4, 2)
    summary = torch.summary(Nested(), (x, (x, None)), scale={"by": 2.0})
    rows = rows_of(summary)
    assert rows[""].output == {"sum": [(4, 3), (4, 2)], "n": "int"}
    assert "{sum: ([4, 3], [4, 2]), n: int}" in str(summary)
    assert rows["unused"].calls == 0 and "(not called)" in str(summary)
    assert rows[""].memory == 4 * (12 + 12 + 8) and rows["used"].memory == 48


def test_attention():
    layer = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.ones(2, 5, 8)
    summary = torch.summary(layer, x, x, x, need_weights=False)
    assert summary.multiply_adds == 4 * 2 * 5 * 64 + 2 * (2 * 5 * 5 * 8)
    assert rows_of(summary)["out_proj"].parameters == 72


class Counts(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(1))
        self.drop = nn.Dropout()

    def forward(self, x):
        self.count += 1
        return self.drop(x) + torch.rand(1)


def test_the_network_is_left_as_it_was():
    net = nn.Sequential(Counts(), nn.BatchNorm1d(3).eval())
    net[0].drop.eval()
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    modes = [module.training for module in net.modules()]
    torch.summary(net, torch.ones(1, 3))
    assert [module.training for module in net.modules()] == modes == [True, True, False, False]
    assert net[0].count.item() == 0 and torch.equal(torch.rand(2), expected)
    with pytest.raises(RuntimeError, match=r"\(in Sequential.1\)"):
        torch.summary(net, torch.ones(1, 4))
    assert not global_hooks.around_calls
    assert [module.training for module in net.modules()] == modes and net[0].count.item() == 0
    with pytest.raises(TypeError, match="summary: expected a Module, got int"):
        torch.summary(3)


def test_kernels_count_their_products():
    x = torch.ones(2, 4, 6, requires_grad=True)
    for layer, count in (
        (nn.Conv1d(4, 6, 3, groups=2), 2 * 6 * 4 * 2 * 3),
        (nn.ConvTranspose1d(4, 6, 3), 2 * 4 * 6 * 6 * 3),
        (nn.Linear(6, 5), 2 * 4 * 6 * 5),
    ):
        with torch.graph.trace() as calls:
            layer(x).sum().backward()
        done = [call.multiply_adds for call in calls if call.multiply_adds]
        assert done == [count] * 3 and calls.multiply_adds == 3 * count
    with torch.graph.trace() as calls:
        torch.ones(3, 4) @ torch.ones(4)
        torch.dot(torch.ones(5), torch.ones(5))
        torch.einsum("bij,bjk->bik", torch.ones(2, 3, 4), torch.ones(2, 4, 5))
    assert calls.multiply_adds == 12 + 5 + 120


def test_devices(device):
    summary = torch.summary(nn.Linear(3, 2).to(device), torch.ones(4, 3, device=device))
    assert summary.multiply_adds == 24 and summary.memory == 32


class Replaces(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x):
        self.count = self.count + 1
        return x * self.count


def test_buffers_that_a_call_replaces_come_back():
    net = nn.Sequential(Replaces(), nn.Linear(3, 2))
    before = net[0].count
    torch.summary(net, torch.ones(1, 3))
    assert net[0].count is before and before.item() == 0
    with pytest.raises(RuntimeError):
        torch.summary(net, torch.ones(1, 4))
    assert net[0].count is before and before.item() == 0
