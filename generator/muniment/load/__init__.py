"""Load: finds records, reads each byte once, and knows the line and column of every node."""

from muniment.load.files import DeviceFiles
from muniment.load.source import devices, locate, locate_all, read, settings, yaml_tree

__all__ = ["DeviceFiles", "devices", "locate", "locate_all", "read", "settings", "yaml_tree"]
