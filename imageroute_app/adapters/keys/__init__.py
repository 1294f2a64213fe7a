"""Key stores: one key per person, kept apart from the person's data."""
