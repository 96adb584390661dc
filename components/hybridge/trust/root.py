"""The root authority: the one key that every cluster of a mesh trusts."""

from dataclasses import dataclass

import pulumi
import pulumi_tls as tls

from hybridge.planning.trust_model import TrustPlan
from hybridge.protection import is_protected

from .keys import private_key


@dataclass
class RootAuthorityArgs:
    """What a root authority is made of."""

    plan: TrustPlan
    """Name, algorithm and life."""
    allow_replacement: list[str] | None = None
    """Names of authorities that the engine may replace or remove."""


class RootAuthority(pulumi.ComponentResource):
    """A key and a self-signed certificate that intermediate authorities are signed with.

    Both are protected: another root is one that no cluster trusts. So the engine refuses whatever would replace them:
    another algorithm, another life, another organization. The certificate's own end is no exception: from that day on
    every update is refused, and the mesh does not work any more, so the root has to be rotated before. The provider is
    given no earlier day, as nothing but a rotation could follow from it.

    One intermediate may stand below the root and none below that (path length 1): what an intermediate signs can never
    sign in turn. The key is in the state, as a secret.
    """

    certificate: pulumi.Output[str]
    """The certificate, in PEM form."""
    ends: pulumi.Output[str]
    """When the certificate ends (RFC 3339)."""
    private_key: pulumi.Output[str]
    """The key, in PEM form; secret."""

    def __init__(self, name: str, args: RootAuthorityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:RootAuthority", name, {}, opts)
        plan = args.plan
        protected = pulumi.ResourceOptions(parent=self, protect=is_protected(name, args.allow_replacement))
        key = private_key(name, plan.algorithm, protected)
        certificate = tls.SelfSignedCert(
            name,
            private_key_pem=key.private_key_pem,
            subject=tls.SelfSignedCertSubjectArgs(organization=plan.organization, common_name=plan.root_name),
            is_ca_certificate=True,
            max_path_length=1,
            allowed_uses=["cert_signing", "crl_signing"],
            validity_period_hours=plan.root_hours,
            opts=protected,
        )
        self.certificate = certificate.cert_pem
        self.ends = certificate.validity_end_time
        self.private_key = pulumi.Output.secret(key.private_key_pem)
        self.register_outputs({"certificate": self.certificate, "ends": self.ends, "private_key": self.private_key})
