"""A gateway instance is what its user data makes of it; what the lab cannot do is said, and not left out."""

from __future__ import annotations

import pytest

from lab import building
from lab.cloudinit import STANDINS, boot
from lab.errors import LabError
from lab.estate import Rehearsed
from lab.sketch import Machine


def booted(user_data: str, **secrets: str) -> Machine:
    machine = Machine("dc1-wg-1", "aws-east")
    boot(machine, user_data, "i-1", secrets)
    return machine


def test_files_are_written_and_commands_run_in_their_order() -> None:
    machine = booted(
        "#cloud-config\nwrite_files:\n- path: /etc/one\n  content: first\n"
        "runcmd:\n- [systemctl, start, it]\n- [echo, two words]\n"
    )
    assert machine.files["/etc/one"] == "first"
    assert machine.files["/var/lib/cloud/data/instance-id"] == "i-1\n"
    path, first, second = machine.then
    assert path == f"export PATH={STANDINS}:$PATH"
    assert "systemctl start it" in first
    assert "echo 'two words'" in second


def test_an_instance_that_takes_up_its_settings_takes_up_none_of_this_machines() -> None:
    """Some of the kernel's are nobody's own: set in the lab, they would be set for everybody."""
    assert booted("#cloud-config\nruncmd: []\n").files["/etc/sysctl.conf"] == ""
    assert {"/etc/sysctl.d", "/usr/lib/sysctl.d", "/usr/local/lib/sysctl.d"} <= set(building._EMPTY)


def test_a_secret_is_kept_under_its_own_name() -> None:
    machine = booted("#cloud-config\nruncmd: []\n", arn_one="text")
    assert machine.files["/etc/lab/secrets/0"] == "arn_one\ntext"


def test_a_module_that_the_lab_does_not_know_is_named() -> None:
    with pytest.raises(LabError) as caught:
        booted("#cloud-config\nruncmd: []\nusers: []\npackages: [frr]\nntp: {}\n")
    assert str(caught.value) == (
        "The user data of dc1-wg-1 asks cloud-init for `packages`, `users`, which the lab cannot do."
    )


@pytest.mark.parametrize(
    "text", ["", "#!/bin/sh\ntrue\n", "#cloud-config\n", "#cloud-config\n- one\n", "#cloud-config\n{"]
)
def test_what_is_no_cloud_config_starts_nothing_and_is_a_sentence(text: str) -> None:
    with pytest.raises(LabError, match=r"The user data of dc1-wg-1 is no cloud-config"):
        booted(text)


def test_the_instances_of_the_estate_ask_for_nothing_that_the_lab_cannot_do(reference: Rehearsed) -> None:
    instances = list(reference.of("aws:ec2/instance:Instance"))
    assert len(instances) == 2
    for instance in instances:
        assert "hybridge-configure.timer" in booted(str(instance.inputs["userData"])).then[-1]
