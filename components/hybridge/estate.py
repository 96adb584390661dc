"""The one place that turns a plan into components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pulumi

from hybridge.planning import AwsSitePlan, OnpremSitePlan, Plan, SiteToSiteVpnPlan, WireguardPlan, limits
from hybridge.planning.dns_model import ENDPOINT_ADDRESSES, AwsDnsPlan, OnpremDnsPlan
from hybridge.planning.protected import KEYS, ROOT, route_server
from hybridge.planning.trust_model import TrustPlan

if TYPE_CHECKING:
    from hybridge.links.vpc_route_server import VpcRouteServer
    from hybridge.sites.aws import AwsSite

# Each method imports what it declares, as a cloud's SDK takes seconds that an estate without it need not spend.

_Texts = dict[str, pulumi.Input[str]]


@dataclass
class _FarEnds:
    """What on-premises gateways need to know of the clouds' ends of their links, as it becomes known."""

    outside_addresses: _Texts = field(default_factory=dict[str, "pulumi.Input[str]"])
    preshared_keys: _Texts = field(default_factory=dict[str, "pulumi.Input[str]"])
    instance_addresses: _Texts = field(default_factory=dict[str, "pulumi.Input[str]"])
    public_keys: _Texts = field(default_factory=dict[str, "pulumi.Input[str]"])
    private_keys: _Texts = field(default_factory=dict[str, "pulumi.Input[str]"])


class Estate:
    """Every site and link of a plan, declared; no provider but the ones made here is ever used."""

    def __init__(self, plan: Plan, secret: Callable[[str], pulumi.Output[str]] | None = None) -> None:
        """Declare `plan`: cloud sites with their links, then the on-premises sites that end the links, then trust.

        :param plan: the estate
        :param secret: finds a secret of the stack's configuration by its name; None where the plan names none
        """
        self._plan = plan
        self._secret = secret
        self._far_ends = _FarEnds()
        self._keys_from = self._key_provider()
        for site in plan.aws_sites:
            self._aws_site(site)
        sites = [self._onprem_site(site) for site in plan.onprem_sites]
        resolvers = [self._resolvers(dns) for dns in plan.dns.onprem_sites]
        self.devices: pulumi.Output[Mapping[str, Mapping[str, str]]] = pulumi.Output.secret(
            pulumi.Output.all(*sites, *resolvers).apply(_merged)
        )
        """Text by file name by gateway or resolver, for all on-premises sites; secret."""
        self.cacerts: pulumi.Output[Mapping[str, Mapping[str, str]]] = pulumi.Output.secret(
            pulumi.Output.all(**(self._authorities(plan.trust) if plan.trust else {}))
        )
        """The files of Istio's secret `cacerts`, by name by cluster; secret."""

    def _key_provider(self) -> pulumi.ResourceOptions | None:
        """Make the one provider of all keys: the engine runs a process for each that a program declares.

        Each link had one of its own under its name once; what came of those stays as it is.
        """
        links = [link.name for link in (*self._plan.vpns, *self._plan.wireguards)]
        if not links:
            return None
        import pulumi_random as random

        aliases = [pulumi.Alias(name=link) for link in links]
        return pulumi.ResourceOptions(providers=[random.Provider(KEYS, opts=pulumi.ResourceOptions(aliases=aliases))])

    def _aws_site(self, plan: AwsSitePlan) -> None:
        import pulumi_aws as aws

        from hybridge.sites.aws import AwsSite, AwsSiteArgs
        from hybridge.sites.aws_provider import aws_provider_args

        provider = aws.Provider(plan.name, aws_provider_args(plan, self._plan.stack))
        opts = pulumi.ResourceOptions(providers=[provider])
        site = AwsSite(plan.name, AwsSiteArgs(plan, self._plan.allow_replacement), opts)
        for vpn in self._plan.vpns:
            if vpn.cloud == plan.name:
                self._site_to_site_vpn(vpn, site, opts)
        self._wireguards(plan, site, [link for link in self._plan.wireguards if link.cloud == plan.name], opts)
        for dns in self._plan.dns.aws_sites:
            if dns.site == plan.name:
                self._forwarding(dns, site, opts)

    def _site_to_site_vpn(self, vpn: SiteToSiteVpnPlan, site: AwsSite, opts: pulumi.ResourceOptions) -> None:
        from hybridge.links.site_to_site_vpn import OnpremSiteToSiteVpn, OnpremSiteToSiteVpnArgs
        from hybridge.links.site_to_site_vpn_aws import AwsSiteToSiteVpn, AwsSiteToSiteVpnArgs

        given: _Texts = {
            tunnel.name: self._secret(tunnel.preshared_key_secret)
            for tunnel in vpn.tunnels
            if tunnel.preshared_key_secret and self._secret
        }
        near = OnpremSiteToSiteVpn(vpn.name, OnpremSiteToSiteVpnArgs(vpn, given), self._keys_from)
        args = AwsSiteToSiteVpnArgs(
            vpn,
            {**near.tunnel_keys},
            transit_gateway_id=site.transit_gateway_id,
            vpn_gateway_id=site.vpn_gateway_id,
            alarm_topic_arn=site.alarm_topic_arn,
            allow_replacement=self._plan.allow_replacement,
        )
        far = AwsSiteToSiteVpn(vpn.name, args, opts)
        self._far_ends.preshared_keys |= near.tunnel_keys
        self._far_ends.outside_addresses |= far.tunnel_addresses

    def _wireguards(
        self, plan: AwsSitePlan, site: AwsSite, links: Sequence[WireguardPlan], opts: pulumi.ResourceOptions
    ) -> None:
        if not links:
            return
        from hybridge.links.vpc_route_server import VpcRouteServer, VpcRouteServerArgs

        names = plan.existing.route_tables if plan.existing else [plan.name]
        tables: _Texts = {name: site.route_table_ids[index] for index, name in enumerate(names)}
        subnets = _first(site.gateway_subnet_ids, max(len(link.instances) for link in links))
        server = None
        if any(len(link.instances) > 1 for link in links):
            args = VpcRouteServerArgs(plan.asn, site.vpc_id, subnets, tables, self._plan.allow_replacement)
            server = VpcRouteServer(route_server(plan.name), args, opts)
        for link in links:
            self._wireguard(link, site, subnets, tables, server, opts)

    def _wireguard(  # noqa: PLR0913, PLR0917 - what a link needs of its site
        self,
        link: WireguardPlan,
        site: AwsSite,
        subnets: list[pulumi.Input[str]],
        tables: _Texts,
        server: VpcRouteServer | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        from hybridge.links.wireguard import OnpremWireguard, OnpremWireguardArgs
        from hybridge.links.wireguard_aws import AwsWireguard, AwsWireguardArgs

        allowed, far_ends = self._plan.allow_replacement, self._far_ends
        near = OnpremWireguard(link.name, OnpremWireguardArgs(link, allowed), self._keys_from)
        instances = [instance.name for instance in link.instances]
        gateways = [gateway.name for gateway in link.gateways]
        private_keys = _each(near.private_keys, link.made_keys)
        public_keys = _each(near.public_keys, [*instances, *gateways])
        served = server if len(instances) > 1 else None
        endpoints = limits.number("aws.route-server.endpoints-a-subnet") * len(subnets)
        args = AwsWireguardArgs(
            link,
            site.vpc_id,
            subnets[: len(instances)],
            private_keys={name: private_keys[name] for name in instances},
            public_keys={name: public_keys[name] for name in gateways},
            endpoint_ids=_first(served.endpoint_ids, endpoints) if served else None,
            endpoint_addresses=_first(served.endpoint_addresses, endpoints) if served else None,
            route_table_ids=None if served else tables,
            alarm_topic_arn=site.alarm_topic_arn,
            allow_replacement=allowed,
        )
        far = AwsWireguard(link.name, args, opts)
        far_ends.instance_addresses |= _each(far.addresses, instances)
        far_ends.public_keys |= {name: public_keys[name] for name in instances}
        far_ends.private_keys |= {name: private_keys[name] for name in gateways if name in private_keys}

    def _forwarding(self, dns: AwsDnsPlan, site: AwsSite, opts: pulumi.ResourceOptions) -> None:
        from hybridge.dns.aws import AwsDnsForwarding, AwsDnsForwardingArgs

        subnets = _first(site.resolver_subnet_ids, ENDPOINT_ADDRESSES)
        AwsDnsForwarding(dns.site, AwsDnsForwardingArgs(dns, site.vpc_id, subnets, self._plan.allow_replacement), opts)

    def _onprem_site(self, site: OnpremSitePlan) -> pulumi.Output[dict[str, dict[str, str]]]:
        from hybridge.sites.onprem import OnpremSite, OnpremSiteArgs

        far_ends = self._far_ends
        tunnels = [tunnel.name for vpn in site.vpns for tunnel in vpn.tunnels]
        instances = [instance.name for link in site.wireguards for instance in link.instances]
        gateways = [gateway.name for link in site.wireguards for gateway in link.gateways]
        args = OnpremSiteArgs(
            site,
            outside_addresses={name: far_ends.outside_addresses[name] for name in tunnels},
            preshared_keys={name: far_ends.preshared_keys[name] for name in tunnels},
            instance_addresses={name: far_ends.instance_addresses[name] for name in instances},
            public_keys={name: far_ends.public_keys[name] for name in instances},
            private_keys={name: far_ends.private_keys[name] for name in gateways if name in far_ends.private_keys},
        )
        return OnpremSite(site.name, args).devices

    def _resolvers(self, dns: OnpremDnsPlan) -> pulumi.Output[dict[str, dict[str, str]]]:
        from hybridge.dns.onprem import OnpremDnsForwarding, OnpremDnsForwardingArgs

        return OnpremDnsForwarding(dns.site, OnpremDnsForwardingArgs(dns)).devices

    def _authorities(self, trust: TrustPlan) -> dict[str, pulumi.Output[dict[str, str]]]:
        import pulumi_tls as tls

        from hybridge.trust.cluster import ClusterAuthority, ClusterAuthorityArgs
        from hybridge.trust.root import RootAuthority, RootAuthorityArgs

        opts = pulumi.ResourceOptions(providers=[tls.Provider(ROOT)])
        root = RootAuthority(ROOT, RootAuthorityArgs(trust, self._plan.allow_replacement), opts)
        return {
            cluster: ClusterAuthority(
                cluster,
                ClusterAuthorityArgs(
                    trust, cluster, root.certificate, root.ends, root.private_key, self._plan.allow_replacement
                ),
                opts,
            ).cacerts
            for cluster in trust.clusters
        }


def _each(texts: pulumi.Output[dict[str, str]], names: Sequence[str]) -> _Texts:
    """Take an output of texts apart by their names, which planning knows."""
    return {name: texts[name] for name in names}


def _first(texts: pulumi.Output[list[str]], count: int) -> list[pulumi.Input[str]]:
    """Take an output of texts apart, of which planning knows how many there are."""
    return [texts[index] for index in range(count)]


def _merged(sites: list[dict[str, dict[str, str]]]) -> dict[str, dict[str, str]]:
    return {gateway: texts for site in sites for gateway, texts in site.items()}
