"""The stations: command line, web, API."""
