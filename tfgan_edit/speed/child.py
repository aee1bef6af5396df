"""Measurements in processes of their own: one JSON line for every line that they are sent."""

import json
import os
import pickle
import select
import subprocess
import sys
import tempfile

from tfgan_edit.config import UserError
from tfgan_edit.trainers.loop import resident_memory

WATCH_SECONDS = 0.02  # between two looks at a child's memory


class OverLimit(Exception):
    """A child took more memory than it was allowed and was ended."""


class Child:
    """A process that answers requests; ends with its `with` block.

    Args:
        name: what it is, for messages.
        command: program and arguments.
        environment: {variable: value} in addition to this process's; None removes one.
    """

    def __init__(self, name, command, environment=None):
        self.name = name
        variables = {**os.environ, **(environment or {})}
        self._errors = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                command,
                env={key: value for key, value in variables.items() if value is not None},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
            )
        except OSError as error:
            self._errors.close()
            raise UserError(f"cannot start {command[0]}: {error.strerror}") from error

    @classmethod
    def of(cls, name, generator, *arguments, environment=None):
        """A child of this interpreter that yields from `generator(*arguments)`.

        `generator` is a function of a module; its values and `arguments` can be pickled, and
        what it yields is JSON.
        """
        call = pickle.dumps((generator, arguments)).hex()
        command = [sys.executable, "-m", "tfgan_edit.speed.child", call]
        return cls(name, command, environment)

    def ask(self, request=""):
        """Sends a request of one line, without waiting for what `answer` returns."""
        try:
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._fail()

    def answer(self, memory_limit=None):
        """The answer to the last request.

        Args:
            memory_limit: bytes that the process may occupy meanwhile.

        Raises:
            OverLimit: it took more, and was ended.
            UserError: it failed; the message has the last line of what it wrote to stderr.
        """
        output = self._process.stdout
        while memory_limit and not select.select([output], [], [], WATCH_SECONDS)[0]:
            if resident_memory(self._process.pid) > memory_limit:
                self._process.kill()
                raise OverLimit(self.name)
        line = output.readline()
        if not line:
            self._fail()
        return json.loads(line)

    def next(self, request="", memory_limit=None):
        """Sends a request and returns the answer."""
        self.ask(request)
        return self.answer(memory_limit)

    def _fail(self):
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        raise UserError(f"{self.name} failed with code {code}: {lines[-1] if lines else 'silent'}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()  # nothing that it holds is worth the wait
        self._process.communicate()
        self._errors.close()


def _serve():
    generator, arguments = pickle.loads(bytes.fromhex(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    values = generator(*arguments)
    for _ in sys.stdin:
        print(json.dumps(next(values)), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
