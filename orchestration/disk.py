"""A full disk, told apart from a defect.

Belongs here: recognising it, whoever of the libraries met it, and the message. Does not belong here: how much room a
close wants (`health`).
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from orchestration.errors import NoRoom

_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# In the words of the operating system, which DuckDB repeats; and of SQLite, in which Dagster keeps its runs.
_WORDS = re.compile(
    r"no space left on device|disk quota exceeded|file too large|disk is full|disk i/o error",
    re.IGNORECASE,
)


def no_room(error: BaseException) -> NoRoom | None:
    """What to tell of `error` if a full disk is behind it, however deep; else None.

    Example:
        >>> str(no_room(OSError(errno.ENOSPC, "No space left on device")))[:23]
        'No room is left on disk'
        >>> no_room(ValueError("x"))
    """
    for one in _chain(error):
        if getattr(one, "errno", None) in _ERRNOS or _WORDS.search(str(one)):
            cause = next(line for line in str(one).splitlines() if line.strip())
            return NoRoom(
                f"No room is left on disk: {cause.strip()}. Nothing counts that was not finished; make room "
                "(`meterhouse doctor` says how much a close wants) and run the same command again."
            )
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [other for other in (one.__cause__, one.__context__) if other is not None]
