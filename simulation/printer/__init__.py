"""Simulated printer-encoders: one physical model (`machine`), and the faces that speak for it.

`simulated` is the face in process (the port); `faults` is what goes wrong; `camera` sees what was
printed.
"""
