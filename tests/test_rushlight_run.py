"""`rushlight run`: programs run as Python runs them, with Rushlight as torch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rushlight_run
from rushlight.cli.main import main
from test_standing_in import PROGRAM


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    start = "import sys, rushlight_run; sys.exit(rushlight_run.main())"
    command = [sys.executable, "-c", start, "run", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)


# The processes of every method of starting them, a real torch beside the program's packages, and
# an exit code.
CHILDREN = """
import multiprocessing, os
def work(x):
    import torch
    return torch.nn.__name__, float(x.sum())
if __name__ == "__main__":
    import torch
    for method in ("spawn", "forkserver", "fork"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(pool.apply(work, (torch.ones(3),)), flush=True)
    assert sys.path[0] == os.path.dirname(os.path.abspath(__file__))
    sys.exit(7)
"""


def test_a_program(tmp_path: Path) -> None:
    real = tmp_path / "site" / "torch"
    real.mkdir(parents=True)
    (real / "__init__.py").write_text("raise SystemExit('the real torch')")
    program = tmp_path / "work" / "program.py"
    program.parent.mkdir()
    program.write_text(PROGRAM + CHILDREN)
    paths = [os.environ.get("PYTHONPATH", ""), str(real.parent)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    result = run(str(program), "--epochs", "1", env=environment)
    printed = "('rushlight.nn', 3.0)\n"
    assert result.stderr == ""
    assert result.stdout.replace("['--epochs', '1'] __mp_main__\n", "") == (
        "['--epochs', '1'] __main__\n" + 3 * printed
    )
    assert result.returncode == 7


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text("import sys, torch; print(__name__, sys.argv[1:])")
    assert run("-m", "part", "a", cwd=tmp_path).stdout == "__main__ ['a']\n"
    code = "import sys; print(sys.argv, sys.flags.optimize, sys.path[0])"
    assert run("-O", "-c", code, "b").stdout == "['-c', 'b'] 1 \n"
    assert run("-", "c", input=code).stdout == "['-', 'c'] 0 \n"
    absent = run("absent.py", cwd=tmp_path)
    assert absent.returncode == 2 and "can't open file" in absent.stderr


def test_a_traceback_ends_with_the_programs_line(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import torch\n\nx = torch.ones(2)\nx.backward()\n")
    result = run(str(program))
    *_, place, line, message = result.stderr.splitlines()
    assert result.returncode == 1
    assert result.stderr.startswith("Traceback (most recent call last):\n  File")
    assert f'File "{program}", line 4' in place and line == "    x.backward()"
    assert message.startswith("RuntimeError: element 0 of tensors does not require grad")
    assert "rushlight/autograd" in run("-X", "dev", str(program)).stderr  # which shows all of it


def test_the_start_imports_nothing() -> None:
    code = "import sys, rushlight_run; print({'rushlight', 'numpy', 'argparse'} & {*sys.modules})"
    command = [sys.executable, "-S", "-c", code]
    folder = str(Path(rushlight_run.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": folder}
    assert subprocess.check_output(command, text=True, env=environment) == "set()\n"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that this process would have become."""
    commands: list[list[str]] = []

    def execv(path: str, arguments: list[str]) -> None:
        commands.append(arguments)

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(sys, "orig_argv", ["python", "/bin/rushlight", "run"])
    monkeypatch.setattr(sys, "argv", ["/bin/rushlight", "run"])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", "mine", rushlight_run.FOLDER]))
    return commands


@pytest.mark.parametrize(("line", "options"), [
    (["python", "-u", "-W", "error", "-m", "rushlight", "run", "a.py"], ["-u", "-W", "error"]),
    (["python", "-Om", "rushlight", "run", "a.py"], ["-O"]),
    (["python", "-O", "/bin/rushlight", "run", "a.py"], ["-O"]),
    (["python", "-Xshowm", "/bin/rushlight", "run", "a.py"], ["-Xshowm"]),
    (["python", "/bin/rushlight", "run", "a.py"], []),
])  # fmt: skip
def test_the_interpreters_options_stay(
    line: list[str], options: list[str], started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "orig_argv", line)
    monkeypatch.setattr(sys, "argv", ["rushlight", "run", "a.py"])
    main()
    assert started == [[sys.executable, *options, "a.py"]]
    assert os.environ["PYTHONPATH"] == os.pathsep.join([rushlight_run.FOLDER, "mine"])


def test_bad_options(started: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, refused in (
        (["-I", "a.py"], "-I"), (["-uE", "a.py"], "-E"), (["-X", "dev", "-W", "E", "-I"], "-I"),
    ):  # fmt: skip
        assert main(["run", *arguments]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"rushlight: error: run: Python's option {refused} makes programs")
        assert error.count("\n") == 1
    assert started == []
    for arguments in (["a.py", "-I"], ["-c", "-E"], ["-m", "x", "-I"], ["-Werror", "a.py", "-E"]):
        main(["run", *arguments])
    assert len(started) == 4


def test_help(started: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: rushlight run [PYTHON'S OPTIONS] [PROGRAM")
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "with Rushlight in the place of torch" in " ".join(capsys.readouterr().out.split())
