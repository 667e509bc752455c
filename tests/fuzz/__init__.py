"""A hostile hour at the door: `make fuzz SEED=1 REQUESTS=100000`."""
