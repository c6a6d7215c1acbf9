"""Intake: signed files of approved records become jobs, line by line, none blocking another."""
