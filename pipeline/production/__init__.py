"""Production: a line works through a batch, one card at a time, and never loses sight of one."""
