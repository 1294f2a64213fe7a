"""What the system lets this process have: as many open files as it may, not the few that a shell starts with."""

import resource

FILES_WANTED = 65_536
"""Each page holds a socket, each archive that is being sent up to 72 files; shells often start a process with 1,024."""


def allow_open_files() -> int:
    """Raise the limit of open files as far as the system allows without asking anybody; returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft
