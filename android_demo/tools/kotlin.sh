#!/usr/bin/env bash
# Kotlin's compiler without Gradle, for the checks of this demo.
#   tools/kotlin.sh home                                prints its folder; downloads it once, 90 MB
#   tools/kotlin.sh compile OUT CLASSPATH SOURCE…       classes of files or folders; warnings fail
# It is JetBrains' distribution on npm, kept in ${XDG_CACHE_HOME:-~/.cache}/tfgan_edit. Files are read
# as the language of the version that Gradle uses (gradle/libs.versions.toml).
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
version=2.4.20
sha512=205e4854cecba4f840fe7b47410a5a56dd72c6969a428bed11560bcaa58cb9a2\
ebd177a52cf3e6effb0ce872e1b5c4638e3a12b0aec8ee53f693360990ccbbdf
cache="${XDG_CACHE_HOME:-$HOME/.cache}/tfgan_edit/kotlin"
home="$cache/$version"

fetch() {
    [ -d "$home" ] && return
    command -v npm >/dev/null || { echo "npm is missing: apt-get install npm" >&2; exit 3; }
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9  # several checks may start at once
    [ -d "$home" ] && return
    place=$(mktemp -d "$cache/.download.XXXXXX")
    trap 'rm -rf "$place"' EXIT
    (cd "$place" && npm pack --silent "kotlin-compiler@$version" >/dev/null)
    local archive="$place/kotlin-compiler-$version.tgz"
    echo "$sha512  $archive" | sha512sum --check --status || {
        echo "kotlin-compiler@$version: not the known file" >&2
        exit 4
    }
    tar -xzf "$archive" -C "$place" --exclude='*-sources.jar' --exclude='*.klib'
    mv "$place/package" "$home"
}

compile() {
    local out=$1 classpath=$2
    shift 2
    local language; language=$(sed -n 's/^kotlin = "\([0-9]*\.[0-9]*\).*/\1/p' "$here/gradle/libs.versions.toml")
    local lib="$home/lib"
    # Small heap and one compiler thread: these machines are shared.
    java -Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        -cp "$lib/kotlin-compiler.jar:$lib/kotlin-stdlib.jar:$lib/kotlin-script-runtime.jar:$lib/kotlin-reflect.jar:$lib/annotations-13.0.jar:$lib/kotlinx-coroutines-core-jvm.jar" \
        org.jetbrains.kotlin.cli.jvm.K2JVMCompiler -kotlin-home "$home" \
        -language-version "$language" -api-version "$language" -jvm-target 11 -Xjdk-release=11 \
        -Werror -no-reflect -no-stdlib -cp "$lib/kotlin-stdlib.jar${classpath:+:$classpath}" \
        -d "$out" "$@"
}

case "${1:-}" in
    home) fetch; echo "$home" ;;
    compile) shift; fetch; compile "$@" ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
