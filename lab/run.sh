#!/bin/bash
# run.sh COMMAND...: runs COMMAND with the lab up and its environment set.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# = 0 ]; then
  echo 'usage: lab/run.sh COMMAND...' >&2
  exit 2
fi
"$here/up.sh"
# shellcheck source=/dev/null
. "${LARDER_LAB_DIR:-$here/../.lab}/env"
PATH=$here/../node_modules/.bin:$PATH exec "$@"
