"""One module a page, each a function from the desk to a page with its values."""
