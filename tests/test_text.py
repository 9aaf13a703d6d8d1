"""Text: vocabularies, tokenisers, batches, language-model datasets, word vectors."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any

import pytest

import rushlight as torch
from rushlight.text import (
    BytePairEncoding,
    CharacterDataset,
    Vocabulary,
    WordDataset,
    WordVectors,
    get_tokenizer,
    pad_collate,
)
from rushlight.utils.data import DataLoader
from rushlight.vision import DataError

CORPUS = "the cat sat on the mat; the cat ate. 12 cats, 123 mats\n\tthe  end — été 猫"


def test_vocabulary() -> None:
    words = Vocabulary.build([["b", "a"], ["b", "c", "c"], ["d"]], min_freq=2,
                             specials=["<unk>", "c"], unknown="<unk>")  # fmt: skip
    assert list(words) == ["<unk>", "c", "b"] and len(words) == 3 and "a" not in words
    assert words.numbers(["b", "a", "zebra"]) == [2, 0, 0] and words.tokens([1]) == ["c"]
    assert list(Vocabulary.build([["a", "b", "c"]], max_tokens=2)) == ["a", "b"]
    with pytest.raises(KeyError, match="the token 'x' is not in the vocabulary"):
        Vocabulary(["a"])["x"]
    with pytest.raises(IndexError, match="Vocabulary.tokens: there is no 7 among 3"):
        words.tokens([7])
    with pytest.raises(ValueError, match="'a' is there twice"):
        Vocabulary(["a", "b", "a"])
    with pytest.raises(ValueError, match="unknown token 'u' is not among"):
        Vocabulary(["a"], unknown="u")
    with pytest.raises(ValueError, match="max_tokens is not to be negative, as -1"):
        Vocabulary.build([["a"]], max_tokens=-1)


def test_tokenizers() -> None:
    assert get_tokenizer(None)(" a  b ") == ["a", "b"]
    assert get_tokenizer("basic_english")("It's 3!") == ["it", "'", "s", "3", "!"]
    with pytest.raises(ValueError, match="no tokenizer 'x': there are None"):
        get_tokenizer("x")
    with pytest.raises(ValueError, match="for English alone"):
        get_tokenizer("basic_english", "de")


@pytest.mark.parametrize("name", ["nltk", "spacy"])
def test_tokenizers_of_libraries(name: str) -> None:
    try:
        tokenize = get_tokenizer(name)
    except ModuleNotFoundError as error:
        assert f"pip install {name}" in str(error)  # noqa: PT017 - either is right
    else:
        assert tokenize("A cat, isn't it?")[:3] == ["A", "cat", ","]


def test_byte_pairs() -> None:
    coder = BytePairEncoding.train([CORPUS] * 3, 300)
    assert 256 < len(coder) <= 300
    for text in (CORPUS, "a zebra's 🦓", "", "  \n\n", "\x00\x7f"):
        assert coder.decode(coder.encode(text)) == text
    assert len(coder.encode(CORPUS)) < 0.7 * len(CORPUS.encode())
    assert coder.decode([0xFF, 65]) == "\ufffdA"


def _slow_merges(texts: list[str], most: int) -> list[tuple[int, int]]:
    """The same, counting all pairs anew at each step."""
    pieces = re.compile(r" ?[^\W\d_]+| ?\d+| ?[^\s\w]+|_+|\s+")
    words = [list(piece.encode()) for text in texts for piece in pieces.findall(text)]
    merges: list[tuple[int, int]] = []
    while len(merges) < most:
        counts: dict[tuple[int, int], int] = {}
        for word in words:
            for pair in zip(word, word[1:], strict=False):
                counts[pair] = counts.get(pair, 0) + 1
        if not counts or max(counts.values()) < 2:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        for word in words:
            place = 0
            while place < len(word) - 1:
                if (word[place], word[place + 1]) == best:
                    word[place : place + 2] = [255 + len(merges)]
                place += 1
    return merges


@pytest.mark.parametrize("text", [CORPUS, "aaaaaaa aaa aaaaaa", "abababab bababa", "x"])
def test_pairs_are_the_most_frequent(text: str) -> None:
    assert BytePairEncoding.train([text, text], 400).merges == _slow_merges([text, text], 144)


def test_merges_in_files(tmp_path: Path) -> None:
    coder = BytePairEncoding.train([CORPUS], 280)
    coder.save(tmp_path / "merges.json")
    assert BytePairEncoding.load(tmp_path / "merges.json").merges == coder.merges
    bomb = json.dumps({"merges": [(256 + n - (n > 0),) * 2 if n else (0, 0) for n in range(60)]})
    for content in (bomb, "", "[]", '{"merges": [[1]]}', '{"merges": [[256, 0]]}', '{"merges": 3}',
                    '{"merges": [[97.5, 98]]}'):  # fmt: skip
        (tmp_path / "bad.json").write_text(content)
        with pytest.raises(ValueError, match=r"bad.json: no merges"):
            BytePairEncoding.load(tmp_path / "bad.json")
    with pytest.raises(ValueError, match="at least 256"):
        BytePairEncoding.train([CORPUS], 10)
    with pytest.raises(TypeError, match="several texts"):
        BytePairEncoding.train(CORPUS, 300)


def test_batches() -> None:
    samples: list[Any] = [(torch.tensor([1, 2]), 5), (torch.tensor([3]), 6)]
    loader = DataLoader(samples, batch_size=2, collate_fn=pad_collate(-1, lengths=True))
    sentences, targets, lengths = next(iter(loader))
    assert sentences.tolist() == [[1, 2], [3, -1]] and targets.tolist() == [5, 6]
    assert lengths.tolist() == [2, 1]
    assert pad_collate(batch_first=False)([[1, 2], [3]]).tolist() == [[1, 3], [2, 0]]
    names = pad_collate()([([1, 2], 5, "a"), ([3], 6, "b")])
    assert names[0].shape == (2, 2) and names[1].tolist() == [5, 6] and names[2] == ["a", "b"]


def test_dtypes_of_batches() -> None:
    """An empty sentence says nothing of the dtype, wherever it stands."""
    found = pad_collate()([[], [1, 2]])
    assert found.dtype == torch.int64 and found.tolist() == [[0, 0], [1, 2]]
    assert pad_collate()([[1, 2], [1.5]]).tolist() == [[1.0, 2.0], [1.5, 0.0]]
    assert pad_collate()([[], []]).shape == (2, 0)


def test_language_models() -> None:
    letters = CharacterDataset("abcdefgh", 3)
    assert len(letters) == 2 and letters.decode(letters[-1][1]) == "efg"
    assert len(CharacterDataset("abcdefgh", 3, stride=1)) == 5
    assert len(CharacterDataset("abcd", 3)) == 1
    with pytest.raises(IndexError, match="no block 2 among 2"):
        letters[2]
    with pytest.raises(ValueError, match="3 tokens, too few for blocks of 3"):
        CharacterDataset("abc", 3)
    with pytest.raises(ValueError, match="positive"):
        CharacterDataset("abc", 0)
    words = WordDataset("A b a c", 2, vocabulary=Vocabulary(["?", "a", "b"], unknown="?"))
    assert words.data.tolist() == [1, 2, 1, 0]
    blocks = list(DataLoader(letters, batch_size=2))
    assert blocks[0][0].shape == (2, 3)


VECTORS = {"cat": [1.0, 2.0], "dog": [-0.5, 0.25]}


def _binary(behind: bytes) -> bytes:
    rows = [word.encode() + b" " + struct.pack("<2f", *v) + behind for word, v in VECTORS.items()]
    return b"2 2\n" + b"".join(rows)


FILES = {
    "glove": (b"cat 1.0 2.0\ndog -0.5 0.25\ncat 9 9\n", False),
    "word2vec": (b"2 2\ncat 1.0 2.0 \ndog -0.5 0.25\n", False),
    "word2vec, binary": (_binary(b""), True),
    "word2vec, binary, lines": (_binary(b"\n"), True),
}


@pytest.mark.parametrize("name", FILES)
def test_vectors_in_files(name: str, tmp_path: Path) -> None:
    content, binary = FILES[name]
    path = tmp_path / "vectors"
    path.write_bytes(content)
    found = WordVectors.load(path, binary)
    assert list(found.vocabulary) == ["cat", "dog"]
    assert found.vectors.tolist() == list(VECTORS.values())
    assert len(WordVectors.load(path, binary, max_words=1)) == 1
    table = found.table(Vocabulary(["<pad>", "dog"]))
    assert table.tolist() == [[0.0, 0.0], [-0.5, 0.25]]


def test_vectors_of_words() -> None:
    found = WordVectors(["a", "b", "c"], torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    assert [name for name, _ in found.nearest("a")] == ["c", "b"]
    assert found.nearest(torch.tensor([0.0, 2.0]), 1) == [("b", 1.0)]
    assert found.nearest("a", 0) == [] and found["c"].tolist() == [1.0, 1.0] and len(found) == 3
    assert found.table(Vocabulary("xca")).tolist() == [[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]]
    assert found.table(Vocabulary("x")).tolist() == [[0.0, 0.0]]


def test_words_of_other_encodings(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes("café 1 2\ncafè 3 4\n".encode("latin1"))
    assert WordVectors.load(tmp_path / "v")["caf\ufffd"].tolist() == [1.0, 2.0]
    (tmp_path / "v").write_text("\xa0 1 2\u3000\n", "utf-8")
    with pytest.raises(DataError, match="line 1 holds what is no number"):
        WordVectors.load(tmp_path / "v")


def test_vectors_of_one_dimension(tmp_path: Path) -> None:
    """Their first line, a word and a number, is no word2vec's head."""
    (tmp_path / "v").write_text("cat 5\ndog 6\n")
    assert WordVectors.load(tmp_path / "v").vectors.tolist() == [[5.0], [6.0]]


def test_words_with_spaces(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("a 1 2\n. . 3 4\n")
    assert list(WordVectors.load(tmp_path / "v").vocabulary) == ["a", ". ."]


def test_a_word_that_ends_in_a_number(tmp_path: Path) -> None:
    path = tmp_path / "numbered.txt"
    path.write_text("cat 1.0 2.0\nword 1 0.2 0.3\nterm 3 4 5 6\n")
    with pytest.raises(DataError, match="line 3 has 4 numbers, not 2"):
        WordVectors.load(path)
    path.write_text("cat 1.0 2.0\nword 1 0.2 0.3\n")
    assert WordVectors.load(path)["word 1"].tolist() == pytest.approx([0.2, 0.3])
    path.write_text("cat 1.0 2.0\nword 0.1 0.2 0.3\n")
    with pytest.raises(DataError, match="line 2 has 3 numbers, not 2"):
        WordVectors.load(path)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: get_tokenizer(None)(3), TypeError, "tokenizer: expected a text"),
        (lambda: get_tokenizer("basic_english")(None), TypeError, "tokenizer: expected a text"),
        (lambda: BytePairEncoding.train([3], 260), TypeError, "train: expected a text"),
        (lambda: BytePairEncoding.train(3, 260), TypeError, "train: expected several texts"),
        (lambda: BytePairEncoding([]).encode(3), TypeError, "encode: expected a text"),
        (lambda: BytePairEncoding([]).decode(["a"]), TypeError, "decode: expected whole numbers"),
        (lambda: BytePairEncoding([]).decode([256]), IndexError, "decode: there is no 256"),
        (lambda: Vocabulary(3), TypeError, "Vocabulary: expected tokens"),
        (lambda: Vocabulary(["a"]).numbers(3), TypeError, "Vocabulary.numbers: expected tokens"),
        (lambda: Vocabulary(["a"]).tokens([0.5]), TypeError, "Vocabulary.tokens: expected whole"),
        (lambda: Vocabulary.build([["a"]], specials="<pad>"), TypeError, "several tokens"),
        (lambda: WordVectors(["a"], [[1.0]]), TypeError, "WordVectors: expected a Tensor"),
        (
            lambda: WordVectors(["a"], torch.ones(1, 2)).nearest(torch.ones(3)),
            ValueError, r"nearest: the vectors are \(2,\)",
        ),
        (lambda: WordVectors(["a"], torch.ones(1, 2)).nearest("a", -1), ValueError, "negative"),
        (lambda: pad_collate()([]), ValueError, "pad_collate: the batch is empty"),
        (lambda: pad_collate()([3]), TypeError, "pad_collate: a sample is a sequence"),
        (lambda: pad_collate()(["a"]), TypeError, "pad_collate: a sample is a sequence"),
        (lambda: pad_collate()([torch.tensor(1)]), TypeError, "pad_collate: a sample is a sequ"),
        (lambda: pad_collate()([([1], 2), ([1],)]), ValueError, "tuples of the same length"),
        (lambda: pad_collate()([(), ()]), ValueError, "tuples of the same length"),
        (lambda: pad_collate()([[1, 2], ([1], 2)]), ValueError, "samples are to be tuples, or non"),
        (lambda: pad_collate()([([1], 2), [1, 2]]), ValueError, "samples are to be tuples, or non"),
        (lambda: CharacterDataset(3, 2), TypeError, "CharacterDataset: expected a text"),
        (lambda: CharacterDataset("abc", 2, ["a"]), TypeError, "expected a Vocabulary"),
        (lambda: WordDataset("a b c", 2, "spacy"), TypeError, "get_tokenizer gives one"),
    ],
)  # fmt: skip
def test_what_is_refused_names_the_function(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(("content", "binary"), [
    (b"", False), (b"cat 1 2\ndog 1\n", False), (b"cat 1 x\n", False), (b"cat\n", False),
    (b"", True), (b"2 2\ncat " + bytes(8), True), (b"2 2\n" + b"x" * 20_000, True),
    (b"1 1000000000\na " + bytes(8), True), (b"2 2\ncat " + bytes(5), True), (b"a b\n", True),
    # Heads that promise more than follows, or less, and other dimensions.
    (b"3 2\ncat 1 2\ndog 3 4\n", False), (b"1 2\ncat 1 2\ndog 3 4\n", False),
    (b"2 1\ncat 1 2\ndog 3 4\n", False), (b"2 3\ncat 1 2\ndog 3 4\n", False),
    (b"2 99999999999999\ncat 1 2\n", False), (b"9" * 5000 + b" 2\ncat 1 2\n", False),
    (b"10000000000000 2\n" + bytes(8), True), (b"1" + _binary(b"")[1:], True),
    (b"2 1" + _binary(b"")[3:], True), (b"2 3" + _binary(b"")[3:], True), (b"0 2\n", True),
    # The dimensions of a line, tabs, UTF-16, nothing but zeros, the other kind of file.
    (b"cat 1 2\ndog 3 4 5\n", False), (b"cat\t1\t2\n", False), (bytes(100), False),
    ("cat 1 2\n".encode("utf-16"), False), (b"2 2\ncat 1 2\ndog 3 4\n", True),
    (_binary(b""), False),
])  # fmt: skip
def test_damaged_vectors_name_their_file(content: bytes, binary: bool, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(content)
    kind = "binary" if binary else "text"
    with pytest.raises(DataError, match=rf"bad: no vectors of words(, read as {kind})? \("):
        WordVectors.load(tmp_path / "bad", binary)


def test_some_words(tmp_path: Path) -> None:
    """Of a part of a file its head's count is not held against it."""
    (tmp_path / "v").write_bytes(b"9 2\ncat 1 2\ndog 3 4\n")
    assert len(WordVectors.load(tmp_path / "v", max_words=1)) == 1
    with pytest.raises(ValueError, match="max_words is to be positive, not 0"):
        WordVectors.load(tmp_path / "v", max_words=0)
