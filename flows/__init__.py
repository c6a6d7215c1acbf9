"""Prefect only: what is scheduled, fanned out and watched. Opaque ids in, ids out."""
