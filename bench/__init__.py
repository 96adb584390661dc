"""Benchmarks: what an estate costs beside a flat program, and how that grows. `make bench` runs and prints them."""
