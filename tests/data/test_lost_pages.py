"""A mapped file that is truncated ends the process with one line."""

import subprocess
import sys

CODE = """
import sys, mmap, types
from pathlib import Path
package = types.ModuleType("tfgan_edit")  # without TensorFlow
package.__path__ = ["tfgan_edit"]
data = types.ModuleType("tfgan_edit.data")
data.__path__ = ["tfgan_edit/data"]
sys.modules |= {"tfgan_edit": package, "tfgan_edit.data": data}
from tfgan_edit.data.lost_pages import explain_lost_pages
path = Path(sys.argv[1])
path.write_bytes(bytes(100_000))
other = path.with_name("whole")
other.write_bytes(b"whole")
with open(path, "rb") as file:
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
explain_lost_pages([other, path])
path.write_bytes(b"") if sys.argv[2] == "truncated" else path.unlink()
print(sum(mapped[50_000:50_010]))
"""


def run(path, what):
    return subprocess.run(
        [sys.executable, "-c", CODE, str(path), what], capture_output=True, text=True, timeout=120
    )


def test_a_truncated_file_is_named(tmp_path):
    done = run(tmp_path / "shard.npy", "truncated")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.strip().count("\n") == 0
    assert f"error: {tmp_path / 'shard.npy'} was shortened while it was read" in done.stderr


def test_a_deleted_file_stays_mapped(tmp_path):
    done = run(tmp_path / "shard.npy", "deleted")
    assert (done.returncode, done.stdout) == (0, "0\n")
