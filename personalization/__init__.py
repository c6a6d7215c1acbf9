"""Personalization: artwork, data files, binding, and the script that writes them into a chip."""
