"""The shape of everything in a stack file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Unknown keys are errors, nothing is coerced, nothing changes later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
