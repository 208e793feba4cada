"""The command line: options to a request, a request to an exit code. One file a command group."""
