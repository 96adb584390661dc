"""The components as a Pulumi package, for programs in any language that Pulumi runs."""

from pulumi.provider.experimental import component_provider_host

from hybridge.links.site_to_site_vpn import OnpremSiteToSiteVpn
from hybridge.links.site_to_site_vpn_aws import AwsSiteToSiteVpn
from hybridge.sites.aws import AwsSite
from hybridge.sites.onprem import OnpremSite

if __name__ == "__main__":
    component_provider_host(name="hybridge", components=[AwsSite, AwsSiteToSiteVpn, OnpremSite, OnpremSiteToSiteVpn])
