"""Programs that some tests need beside Python packages; `.ci/tools` installs all of them."""

import os
import shutil

import pytest


def require_tool(name, how):
    """Path of a program; without it the test is skipped, or fails where all tools must be there.

    Args:
        name: of the program.
        how: command that installs it.
    """
    path = shutil.which(name)
    if path is None:
        missing(f"{name} is missing: {how}")
    return path


def missing(reason):
    """Skips the test, or fails it under TFGAN_EDIT_ALL_TOOLS=1; `reason` says what to install."""
    if os.environ.get("TFGAN_EDIT_ALL_TOOLS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
