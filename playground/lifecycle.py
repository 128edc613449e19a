"""Whether this process still takes new work. Read it as `lifecycle.draining`, never import the name itself."""

draining: bool = False
closing: bool = False


def drain_begin() -> None:
    """Refuse new runs from now on; the process is about to stop."""
    global draining  # noqa: PLW0603 - one flag per process is the point of this module
    draining = True


def close_begin() -> None:
    """Refuse new sockets from now on, too: pages go to another process, or wait for the next one."""
    global closing  # noqa: PLW0603 - as above
    closing = True
