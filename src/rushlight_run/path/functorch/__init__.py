"""`import functorch` gives Rushlight's `func` where this folder is on Python's path."""

from rushlight.standing_in import stand_in

stand_in()
