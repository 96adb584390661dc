"""A cluster's intermediate authority, as its mesh takes it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pulumi
import pulumi_tls as tls

from hybridge.planning.trust_model import TrustPlan
from hybridge.protection import is_protected

from .keys import private_key


@dataclass
class ClusterAuthorityArgs:
    """What a cluster's authority is made of."""

    plan: TrustPlan
    """Algorithm and life."""
    cluster: str
    """The cluster's name, and the authority's."""
    root_certificate: pulumi.Input[str]
    """The root's certificate, in PEM form."""
    root_ends: pulumi.Input[str]
    """When the root's certificate ends (RFC 3339)."""
    root_private_key: pulumi.Input[str]
    """The root's key, in PEM form; secret."""
    allow_replacement: list[str] | None = None
    """Names of authorities that the engine may replace or remove."""


class OutlivesRootError(Exception):
    """A certificate would end after the root's; the message says what to do."""


class ClusterAuthority(pulumi.ComponentResource):
    """A key and a certificate, signed by the root, that a cluster's mesh signs its workloads' certificates with.

    The key is protected. An update in the last tenth of the certificate's life renews it, with the same key. No
    certificate is made that would outlive its root, as one for a cluster that comes late might: from the root's end on
    no verifier would take it. The engine asks for that before it makes one, in a preview too.

    The provider writes no path length of 0 into a certificate; the root's path length of 1 says the same of all that
    stands below it.
    """

    cacerts: pulumi.Output[dict[str, str]]
    """The four files of Istio's secret `cacerts`, text by file name; secret."""
    ends: pulumi.Output[str]
    """When the certificate ends (RFC 3339)."""

    def __init__(self, name: str, args: ClusterAuthorityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:ClusterAuthority", name, {}, opts)
        plan = args.plan
        child = pulumi.ResourceOptions(parent=self)
        protected = pulumi.ResourceOptions(parent=self, protect=is_protected(name, args.allow_replacement))
        key = private_key(name, plan.algorithm, protected)
        request = tls.CertRequest(
            name,
            private_key_pem=key.private_key_pem,
            subject=tls.CertRequestSubjectArgs(organization=plan.organization, common_name=args.cluster),
            opts=child,
        )
        certificate = tls.LocallySignedCert(
            name,
            cert_request_pem=request.cert_request_pem,
            ca_cert_pem=args.root_certificate,
            ca_private_key_pem=args.root_private_key,
            is_ca_certificate=True,
            set_subject_key_id=True,
            allowed_uses=["cert_signing", "crl_signing"],
            validity_period_hours=plan.intermediate_hours,
            early_renewal_hours=plan.renewal_hours,
            opts=pulumi.ResourceOptions(parent=self, hooks=self._guard(args)),
        )
        parts = pulumi.Output.all(key=key.private_key_pem, certificate=certificate.cert_pem, root=args.root_certificate)
        self.cacerts = pulumi.Output.secret(parts.apply(_files))
        self.ends = certificate.validity_end_time
        self.register_outputs({"cacerts": self.cacerts, "ends": self.ends})

    def _guard(self, args: ClusterAuthorityArgs) -> pulumi.ResourceHookBinding:
        async def check(_: pulumi.ResourceHookArgs) -> None:
            root_ends = pulumi.Output.from_input(args.root_ends)
            # A root that is made in this very update lives as planned, which planning has judged.
            if await root_ends.is_known():
                refuse_to_outlive(args.cluster, args.plan, await root_ends.future() or "")

        hook = pulumi.ResourceHook(
            f"{args.cluster}-within-its-root", check, pulumi.ResourceHookOptions(on_dry_run=True)
        )
        return pulumi.ResourceHookBinding(before_create=[hook])


def refuse_to_outlive(cluster: str, plan: TrustPlan, root_ends: str) -> None:
    """Refuse a certificate that is made now and would outlive its root.

    :param cluster: whose it is
    :param plan: algorithm and life
    :param root_ends: when the root's certificate ends (RFC 3339)
    :raises OutlivesRootError: where it would
    """
    left = datetime.fromisoformat(root_ends) - datetime.now(UTC)
    if timedelta(hours=plan.intermediate_hours) > left:
        years = left / timedelta(hours=plan.intermediate_hours) * plan.intermediate_years
        raise OutlivesRootError(
            f"The certificate of {cluster} is to live {plan.intermediate_years} years, and its root ends in "
            f"{max(years, 0):.1f}, on {root_ends[:10]}. Rotate the root, or give intermediates a shorter life "
            "(`trust.intermediate_years`)."
        )


def _files(parts: dict[str, str]) -> dict[str, str]:
    """Name the files as istiod looks for them; the chain goes from the intermediate to the root."""
    return {
        "ca-cert.pem": parts["certificate"],
        "ca-key.pem": parts["key"],
        "cert-chain.pem": parts["certificate"] + parts["root"],
        "root-cert.pem": parts["root"],
    }
