"""hybridge: hybrid and multicloud connectivity, declared from one topology.

Data flows one way: stack file → `topology` → `planning` → components (`sites`, `links`) → `devices` and `report`.
Nothing is imported here, so that a program loads only the clouds its topology uses.
"""
