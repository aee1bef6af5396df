"""The runtimes and converters of other packages, which only exports need."""

import importlib

from tfgan_edit.config import UserError


def installed(module, extra="export"):
    """The module of that name; a `UserError` that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserError(
            f"{module.partition('.')[0]} is missing ({error}): pip install -e \".[{extra}]\""
        ) from error
