"""Comparing what a program prints under PyTorch and under Rushlight, number by number."""

from __future__ import annotations

import itertools
import re

TOLERANCE = 1e-4
FIRST_TOLERANCE = 2e-6

# A number that is not a part of a name, such as the 1 of conv1.
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?![\w])")


def tolerance_of(source: str) -> float:
    """What a line `# tolerance: 1e-3` of a program's head says, else the usual one."""
    said = re.search(r"^# tolerance: (\S+)", source, re.MULTILINE)
    return float(said.group(1)) if said else TOLERANCE


def is_whole(number: str) -> bool:
    return not any(letter in number for letter in ".eE")


def last_place(number: str) -> float:
    """What one more or less in the last digit is worth: 1.25e-3 was printed to 1e-5."""
    digits, _, exponent = number.lower().partition("e")
    return 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))


def agree(expected: str, found: str, tolerance: float) -> bool:
    """Whole numbers are equal; others as near as the tolerance and the printed digits say."""
    if is_whole(expected) or is_whole(found):
        return expected == found
    allowed = tolerance * max(1.0, abs(float(expected))) + 1.01 * last_place(expected)
    return abs(float(expected) - float(found)) <= allowed


def differences(expected: str, found: str, tolerance: float) -> list[str]:
    """The lines that differ in their text, or in a number by more than the tolerance.

    The first number that is not whole has seen the least arithmetic, and must be right to rounding.
    """
    wrong, first = [], True
    lines = itertools.zip_longest(expected.splitlines(), found.splitlines(), fillvalue="(no line)")
    for place, (line, other) in enumerate(lines, start=1):
        numbers, others = NUMBER.findall(line), NUMBER.findall(other)
        same = NUMBER.sub("#", line) == NUMBER.sub("#", other)
        for number, another in zip(numbers, others, strict=False):
            if not same:
                break
            same = agree(number, another, FIRST_TOLERANCE if first else tolerance)
            first = first and is_whole(number)
        if not same:
            wrong.append(f"line {place}: PyTorch printed {line!r}, Rushlight {other!r}")
    return wrong
