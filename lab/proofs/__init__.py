"""The proofs: each one statement of the plan, shown by the lab's daemons and traffic."""

from .verdict import Lab, Verdict

__all__ = ["Lab", "Verdict"]
