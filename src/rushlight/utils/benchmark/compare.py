"""Measurements side by side."""

from __future__ import annotations

from collections.abc import Iterable

from .measurement import Measurement, select_unit, trim_sigfig, unit_to_english


class Compare:
    """A table of measurements for each label: a row for each sub-label, a column for each
    description, and the rows of each number of threads below one another.

    >>> from rushlight.utils.benchmark import Compare, Measurement, TaskSpec
    >>> def found(name, seconds):
    ...     spec = TaskSpec("", label="add", sub_label="3", description=name)
    ...     return Measurement(1, [seconds], spec)
    >>> Compare([found("one", 2e-6), found("two", 4e-6)]).print()
    [------- add -------]
             |  one | two
    1 threads: ----------
          3  |  2.0 | 4.0
    <BLANKLINE>
    Times are in microseconds (us).
    <BLANKLINE>
    """

    def __init__(self, results: Iterable[Measurement]) -> None:
        self._results: list[Measurement] = []
        self._trims = False
        self.extend_results(results)

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Adds measurements."""
        for result in results:
            if not isinstance(result, Measurement):
                raise ValueError(
                    f"Expected an instance of `Measurement`, got {type(result)} instead."
                )
            self._results.append(result)

    def trim_significant_figures(self) -> None:
        """Prints as many digits as the spread of the times allows."""
        self._trims = True

    def colorize(self, rowwise: bool = False) -> None:
        """Does nothing: the table has no colours."""

    def highlight_warnings(self) -> None:
        """Does nothing: `Measurement.has_warnings` says which were disturbed."""

    def print(self) -> None:
        """Prints the table."""
        print(str(self))

    def __str__(self) -> str:
        merged = Measurement.merge(self._results)
        labels = list(dict.fromkeys(result.task_spec.label or "" for result in merged))
        return "\n".join(
            self._table(label, [r for r in merged if (r.task_spec.label or "") == label])
            for label in labels
        )

    def _table(self, label: str, results: list[Measurement]) -> str:
        unit, length = select_unit(min(result.median for result in results))
        columns = list(dict.fromkeys(result.task_spec.description or "" for result in results))
        rows = list(dict.fromkeys(
            (r.task_spec.num_threads, _row(r)) for r in sorted(
                results, key=lambda r: r.task_spec.num_threads
            )
        ))  # fmt: skip
        cells = {
            (r.task_spec.num_threads, _row(r), r.task_spec.description or ""): self._told(r, length)
            for r in results
        }
        widths = [
            max([len(name)] + [len(cells.get((*row, name), "")) for row in rows])
            for name in columns
        ]
        first = max(len(name) for _, name in rows) + 6

        def line(name: str, told: list[str]) -> str:
            right = " | ".join(c.rjust(w) for c, w in zip(told, widths, strict=True))
            return f"{name.ljust(first)}  |  {right}"

        head = line("", columns)
        lines = [f"[{f' {label} '.center(len(head) - 2, '-')}]", head]
        threads = None
        for row in rows:
            if row[0] != threads:
                threads = row[0]
                title = f"{threads} threads: "
                lines.append(title + "-" * (len(head) - len(title)))
            lines.append(line("      " + row[1], [cells.get((*row, name), "") for name in columns]))
        return "\n".join([*lines, "", f"Times are in {unit_to_english(unit)}s ({unit}).", ""])

    def _told(self, result: Measurement, length: float) -> str:
        value = result.median / length
        if self._trims:
            value = trim_sigfig(value, result.significant_figures)
            return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
        return f"{value:.1f}"


def _row(result: Measurement) -> str:
    spec = result.task_spec
    return f"({spec.env}) {result.as_row_name}" if spec.env else result.as_row_name
