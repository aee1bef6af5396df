#!/usr/bin/env bash
# Tests :app on this machine: fakes of the Android classes that sessions use, LiteRT's C library.
#   tools/test_app.sh CORE_CLASSES APP_CLASSES EXPORTS LIBRARY OUT
# CORE_CLASSES has the tests of :core, too; EXPORTS is tests/android_demo/end_to_end.py's folder.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
core=$1 app=$2 exports=$3 library=$4 out=$5
java=/usr/share/java
lib=$("$here/tools/kotlin.sh" home)/lib
mkdir -p "$out/sources" "$out/android" "$out/tests"
cp -r "$here/tools/stubs/." "$out/sources"
cp -r "$here/tools/fakes/." "$out/sources"
python3 "$here/tools/resources.py" "$here/app/src/main/res" org.tfganedit.app "$out/sources"
find "$out/sources" -name '*.java' >"$out/list"
javac -nowarn -cp "$lib/annotations-13.0.jar" -d "$out/android" "@$out/list"
libraries="$core:$java/junit4.jar:$java/hamcrest-core.jar:$java/jna.jar"
"$here/tools/kotlin.sh" compile "$out/tests" "$out/android:$app:$libraries" "$here/tools/fakes"
java -Xmx768m -XX:TieredStopAtLevel=1 -Djava.awt.headless=true \
    -Dtfgan.exports="$exports" -Dtfgan.litert="$library" \
    -cp "$out/tests:$out/android:$app:$libraries:$lib/kotlin-stdlib.jar" \
    org.junit.runner.JUnitCore org.tfganedit.app.EditSessionTest
