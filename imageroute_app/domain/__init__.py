"""What things are and which moves are legal: standard library only, no I/O, no clock."""
