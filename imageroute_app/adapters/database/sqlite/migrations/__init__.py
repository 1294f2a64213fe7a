"""Alembic: forward only, run at start-up by schema.py; to add a step, write the next file in versions."""
