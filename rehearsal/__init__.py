"""Rehearsals: the real engine, the real program and the real policies against simulated clouds.

Nothing in `components/` knows of this package; it only ever meets the program through Pulumi's provider protocol.
"""
