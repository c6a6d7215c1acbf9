"""Benchmarks and campaigns: figures measured on synthetic people, never part of the product."""
