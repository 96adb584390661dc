"""What is said when the engine cannot be had."""


class EngineError(Exception):
    """The engine cannot be had; the message is a sentence for the person: what is the matter, and what to do now."""
