"""The person's data on SQLite or MongoDB, sealed from the first row on."""
