"""Card readers: PC/SC by name, supervised, and the check that one card lies in the field."""
