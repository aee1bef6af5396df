"""Counts what was tried, for the table in docs/faults.md."""

import pytest

COUNTS = pytest.StashKey()


@pytest.fixture
def record_faults(request):
    """record_faults(what, **counts): shown at the end of the run."""

    def record(what, **counts):
        request.config.stash.setdefault(COUNTS, []).append((what, counts))

    return record


def pytest_terminal_summary(terminalreporter, config):
    found = config.stash.get(COUNTS, [])
    if not found:
        return
    terminalreporter.section("faults that were tried")
    for what, counts in found:
        numbers = ", ".join(f"{count} {name}" for name, count in counts.items())
        terminalreporter.write_line(f"{what}: {numbers}")
    total = sum(sum(counts.values()) for _, counts in found)
    terminalreporter.write_line(f"together: {total}")
