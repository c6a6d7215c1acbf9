"""The simulated world, a product feature: cards, chips, machines, faults and synthetic people."""
