#!/bin/sh
# Checks that src/gen is the unchanged output of `npm run generate` for proto/.
set -eu
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
npx buf generate --output "$fresh"
if ! diff -r "$fresh/src/gen" src/gen; then
  echo 'src/gen differs from what proto/ gives: run npm run generate and commit it' >&2
  exit 1
fi
