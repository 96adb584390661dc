"""What a person can get wrong ends in sentences: every problem at once, no traceback, nothing created."""

from __future__ import annotations

import pytest

from tests.engine.estates import Outcome, Project


def refused(project: Project) -> Outcome:
    done = project.run("up")
    assert done.code != 0, done.text
    assert "Traceback" not in done.text
    assert "nothing was created" in done.text or "line" in done.text
    assert project.objects() == []
    return done


def test_every_problem_is_told_at_once_with_place_and_remedy(project: Project) -> None:
    project.edit("ranges: [172.20.0.0/16]", "rangs: [172.20.0.0/16]")
    project.edit("dead_peer_after: 30s", "dead_peer_after: 30")
    project.edit("ranges: [10.100.0.0/16]", "ranges: [10.100.0.1/16]")
    told = refused(project).text
    assert "stacks/Pulumi.minimal.yaml has 4 problems" in told
    assert "sites.aws-east.ranges: `ranges` is missing." in told
    assert "sites.aws-east.rangs: `rangs` is no key that is known here. Did you mean `ranges`?" in told
    assert "links.dc1-aws.dead_peer_after: `30` has no unit." in told
    assert "sites.dc1.ranges[0]: `10.100.0.1/16` is no network" in told


def test_what_only_the_whole_shows_is_told_too(project: Project) -> None:
    project.edit("[172.20.0.0/16]", "[10.100.128.0/17]")
    project.edit("asn: 64512", "asn: 65010")
    told = refused(project).text
    assert "`10.100.128.0/17` of site aws-east overlaps `10.100.0.0/16` of site dc1" in told
    assert "Both ends of link `dc1-aws` have AS 65010" in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    sites:", "\tsites:", "tab"),
        ("asn: 65010", "asn: 65010\n        asn: 65011", "given twice"),
        ("config:", "confg:", "`confg` is no key of a stack file"),
        ("sites:", "sites: [", "line"),
    ],
)
def test_a_malformed_stack_file_is_told_with_its_line(project: Project, old: str, new: str, told: str) -> None:
    project.edit(old, new)
    assert told in refused(project).text


def test_a_stack_that_does_not_exist_names_those_that_do(project: Project) -> None:
    done = Project(project.root, "minimel").run("up")
    assert done.code != 0
    assert "Did you mean 'minimal'?" in done.text
    assert "Traceback" not in done.text


def test_an_empty_topology_is_a_sentence(project: Project) -> None:
    project.stack_file.write_text("config:\n  hybridge:topology: {}\n", encoding="utf-8")
    assert "sites: `sites` is missing." in refused(project).text


def test_a_stack_without_a_topology_is_a_sentence(project: Project) -> None:
    project.stack_file.write_text("config:\n  other:key: value\n", encoding="utf-8")
    done = project.run("up")
    assert done.code != 0
    assert "hybridge:topology" in done.text
    assert "Traceback" not in done.text


def test_a_damaged_address_book_is_told_with_its_remedy(project: Project) -> None:
    book = project.root / "stacks" / "addresses.minimal.yaml"
    book.write_text(book.read_text(encoding="utf-8").replace("169.254.6.0/30", "169.254.6.0/29"), encoding="utf-8")
    told = refused(project).text
    assert "stacks/addresses.minimal.yaml" in told
    assert "make plan" in told


def test_a_stack_without_recorded_addresses_is_rehearsed_with_some_and_told_so(project: Project) -> None:
    (project.root / "stacks" / "addresses.minimal.yaml").unlink()
    done = project.run("preview")
    assert done.code == 0, done.text
    assert "4 entries are missing in stacks/addresses.minimal.yaml" in done.text
    assert "`make plan STACK=minimal` records them" in done.text
    assert not (project.root / "stacks" / "addresses.minimal.yaml").exists(), "what is tracked is left alone"
