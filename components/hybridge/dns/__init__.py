"""Conditional forwarding between sites: a VPC's resolver endpoints and rules, and the datacentre's resolvers."""
