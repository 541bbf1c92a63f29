"""Whether something went wrong only because memory, threads or file handles were used up at that moment."""

import errno

USED_UP = frozenset({errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
NO_THREAD = "can't start new thread"
"""All that Python says where there is no memory for another thread."""


def is_used_up(error: BaseException | None) -> bool:
    """Tell whether a fault, or what led to it, was of that kind: then the same may work a moment later."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and NO_THREAD in str(error)):
            return True
        if isinstance(error, OSError) and error.errno in USED_UP:
            return True
        seen.append(error)
        error = error.__cause__ or error.__context__
    return False
