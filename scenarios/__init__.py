"""Field scenarios as data: offices, proportions and events of reported places; made-up people."""
