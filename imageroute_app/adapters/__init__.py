"""How the outside is reached: vendor words stop here. Only bootstrap picks adapters."""
