"""Edition -> the files of a portal: Markdown, data, drawings. Building the site is `render.portal`."""

from muniment.render.compose import pages

__all__ = ["pages"]
