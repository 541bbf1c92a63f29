"""What is used up for the moment is told apart from a fault of ours."""

import errno
import threading

import pytest

from bot.web.used_up import is_used_up


def raised(error: Exception, because: Exception | None = None) -> Exception:
    """Give an error as it is when it was raised from another one."""
    try:
        raise error from because
    except Exception as caught:  # noqa: BLE001 whatever it is
        return caught


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.EMFILE, "Too many open files"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
        raised(ValueError("it could not be read"), MemoryError()),
    ],
)
def test_what_is_used_up_may_be_there_again_in_a_moment(error: Exception) -> None:
    assert is_used_up(error)


def test_no_memory_for_another_thread_is_that_too() -> None:
    # A stack for which there is no room beside what the process has.
    before = threading.stack_size(1 << 46)
    try:
        with pytest.raises(RuntimeError) as caught:
            threading.Thread(target=print).start()
    finally:
        threading.stack_size(before)
    assert is_used_up(caught.value)


@pytest.mark.parametrize("error", [None, ValueError("wrong"), RuntimeError("wrong"), OSError(errno.ENOENT, "none")])
def test_a_fault_of_ours_is_not(error: Exception | None) -> None:
    assert not is_used_up(error)


def test_an_error_that_leads_to_itself_is_looked_at_once() -> None:
    first, second = ValueError("one"), ValueError("other")
    first.__context__, second.__context__ = second, first
    assert not is_used_up(first)
