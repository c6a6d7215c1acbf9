"""One object per chip profile: everything that a line does with a card of that profile."""
