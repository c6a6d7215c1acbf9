"""Figures on synthetic people: the suite behind `ektp bench`, and campaigns for developers.

Nothing of the house imports this package but `console.cli.bench`
(`docs/decisions/0008-benchmarks.md`).
"""
