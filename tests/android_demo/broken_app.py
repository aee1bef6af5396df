"""Proves that the type-check of :app sees mistakes: a copy with several must fail at each of them.

  python -m tests.android_demo.broken_app CORE_CLASSES
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DEMO = Path(__file__).parents[2] / "android_demo"
SOURCES = DEMO / "app/src/main/kotlin"
# (file, what stands there, what stands there instead): a wrong name, number, type, null, argument.
MISTAKES = (
    ("PhotoReader.kt", "decoder.setTargetSampleSize(", "decoder.setTargetSampleSise("),
    ("PhotoView.kt", "event.getX(it)", "event.getX(it.toLong())"),
    ("EditState.kt", "bundle.putLong(SEED, seed)", "bundle.putLong(SEED, strength)"),
    ("PhotoWriter.kt", "resolver.insert(folder, values) ?: throw IOException(name)",
     "resolver.insert(folder, values)"),
    ("LiteRtModel.kt", "GpuOptions(precision =", "GpuOptions(precisions ="),
    ("Controls.kt", "R.id.larger", "R.id.largest"),
    ("Words.kt", "R.string.runs,", "R.string.run,"),
    ("MainActivity.kt", "override fun onStart()", "override fun onBegin()"),
    ("FaceFinder.kt", "face.getMidPoint(middle)", "face.getMidPoint()"),
    ("EditSession.kt", "engine?.cancel()", "engine.cancel()"),
)


def broken_lines(folder):
    """Breaks the copy in `folder`; {file: number of the line} of the mistakes."""
    lines = {}
    for name, right, wrong in MISTAKES:
        path = folder / "org/tfganedit/app" / name
        text = path.read_text()
        if text.count(right) < 1:
            raise SystemExit(f"{name} no longer has {right!r}: change MISTAKES")
        lines[name] = text[: text.index(right)].count("\n") + 1
        path.write_text(text.replace(right, wrong, 1))
    return lines


def main(core):
    with tempfile.TemporaryDirectory() as place:
        copy = shutil.copytree(SOURCES, Path(place, "sources"))
        lines = broken_lines(copy)
        command = [DEMO / "tools/compile_app.sh", core, Path(place, "out"), copy]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode == 0:
            raise SystemExit("a broken copy of :app compiled")
        # The unchecked null is told where it is used, so anywhere in that function.
        missed = [
            f"{name}:{line}"
            for name, line in lines.items()
            if not any(
                f"{name}:{number}:" in result.stderr + result.stdout
                for number in range(line, line + 12 if name == "PhotoWriter.kt" else line + 1)
            )
        ]
        if missed:
            raise SystemExit(f"not noticed: {missed}\n{result.stderr}")
    print(f"{len(lines)} mistakes noticed")


if __name__ == "__main__":
    main(*sys.argv[1:])
