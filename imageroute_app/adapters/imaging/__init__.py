"""Checking, marking and scaling pictures."""
