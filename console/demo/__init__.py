"""The demo: the whole job on synthetic people and the simulated world, and the field scenarios."""
