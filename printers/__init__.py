"""Printer-encoder drivers and card readers."""
