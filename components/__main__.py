"""The components as a Pulumi package, for programs in any language that Pulumi runs."""

from pulumi.provider.experimental import component_provider_host

from hybridge.package import COMPONENTS

if __name__ == "__main__":
    component_provider_host(name="hybridge", components=COMPONENTS)
