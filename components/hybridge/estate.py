"""The one place that turns a plan into components."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from hybridge.planning import AwsSitePlan, OnpremSitePlan, Plan, SiteToSiteVpnPlan


class Estate:
    """Every site and link of a plan, declared; no provider but the ones made here is ever used."""

    def __init__(self, plan: Plan) -> None:
        """Declare `plan`: cloud sites, then links, then the on-premises sites that end the links' tunnels."""
        self._plan = plan
        self._keys: dict[str, pulumi.Output[str]] = {}
        self._addresses: dict[str, pulumi.Output[str]] = {}
        for site in plan.aws_sites:
            self._aws_site(site, [vpn for vpn in plan.vpns if vpn.cloud == site.name])
        sites = [self._onprem_site(site) for site in plan.onprem_sites]
        self.devices: pulumi.Output[Mapping[str, Mapping[str, str]]] = pulumi.Output.all(*sites).apply(_merged)
        """Text by file name by gateway, for all on-premises sites; secret."""

    def _aws_site(self, site: AwsSitePlan, vpns: list[SiteToSiteVpnPlan]) -> None:
        import pulumi_aws as aws

        from hybridge.links.site_to_site_vpn_aws import AwsSiteToSiteVpn, AwsSiteToSiteVpnArgs
        from hybridge.sites.aws import AwsSite, AwsSiteArgs

        provider = aws.Provider(
            site.name,
            region=site.region,
            default_tags={"tags": {"hybridge:stack": self._plan.stack, "hybridge:site": site.name}},
        )
        opts = pulumi.ResourceOptions(providers=[provider])
        hub = AwsSite(site.name, AwsSiteArgs(site), opts)
        for vpn in vpns:
            keys = self._preshared_keys(vpn)
            half = AwsSiteToSiteVpn(vpn.name, AwsSiteToSiteVpnArgs(vpn, hub.transit_gateway_id, dict(keys)), opts)
            self._addresses |= {tunnel.name: half.outside_addresses[tunnel.name] for tunnel in vpn.tunnels}

    def _preshared_keys(self, vpn: SiteToSiteVpnPlan) -> dict[str, pulumi.Output[str]]:
        import pulumi_random as random

        from hybridge.links.site_to_site_vpn import OnpremSiteToSiteVpn, OnpremSiteToSiteVpnArgs

        provider = random.Provider(vpn.name)
        half = OnpremSiteToSiteVpn(vpn.name, OnpremSiteToSiteVpnArgs(vpn), pulumi.ResourceOptions(providers=[provider]))
        keys = {tunnel.name: half.preshared_keys[tunnel.name] for tunnel in vpn.tunnels}
        self._keys |= keys
        return keys

    def _onprem_site(self, site: OnpremSitePlan) -> pulumi.Output[dict[str, dict[str, str]]]:
        from hybridge.sites.onprem import OnpremSite, OnpremSiteArgs

        tunnels = [tunnel.name for vpn in site.vpns for tunnel in vpn.tunnels]
        args = OnpremSiteArgs(
            site,
            outside_addresses={name: self._addresses[name] for name in tunnels},
            preshared_keys={name: self._keys[name] for name in tunnels},
        )
        return OnpremSite(site.name, args).devices


def _merged(sites: list[dict[str, dict[str, str]]]) -> dict[str, dict[str, str]]:
    return {gateway: texts for site in sites for gateway, texts in site.items()}
