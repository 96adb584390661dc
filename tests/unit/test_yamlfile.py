"""YAML files: whatever stands in one is read, or told with its line and a remedy; what is written is all there."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

from hybridge.yamlfile import UnreadableFileError, UnwritableFileError, mapping_text, read_mapping, write_whole


def told(path: Path, text: str | bytes) -> str:
    """What is told of a file, without its name."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UnreadableFileError) as caught:
        read_mapping(path, shown="F")
    return str(caught.value).removeprefix("F")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.yaml"


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("2024-01-01", "`2024-01-01` is a date"),
        ("2024-01-01 00:00:00", "`2024-01-01 00:00:00` is a date"),
        ("64512", "`64512` is a number"),
        ("1.5", "`1.5` is a number"),
        ("true", "`true` is true or false"),
        ("~", "is empty"),
        ("", "is empty"),
        ("[a]", "is a list"),
        ("{a: b}", "is a mapping"),
        ("!odd a", "`a` has a tag"),
    ],
)
def test_a_key_that_is_no_text_is_told_with_its_line(file: Path, key: str, kind: str) -> None:
    for text, line in ((f"a: 1\n{key}: x\n", 2), (f"a:\n  b: [1, c: 2]\n  {key}: x\n", 3)):
        assert (
            told(file, text)
            == f", line {line}: the key {kind}, and a key is text. Write it in quotes, if it is a name."
        )


@pytest.mark.parametrize("key", ["'2024-01-01'", '"5"', "a/b/1", "no", "Größe"])
def test_a_key_that_is_text_is_taken(file: Path, key: str) -> None:
    file.write_text(f"{key}: x\n", encoding="utf-8")
    assert read_mapping(file) == {key.strip("'\""): "x"}


@pytest.mark.parametrize(
    ("value", "looks"),
    [
        ("2024-99-99", "a date"),
        ("0000-00-00", "a date"),
        ("2024-01-01T99:00:00Z", "a date"),
        ("2024-01-01T00:00:00+99:99", "a date"),
        ("!!int abc", "a whole number"),
        ("!!float 1e", "a number"),
        ("!!bool x", "true or false"),
        ("9" * 4_301, "a whole number"),
    ],
)
def test_what_is_not_what_it_looks_like_is_told_with_its_line(file: Path, value: str, looks: str) -> None:
    for text in (f"a: 1\nb: {value}\n", f"a: 1\n? {value}\n: b\n"):
        found = told(file, text)
        assert found.startswith(", line 2: `")
        assert f"looks like {looks} and is none." in found
        assert len(found) < 150


@pytest.mark.parametrize(("digits", "fits"), [(256, True), (257, False), (5_000, False)])
def test_a_number_has_a_sensible_size(file: Path, digits: int, fits: bool) -> None:
    text = f"a:\n  - 0x{'f' * digits}\n"
    if fits:
        file.write_text(text, encoding="utf-8")
        assert json.dumps(read_mapping(file))
    else:
        assert told(file, text).startswith(", line 2: the number has hundreds of digits")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0x" + "f" * 5_000, ", line 1: the number"),
        ("a: 1\nb: \0\n", ", line 2: YAML has no character U+0000."),
        ("a: 1\nb: \x0c\n", ", line 2: YAML has no character U+000C."),
        ('a: "\\ud800"', ", line 1: the text has half of a character"),
        ('"\\ud800": a', ", line 1: the text has half of a character"),
        ('a: "\\UFFFFFFFF"', " is no YAML"),
        ('a: "\\q"', ", line 1: this is no valid YAML"),
        ("a: !!binary é", ", line 1: this is no valid YAML"),
        ("a: !!omap 5", ", line 1: `5` looks like a `omap`"),
        ("a: &x {<<: *x}", ", line 1: what begins here looks like a `map`"),
        ("a: !e!x 1", ", line 1: this is no valid YAML"),
        ("%YAML 9.9\n---\na: 1", ", line 1: this is no valid YAML"),
        (b"a: 1\nb: \xed\xa0\x80", ", line 2: this is not UTF-8 text"),
        ("a: 1\n".encode("utf-16"), ", line 1: this is not UTF-8 text"),
        ("- a: 1", ", line 1: the file is a list"),
        ("a: " + "[" * 101 + "]" * 101, " is nested too deeply"),
        ("a: " + "[" * 400 + "]" * 400, " is nested too deeply"),
        ("a0: &a0 []\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2_000)), " is nested too deeply"),
        (
            "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30)),
            " has more than 200,000 values",
        ),
    ],
)
def test_what_nobody_could_read_is_told(file: Path, text: str | bytes, words: str) -> None:
    found = told(file, text)
    assert found.startswith(words)
    assert found.endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['true']\n",
        "a: &x 1\nb: &x 2\nc: *x\n",
        "a: &x [*x]\n",
        "a: &x {b: 1}\nc: {<<: *x, d: 2}\n",
        "a: " + "[" * 90 + "]" * 90,
        'a: "\\0"\n',
        "a: !odd [1, !odd 2]\n",
        "a: [.nan, 1e999, 2024-01-01, !!set {b, c}]\n",
        "%TAG !e! tag:example.com,2000:\n---\na: !e!x 1\n",
    ],
)
def test_what_is_odd_and_can_be_read_makes_nothing_and_can_be_written(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = read_mapping(file)
    assert document is not None
    assert json.dumps(document, default=str)
    assert mapping_text(document)


def test_a_directory_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="cannot be read: Is a directory"):
        read_mapping(tmp_path)


def test_what_is_written_replaces_what_was_there_and_keeps_its_mode(file: Path) -> None:
    write_whole(file, "a: 1\n")
    file.chmod(0o640)
    write_whole(file, "a: 2\n")
    assert file.read_text(encoding="utf-8") == "a: 2\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_link_to_a_file_stays_one(tmp_path: Path, file: Path) -> None:
    (tmp_path / "link").symlink_to(file)
    write_whole(tmp_path / "link", "a: 1\n")
    assert (tmp_path / "link").is_symlink()
    assert file.read_text(encoding="utf-8") == "a: 1\n"


@pytest.mark.parametrize("path", ["missing/file.yaml", "directory", "file.yaml/file.yaml"])
def test_what_cannot_be_written_is_told_and_stays(tmp_path: Path, path: str) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "kept").touch()
    (tmp_path / "file.yaml").write_text("a: 1\n", encoding="utf-8")
    with pytest.raises(
        UnwritableFileError, match=r"cannot be written: .*\. It is as it was; mend that, and try again\.$"
    ):
        write_whole(tmp_path / path, "a: 2\n")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["directory", "file.yaml"]
    assert (tmp_path / "directory" / "kept").exists()
    assert (tmp_path / "file.yaml").read_text(encoding="utf-8") == "a: 1\n"
