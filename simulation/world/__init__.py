"""The durable simulated world: cards, their chips, their prints and where they are.

`World` is the door; it outlives every process that has it open.
"""
