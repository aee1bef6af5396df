"""Processes that measure: answers, failures, limits."""

import os
import sys
import time

import pytest

from tfgan_edit.config import UserError
from tfgan_edit.speed.child import Child, OverLimit, resident_memory

ECHO = "import sys\nfor line in sys.stdin: print(len(line), flush=True)"


def test_requests_are_answered_in_turn():
    with Child("echo", [sys.executable, "-c", ECHO]) as child:
        assert child.next() == 1
        child.ask("four")
        assert child.answer() == 5
        assert child.next("two", memory_limit=2**40) == 4


def count_up(start, *names):
    """In the child."""
    print("a library's remark")
    yield [os.environ.get(name) for name in names]
    while True:
        yield start
        start += 1


def test_a_generator_is_served_by_this_interpreter(monkeypatch):
    monkeypatch.setenv("REMOVED", "1")
    environment = {"GIVEN": "yes", "REMOVED": None}
    arguments = (7, "GIVEN", "REMOVED")
    with Child.of("counter", count_up, *arguments, environment=environment) as child:
        assert [child.next() for _ in range(3)] == [["yes", None], 7, 8]


def test_a_failure_ends_with_the_child_s_last_words():
    program = "input(); import sys; sys.exit('the\\nreason')"
    with Child("bad", [sys.executable, "-c", program]) as child:
        with pytest.raises(UserError, match="^bad failed with code 1: reason$"):
            child.next()
        with pytest.raises(UserError, match="bad failed with code 1"):
            child.next()
    with pytest.raises(UserError, match="cannot start /nowhere/python: No such file"):
        Child("missing", ["/nowhere/python"])


def test_a_child_over_its_limit_is_ended():
    program = "input(); held = b'x' * 300_000_000; input(); print(1)"
    with Child("large", [sys.executable, "-c", program]) as child:
        with pytest.raises(OverLimit):
            child.next(memory_limit=200_000_000)
        assert child._process.wait() == -9


def test_leaving_ends_what_never_answers():
    start = time.monotonic()
    with Child("deaf", [sys.executable, "-c", "import time; time.sleep(600)"]) as child:
        child.ask()
    assert child._process.returncode == -9 and time.monotonic() - start < 60


def test_memory_of_a_process():
    held = b"x" * 50_000_000
    now, peak = resident_memory(), resident_memory(peak=True)
    assert len(held) < now <= peak
    assert resident_memory(pid=2**30) == 0
