"""AMD's library for networks, which is not used: a switch that chooses nothing."""

from __future__ import annotations

immediate = False
