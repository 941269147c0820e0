#!/bin/sh
# look-at.sh CLANG_TIDY CONFIG CHECKS BUILD TOGETHER SOURCE... -- FLAG...: clang-tidy over sources as one file, TOGETHER,
# because most of its time goes into the standard's headers. Where that says anything at all (two may have the same name
# in their unnamed namespaces) each is looked at by itself, with its own flags, and only that counts.
set -u
tidy=$1 config=$2 checks=$3 build=$4 together=$5
shift 5
sources=''
while [ "$1" != -- ]; do
    sources="$sources $1"
    shift
done
shift
look() {
    "$tidy" --quiet --config-file="$config" --checks="$checks" "$@" 2>/dev/null # stderr only counts what it does not tell
}
# shellcheck disable=SC2086 # words
cat $sources >"$together"
look "$together" -- -w "$@" >/dev/null && exit 0
status=0
for source in $sources; do
    look --extra-arg=-Wno-sign-conversion -p "$build" "$source" || status=1
done
exit "$status"
