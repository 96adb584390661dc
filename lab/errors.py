"""What stops a lab, told to a person."""


class LabError(Exception):
    """A lab cannot be had, or cannot do what it was asked; the message says what and what to do now."""
