#!/bin/sh
# Bring the jars of Apache Kafka (pom.xml) to .parts/kafka/libs and check each against jars.sha256.
# Quick when they are there already. Needs Maven and, the first time, a Maven repository.
# After a change of version in pom.xml:  deploy/kafka/fetch.sh --record   writes jars.sha256 anew; review the diff.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
libs=$here/../../.parts/kafka/libs

check() {
    [ -d "$libs" ] && [ "$(ls "$libs" | wc -l)" -eq "$(wc -l < "$here/jars.sha256")" ] &&
        (cd "$libs" && sha256sum --quiet --strict --check "$here/jars.sha256")
}

if [ "${1:-}" != --record ] && check 2>/dev/null; then
    exit 0
fi
command -v mvn >/dev/null || { echo "mvn is missing: apt-get install maven (or run deploy/test-parts.sh as root)" >&2; exit 1; }
rm -rf "$libs.new"
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$libs.new"
rm -rf "$libs"
mv "$libs.new" "$libs"
if [ "${1:-}" = --record ]; then
    (cd "$libs" && sha256sum ./*.jar | sed 's: \./: :') > "$here/jars.sha256"
fi
check || { echo "the jars differ from deploy/kafka/jars.sha256: do not run them" >&2; exit 1; }
