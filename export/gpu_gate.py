"""Would a phone's graphics processor take the whole file?

LiteRT's GPU accelerator (WebGPU) compiles it for the graphics processor alone, on a Vulkan driver
that needs no graphics card: SwiftShader, which comes with Chromium. A good proxy for phones, whose
accelerator uses OpenCL, not proof.

    apt-get install chromium libvulkan1

The accelerator runs in a process of its own: what it refuses it says on stderr, and a driver may
end the process.
"""

import ctypes.util
import os
import re
from pathlib import Path

from export import child

DRIVERS = (
    "/usr/lib/chromium/vk_swiftshader_icd.json",
    "/usr/lib/chromium-browser/vk_swiftshader_icd.json",
    "/opt/google/chrome/vk_swiftshader_icd.json",
)
VARIABLE = "VK_ICD_FILENAMES"  # by which Vulkan is told of another driver
INSTALL = "apt-get install chromium libvulkan1"
SECONDS = 600  # a large network's shaders on a processor
# Half precision in a driver, or float32 with other sums: both stay below this part of the range.
MAX_ERROR = 2e-2


def driver():
    """Path of a Vulkan driver's description, or None where the check cannot run."""
    if ctypes.util.find_library("vulkan") is None:
        return None
    if os.environ.get(VARIABLE):
        return os.environ[VARIABLE]
    return next((path for path in DRIVERS if Path(path).is_file()), None)


def check(path, example, layers=()):
    """Compiles and runs a TFLite file on the graphics processor only.

    Args:
        path: of the file.
        example: {name of a signature: (inputs, outputs of the file on the processor)}.
        layers: [(name of an operation, layer)] of the file, to say where a refused one is.

    Returns:
        {"status": "passed", "max_error": …}; {"status": "refused", "refused": [{"op", "layers",
        "reason"}]}; or {"status": "not checked", "reason": …}.
    """
    found = driver()
    if found is None:
        return {"status": "not checked", "reason": f"no Vulkan driver: {INSTALL}"}
    environment = {**os.environ, VARIABLE: found}
    done = child.run_apart(child.PYTHON, "gpu", path, example, environment, SECONDS)
    if done.error is None:
        return _refusal(done, layers)
    passed = done.error <= MAX_ERROR
    return {"status": "passed" if passed else "differs", "max_error": done.error}


def _refusal(done, layers):
    """What a failed child said, and which layers it speaks of."""
    refused = {}
    for line in done.stderr.splitlines():
        match = re.match(r"^(?:.*\] )?([A-Z][A-Z0-9_]+): (.+)$", line.strip())
        if match and match[1] not in ("ERROR", "INFO", "WARNING", "VERBOSE"):
            refused.setdefault(match[1], match[2])
    if not refused:
        return {"status": "not checked", "reason": done.reason}
    return {
        "status": "refused",
        "refused": [
            {
                "op": op,
                "layers": sorted({layer for name, layer in layers if name == op})[:10],
                "reason": reason,
            }
            for op, reason in sorted(refused.items())
        ],
    }
