#!/bin/sh
# check.sh IMAGE: systemd starts Docker, which has the images and runs them, without a network.
set -eu
# shellcheck source=examples/system.sh
. "$(dirname "$0")/../system.sh"

start_system
wait_for docker version
expect 'active' systemctl is-active docker.service
inside journalctl --no-pager --output cat | grep '^larder:' || fail "no line of Larder is in the journal"
redis=$(docker_image redis)
python=$(docker_image python)
expect 'Redis server v=' docker run --rm --network none "$redis" redis-server --version
expect 'hello from Python' docker run --rm --network none "$python" python3 -c 'print("hello from Python")'
