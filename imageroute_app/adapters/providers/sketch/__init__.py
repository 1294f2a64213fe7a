"""The built-in sketch engine: pictures drawn by rules, without AI and without a key."""
