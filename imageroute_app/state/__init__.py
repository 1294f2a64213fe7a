"""Reflex state: what the browser may see, and handlers that call one service verb each."""
