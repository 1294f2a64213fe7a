"""Ways to be paid: the sandbox, which is part of the house, and Dodo Payments."""
