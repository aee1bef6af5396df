#!/usr/bin/env bash
# Type-checks :app against the stubs of Android and LiteRT; there is no SDK here, and no Gradle.
#   tools/compile_app.sh CORE_CLASSES OUT [SOURCES]    warnings are errors; nothing of it can run
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
core=$1
out=$2
sources=${3:-$here/app/src/main/kotlin}
mkdir -p "$out"
python3 "$here/tools/resources.py" "$here/app/src/main/res" org.tfganedit.app "$out/gen"
annotations="$("$here/tools/kotlin.sh" home)/lib/annotations-13.0.jar"
"$here/tools/kotlin.sh" compile "$out/classes" "$core:$annotations" \
    "$sources" "$here/tools/stubs" "$out/gen"
