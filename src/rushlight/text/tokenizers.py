"""Sentences as tokens: by rules, by pairs of bytes, by other libraries."""

from __future__ import annotations

import heapq
import importlib
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from operator import index
from typing import Any

from ..serialization.archive import replaced_when_complete
from .checks import check_many, check_text, number_below

Tokenizer = Callable[[str], list[str]]
_WORDS = re.compile(r"\w+|[^\w\s]")
# A word with the space before it, a number, signs, or spaces: what pairs of bytes stay within.
_PIECES = re.compile(r" ?[^\W\d_]+| ?\d+| ?[^\s\w]+|_+|\s+")
_LONGEST = 10_000  # bytes of a piece
_WORDS_KNOWN = 100_000  # words whose numbers are kept: 20 MB


def _at_spaces(text: str) -> list[str]:
    check_text("tokenizer", text)
    return text.split()


def _basic_english(text: str) -> list[str]:
    check_text("tokenizer", text)
    return _WORDS.findall(text.lower())


def get_tokenizer(name: str | None, language: str = "en") -> Tokenizer:
    """A function from a sentence to its tokens.

    None splits at spaces; "basic_english" makes small letters and parts words from signs; "nltk" is
    NLTK's for words, and "spacy" that of a blank spaCy model of `language`, where they are
    installed. ValueError for others.

    >>> from rushlight.text import get_tokenizer
    >>> get_tokenizer("basic_english")("The cat, it sat.")
    ['the', 'cat', ',', 'it', 'sat', '.']
    """
    if name is None:
        return _at_spaces
    if name == "basic_english":
        if language != "en":
            raise ValueError("the tokenizer 'basic_english' is for English alone")
        return _basic_english
    if name == "nltk":
        words: Any = _library("nltk.tokenize", "nltk")
        return words.NLTKWordTokenizer().tokenize
    if name == "spacy":
        spacy: Any = _library("spacy", "spacy")
        model = spacy.blank(language)
        return lambda text: [token.text for token in model.tokenizer(text)]
    raise ValueError(
        f"there is no tokenizer {name!r}: there are None, 'basic_english', 'nltk' and 'spacy'"
    )


def _library(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"the tokenizer {package!r} needs that library: pip install {package}", name=error.name
        ) from None


class BytePairEncoding:
    """Text as numbers of pieces that a corpus has often: Sennrich et al., arXiv:1508.07909.

    The pieces begin as the 256 bytes, so that every text can be said; each of `merges` joins two.
    Pieces stay within words.

    >>> from rushlight.text import BytePairEncoding
    >>> coder = BytePairEncoding.train(["low lower lowest"], vocab_size=260)
    >>> numbers = coder.encode("lowest low")
    >>> len(numbers) < 10, coder.decode(numbers)
    (True, 'lowest low')
    """

    def __init__(self, merges: Iterable[tuple[int, int]]) -> None:
        self.merges = [(index(a), index(b)) for a, b in merges]
        self._pieces = [bytes([value]) for value in range(256)]
        for number, (a, b) in enumerate(self.merges):
            if not (0 <= a < 256 + number and 0 <= b < 256 + number):
                raise ValueError(f"BytePairEncoding: merge {number} joins pieces that come later")
            piece = self._pieces[a] + self._pieces[b]
            if len(piece) > _LONGEST:  # a few merges of a file may double it until memory ends
                raise ValueError(f"BytePairEncoding: merge {number} makes over {_LONGEST} bytes")
            self._pieces.append(piece)
        self._ranks = {pair: 256 + number for number, pair in enumerate(self.merges)}
        self._known: dict[str, list[int]] = {}

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int) -> BytePairEncoding:
        """Joins the pair that is the most frequent, again and again, up to `vocab_size` pieces.

        Of pairs as frequent the one of the smaller numbers. It ends earlier where no pair is there
        twice.
        """
        if isinstance(texts, str):
            raise TypeError("BytePairEncoding.train takes several texts: [text], not text")
        check_many("BytePairEncoding.train", "several texts", texts)
        if index(vocab_size) < 256:
            raise ValueError(
                f"BytePairEncoding: vocab_size is to be at least 256, not {vocab_size}"
            )
        counts: Counter[str] = Counter()
        for text in texts:
            check_text("BytePairEncoding.train", text)
            counts.update(_PIECES.findall(text))
        words = [list(piece.encode()) for piece in counts]
        return cls(_merges(words, list(counts.values()), vocab_size - 256))

    def __len__(self) -> int:
        return len(self._pieces)

    def encode(self, text: str) -> list[int]:
        """The numbers of a text's pieces."""
        check_text("BytePairEncoding.encode", text)
        found: list[int] = []
        for piece in _PIECES.findall(text):
            if piece not in self._known:
                if len(self._known) == _WORDS_KNOWN:
                    self._known.clear()
                self._known[piece] = self._joined(list(piece.encode()))
            found += self._known[piece]
        return found

    def _joined(self, numbers: list[int]) -> list[int]:
        while len(numbers) > 1:
            pairs = list(zip(numbers, numbers[1:], strict=False))
            pair = min(pairs, key=lambda p: self._ranks.get(p, len(self._pieces)))
            if pair not in self._ranks:
                break
            numbers = _replaced(numbers, pair, self._ranks[pair])
        return numbers

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of numbers; bytes that are no text become the replacement character."""
        name, count = "BytePairEncoding.decode", len(self._pieces)
        check_many(name, "whole numbers", numbers)
        pieces = [self._pieces[number_below(name, number, count)] for number in numbers]
        return b"".join(pieces).decode(errors="replace")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the merges to a JSON file."""
        with replaced_when_complete(os.fspath(path)) as file:
            file.write(json.dumps({"merges": self.merges}).encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> BytePairEncoding:
        """Reads the merges of a JSON file. ValueError, which names the file, for others."""
        try:
            with open(path, encoding="utf-8") as file:
                return cls([(a, b) for a, b in json.load(file)["merges"]])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{os.fspath(path)}: no merges of byte pairs ({error})") from None


def _replaced(numbers: list[int], pair: tuple[int, int], number: int) -> list[int]:
    found, place = [], 0
    while place < len(numbers):
        if tuple(numbers[place : place + 2]) == pair:
            found.append(number)
            place += 2
        else:
            found.append(numbers[place])
            place += 1
    return found


def _merges(words: list[list[int]], counts: list[int], most: int) -> list[tuple[int, int]]:
    """The pairs to join. In which words a pair occurs is kept: a step looks at those alone."""
    totals: Counter[tuple[int, int]] = Counter()
    where: dict[tuple[int, int], set[int]] = defaultdict(set)
    for number, word in enumerate(words):
        for pair in zip(word, word[1:], strict=False):
            totals[pair] += counts[number]
            where[pair].add(number)
    heap = [(-total, pair) for pair, total in totals.items()]
    heapq.heapify(heap)
    merges: list[tuple[int, int]] = []
    while heap and len(merges) < most:
        total, pair = heapq.heappop(heap)
        if -total != totals[pair]:  # it has become rarer, or more frequent, since
            continue
        if -total < 2:
            break
        merges.append(pair)
        changed = set()
        for number in where.pop(pair):
            before = words[number]
            after = _replaced(before, pair, 255 + len(merges))
            for old in zip(before, before[1:], strict=False):
                totals[old] -= counts[number]
                changed.add(old)
            for new in zip(after, after[1:], strict=False):
                totals[new] += counts[number]
                where[new].add(number)
                changed.add(new)
            words[number] = after
        for other in changed:
            if totals[other] > 0 and other != pair:
                heapq.heappush(heap, (-totals[other], other))
    return merges
