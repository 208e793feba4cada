"""Frozen values shared by the stages. Nothing here reads a file, a clock or the network."""
