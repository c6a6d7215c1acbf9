"""Campaigns: long runs that hold the house to a figure. `python -m benchmarks.campaigns NAME`."""
