"""Waking workers and telling watchers."""

RUN_JOB = "run_job"
"""The name of the task that tasks.py puts on the broker."""
