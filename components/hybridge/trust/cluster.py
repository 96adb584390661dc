"""A cluster's intermediate authority, as its mesh takes it."""

from dataclasses import dataclass
from datetime import datetime

import pulumi
import pulumi_tls as tls

from hybridge.planning.trust_model import TrustPlan

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


class ClusterAuthority(pulumi.ComponentResource):
    """A key and a certificate, signed by the root, that a cluster's mesh signs its workloads' certificates with.

    An update in the last tenth of the certificate's life renews it, with the same key. Of a certificate that would
    outlive its root, as one for a cluster that comes late may, every update warns: no verifier takes it from the root's
    end on.

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
        key = private_key(name, plan.algorithm, child)
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
            opts=child,
        )
        parts = pulumi.Output.all(key=key.private_key_pem, certificate=certificate.cert_pem, root=args.root_certificate)
        self.cacerts = pulumi.Output.secret(parts.apply(_files))
        self.ends = pulumi.Output.all(own=certificate.validity_end_time, root=args.root_ends).apply(self._checked_end)
        self.register_outputs({"cacerts": self.cacerts, "ends": self.ends})

    def _checked_end(self, ends: dict[str, str]) -> str:
        if datetime.fromisoformat(ends["own"]) > datetime.fromisoformat(ends["root"]):
            pulumi.log.warn(
                f"The certificate ends {ends['own']}, and its root, {ends['root']}, before: rotate the root in time.",
                self,
            )
        return ends["own"]


def _files(parts: dict[str, str]) -> dict[str, str]:
    """Name the files as istiod looks for them; the chain goes from the intermediate to the root."""
    return {
        "ca-cert.pem": parts["certificate"],
        "ca-key.pem": parts["key"],
        "cert-chain.pem": parts["certificate"] + parts["root"],
        "root-cert.pem": parts["root"],
    }
