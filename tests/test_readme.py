"""The program in the README is the example, and runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import rushlight

ROOT = Path(__file__).parents[1]


def test_the_readme_shows_the_example() -> None:
    program = (ROOT / "examples" / "mnist.py").read_text()
    assert f"```python\n{program}```" in (ROOT / "README.md").read_text()


def test_links_lead_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")):
        for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name} links to {link}"


@pytest.mark.slow
def test_the_example_learns(tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(Path(rushlight.__file__).parents[1])!r})\n"
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    code += "\n".join(blocks)  # the program, and what is done with its names after it
    code += "\ntrain_step(images, labels)\n"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    accuracy = re.findall(r"accuracy (\d+\.\d+)%", result.stdout)
    assert len(accuracy) == 4 and float(accuracy[-1]) > 95
    assert "Convolution" in (tmp_path / "graph.svg").read_text()
    assert rushlight.load(tmp_path / "mnist.pt")["conv1.weight"].shape == (6, 1, 5, 5)
