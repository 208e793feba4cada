"""Who acts in the example. All of them are invented."""

from __future__ import annotations

AUTHOR = "p-sandoval"
ENGINEERING = "p-okafor"
VERIFICATION = "p-lindholm"
BIOSTATISTICS = "p-varga"
CLINICAL = "p-achterberg"
QUALITY = "p-moreau"
REGULATORY = "p-teixeira"
RISK = "p-hughes"
OPERATIONS = "p-nakata"
STEWARD = "p-brandt"
SECURITY = "p-kowalczyk"
SERVICE = "svc-evaluation"

JURISDICTION = "none - worked example"
"""As device.yaml spells it."""

BOARD = [ENGINEERING, SECURITY, BIOSTATISTICS, CLINICAL, REGULATORY, RISK, QUALITY]
