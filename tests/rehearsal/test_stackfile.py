"""Stack files: every mistake has its line and its remedy, and no secret is taken along."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hybridge.stackfile import checked_stack_name, find_stack_file
from hybridge.yamlfile import UnreadableFileError, mapping_text
from rehearsal.errors import RehearsalError
from rehearsal.stackfile import read_stack_file, stand_in


def written(directory: Path, text: str | bytes, name: str = "Pulumi.dev.yaml") -> Path:
    path = directory / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


SECRETS = """\
secretsprovider: awskms://alias/real
encryptedkey: cmVhbA==
encryptionsalt: v1:real
config:
  # a person's remark
  app:password: {secure: AAAreal}
  app:size: 10Gbps
  app:tree:
    leaf: [plain, {deep: {secure: BBBreal}}, {secure: CCCreal}]
    secure: true
    other: {secure: kept, because: it has a sibling}
"""


def test_encryption_settings_of_the_real_stack_are_left_behind(tmp_path: Path) -> None:
    file = read_stack_file(written(tmp_path, SECRETS))
    assert list(file.document) == ["config"]
    assert "real" not in mapping_text(file.document)


def test_secrets_at_every_depth_get_a_stand_in_of_their_own(tmp_path: Path) -> None:
    file = read_stack_file(written(tmp_path, SECRETS))
    assert set(file.secrets) == {("app:password",), ("app:tree", "leaf", 1, "deep"), ("app:tree", "leaf", 2)}
    assert len(set(file.secrets.values())) == 3
    assert file.document["config"]["app:tree"]["leaf"][1]["deep"] == file.secrets["app:tree", "leaf", 1, "deep"]


def test_a_key_named_secure_that_is_no_secret_stays(tmp_path: Path) -> None:
    tree = read_stack_file(written(tmp_path, SECRETS)).document["config"]["app:tree"]
    assert tree["secure"] is True
    assert tree["other"]["secure"] == "kept"


def test_everything_else_stays_as_it_was_written(tmp_path: Path) -> None:
    text = "config:\n  # why\n  app:a: '007'\n  app:b: 010\n  app:c: \"yes\"\n  app:d: [1, 2.50, on]\n"
    assert mapping_text(read_stack_file(written(tmp_path, text)).document) == text


def test_a_stand_in_would_pass_as_a_pre_shared_key() -> None:
    # 8 to 64 letters, digits, dots and underscores, not beginning with 0: what AWS takes, the strictest of the three
    assert re.fullmatch(r"[A-Za-z1-9._][A-Za-z0-9._]{7,63}", stand_in(("any", "place", 0)))
    assert stand_in(("a",)) == stand_in(("a",))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("config:\n\tapp:a: 1\n", 2, "tab"),
        ("config:\n  app:a: 1\n  app:a: 2\n", 3, "`app:a` is given twice"),
        ("config:\n  app:a: [1, 2\n  app:b: 3\n", 3, "no valid YAML"),
        ("config:\n    app:a: 1\n  app:b: 2\n", 3, "indentation"),
        ('config:\n  app:a: "open\n', 2, "quotes"),
        ("config:\n  app:a: 1\n---\nconfig: {}\n", 3, "second document"),
        ("config:\n  app:a: *nobody\n", 2, "nobody"),
        (b"config:\n  app:a: 1\n  app:b: \xff\n", 3, "UTF-8"),
        ("- a\n- list\n", 1, "a list"),
        ("just words\n", 1, "just words"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str | bytes, line: int, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UnreadableFileError) as caught:
        read_stack_file(path)
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("confg:\n  app:a: 1\n", 1, "Did you mean `config`?"),
        ("app:a: 1\n", 1, "below `config:`"),
        ("# first\nconfig: [1]\n", 2, "a list"),
    ],
)
def test_a_misplaced_setting_is_a_problem_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    [problem] = read_stack_file(written(tmp_path, text)).problems
    assert problem.path == f"line {line}"
    assert words in str(problem)


@pytest.mark.parametrize("text", ["confg:\n  app:a: 1\n", "app:a: 1\n", "confg: {}\nconfig:\n  app:a: 1\n"])
def test_a_misplaced_setting_is_read_all_the_same(tmp_path: Path, text: str) -> None:
    file = read_stack_file(written(tmp_path, text))
    assert file.problems
    assert file.document["config"]["app:a"] == 1


@pytest.mark.parametrize("text", ["", "# only a remark\n"])
def test_an_empty_file_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(RehearsalError, match="is empty"):
        read_stack_file(written(tmp_path, text))


def test_all_unknown_keys_are_told_at_once(tmp_path: Path) -> None:
    first, second = read_stack_file(written(tmp_path, "confg: {}\nsecretprovider: x\n")).problems
    assert first.remedy == "Did you mean `config`?"
    assert second.remedy == "Did you mean `secretsprovider`?"


def test_a_missing_stack_is_told_with_those_that_exist(tmp_path: Path) -> None:
    written(tmp_path, "config: {}\n", "Pulumi.minimal.yaml")
    written(tmp_path, "config: {}\n", "Pulumi.production.yaml")
    with pytest.raises(UnreadableFileError, match=r"Did you mean 'minimal'\? Stacks: minimal, production\."):
        find_stack_file(tmp_path, "minmal")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a\\b", "-a", "a b", "a\n", "é", "a" * 101])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(UnreadableFileError, match="cannot be the name of a stack"):
        checked_stack_name(name)


def test_imported_environments_are_left_out_and_told(tmp_path: Path) -> None:
    file = read_stack_file(written(tmp_path, "environment: [shared]\nconfig: {}\n"))
    assert "environment" not in file.document
    assert any("environments" in notice for notice in file.notices)
