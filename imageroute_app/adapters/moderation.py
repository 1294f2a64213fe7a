"""Our own check of a prompt (placeholder: its rules are being written; the class must be called PromptRules, no arguments)."""


class PromptRules:
    """domain.ports.Moderation."""

    def objection(self, prompt: str) -> str:
        """Return the id of the rule that the prompt breaks, or an empty text."""
        return ""
