"""Load: finds records, reads each byte once, and knows the line and column of every node."""

from muniment.load.files import DeviceFiles
from muniment.load.source import locate, locate_all, read, settings, yaml_tree

__all__ = ["DeviceFiles", "locate", "locate_all", "read", "settings", "yaml_tree"]
