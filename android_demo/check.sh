#!/usr/bin/env bash
# What can be checked of this demo without Gradle and a phone: :core is compiled and tested, also
# with exported models, which LiteRT's C library runs. Prints one line at the end.
#   android_demo/check.sh     python must have this project's test extra
set -euo pipefail
cd "$(dirname "$0")/.."
demo=android_demo
java=/usr/share/java  # of Debian's packages
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

for jar in junit4 hamcrest-core jna; do
    [ -f "$java/$jar.jar" ] || {
        echo "$java/$jar.jar is missing: apt-get install junit4 libhamcrest-java libjna-java" >&2
        exit 3
    }
done
command -v javac >/dev/null || { echo "apt-get install openjdk-17-jdk-headless" >&2; exit 3; }
lib=$("$demo/tools/kotlin.sh" home)/lib
libraries="$java/junit4.jar:$java/hamcrest-core.jar:$java/hamcrest.jar:$java/jna.jar"

# === :core ===
mkdir "$place/core"
"$demo/tools/kotlin.sh" compile "$place/core" "$libraries" \
    "$demo/core/src/main/kotlin" "$demo/core/src/test/kotlin"
python -m tests.android_demo.end_to_end "$place/exports" >"$place/log" 2>&1 || {
    cat "$place/log" >&2
    exit 1
}
litert=$(python -c 'import ai_edge_litert, os; print(os.path.dirname(ai_edge_litert.__file__))')
tests=$(cd "$demo/core/src/test/kotlin" && find . -name '*Test.kt' | sed 's#^\./##; s#\.kt$##; s#/#.#g')
# shellcheck disable=SC2086 - a list of names
java -Xmx512m -XX:TieredStopAtLevel=1 \
    -Dtfgan.exports="$place/exports" -Dtfgan.litert="$litert/libLiteRt.so" \
    -cp "$place/core:$demo/core/src/test/resources:$libraries:$lib/kotlin-stdlib.jar" \
    org.junit.runner.JUnitCore $tests >"$place/log" 2>&1 || {
    grep -v '^	at \(org.junit\|java\|jdk\)' "$place/log" >&2
    exit 1
}
core=$(sed -n 's/^OK (\(.*\))/:core \1/p' "$place/log")

# === :app ===
"$demo/tools/compile_app.sh" "$place/core" "$place/app"
mistakes=$(python -m tests.android_demo.broken_app "$place/core")
"$demo/tools/test_app.sh" "$place/core" "$place/app/classes" "$place/exports" \
    "$litert/libLiteRt.so" "$place/app_tests" >"$place/log" 2>&1 || {
    grep -v '^	at \(org.junit\|java\|jdk\)' "$place/log" >&2
    exit 1
}
app=$(sed -n 's/^OK (\(.*\))/:app \1/p' "$place/log")
echo "android demo: $core, $app, well typed, $mistakes"
