"""OpenAI's image API as nine vendors speak it: rows in `dialects`, requests in `submission`, answers in `provider`."""

from imageroute_app.adapters.providers.openai_compat.provider import OpenAICompatProvider

__all__ = ["OpenAICompatProvider"]
