"""Errors, verbs and recipes: what a user can get wrong is said here in one line."""

import sys


class UserError(ValueError):
    """A mistake of the user: one line that names the thing, the value and the fix."""


def run_verb(main):
    """Runs `main(argv)` of a verb under absl flags.

    Exit code 0 only when `main` returned; a `UserError` is printed to stderr as one
    line without a traceback and exits with 2.
    """
    from absl import app, flags

    def guarded(argv):
        try:
            if len(argv) > 1:
                raise UserError(
                    f"unexpected argument {argv[1]!r}: this command takes only --flags"
                )
            main(argv)
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)

    def parse(argv):
        try:
            return flags.FLAGS(argv)
        except flags.Error as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)

    app.run(guarded, flags_parser=parse)
