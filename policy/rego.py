"""Policies whose rule is Rego text: Gatekeeper enforces it in the clusters, and OPA judges by it at preview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import pulumi
from known import UNKNOWN, at, items, mapping
from opa import Opa, OpaError
from pods import pods
from pulumi_policy import ReportViolation, ResourceValidationArgs, ResourceValidationPolicy
from settings import misspelt, schema

RULES: Final = Path(__file__).parent / "rules"
_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")
_EXEMPT_NAMESPACES: Final = "exemptNamespaces"


@dataclass(frozen=True)
class Rule:
    """A rule in Rego about pods.

    Attributes:
        policy: the policy's name; the rule's package and file are named after it.
        description: what holds where the policy is kept.
        subject: what the rule looks at in a container. One that has something unknown there is not judged yet.
        of_volumes: what it looks at in a volume, likewise.
        patches: whether it can judge a patch, which leaves out what it does not change.
    """

    policy: str
    description: str
    subject: tuple[str, ...]
    of_volumes: tuple[str, ...] = ()
    patches: bool = True

    @property
    def package(self) -> str:
        """The rule's package, below `hybridge`."""
        return self.policy.replace("-", "_")

    def judged(self, pod: Mapping[str, object]) -> dict[str, object]:
        """Return a pod without those of its parts that cannot be judged yet."""
        spec = mapping(pod.get("spec"))
        ways = {**dict.fromkeys(_CONTAINERS, self.subject), "volumes": self.of_volumes}
        known = {part: [one for one in items(spec.get(part)) if _is_known(one, way)] for part, way in ways.items()}
        return {**pod, "spec": {**spec, **known}}


RULES_ABOUT_PODS: Final = (
    Rule(
        "allowed-registries",
        "Images come from allowed registries.",
        subject=("image",),
        of_volumes=("image", "reference"),
    ),
    Rule(
        "no-privileged-containers",
        "No container may do on its node whatever root may.",
        subject=("securityContext", "privileged"),
    ),
    Rule(
        "required-limits",
        "Every container has limits, so that none takes a node from the others.",
        subject=("resources", "limits"),
        patches=False,
    ),
)


def rego_policies() -> list[ResourceValidationPolicy]:
    """Return the policies that are written in Rego, with one OPA among them."""
    opa = Opa(sorted(RULES.rglob("*.rego")))
    return [_policy(rule, opa) for rule in RULES_ABOUT_PODS]


def _policy(rule: Rule, opa: Opa) -> ResourceValidationPolicy:
    told: set[str] = set()

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for pod in pods(args.resource_type, args.props, patches=rule.patches):
            try:
                found = _judge(rule, opa, pod, args.get_config())
            except OpaError as error:
                # A preview has failed with the first such sentence. An update goes on with other resources.
                if str(error) not in told or not pulumi.runtime.is_dry_run():
                    told.add(str(error))
                    report(str(error), args.urn)
                return
            if found:
                report("\n".join(found), args.urn)

    return ResourceValidationPolicy(rule.policy, rule.description, validate, config_schema=schema(rule.policy))


def _judge(rule: Rule, opa: Opa, pod: Mapping[str, object], config: Mapping[str, object]) -> list[str]:
    wrong = list(misspelt(rule.policy, config))
    if _is_exempt(at(pod, "metadata", "namespace"), items(config.get(_EXEMPT_NAMESPACES))):
        return wrong
    parameters = {name: value for name, value in config.items() if name != _EXEMPT_NAMESPACES}
    return wrong + opa.violations(rule.package, {"object": rule.judged(pod)}, parameters)


def _is_exempt(namespace: object, exempt: list[object]) -> bool:
    """Say whether a namespace is let through, or may be, as long as it is not known."""
    if namespace is UNKNOWN:
        return bool(exempt)
    return any(fnmatchcase(str(namespace or "default"), str(pattern)) for pattern in exempt)


def _is_known(part: object, way: tuple[str, ...]) -> bool:
    return part is not UNKNOWN and at(mapping(part), *way) is not UNKNOWN
