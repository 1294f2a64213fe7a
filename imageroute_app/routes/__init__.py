"""HTTP in: plain Starlette routes over the services they are handed. No Reflex, no adapters."""
