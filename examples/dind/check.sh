#!/bin/sh
# check.sh IMAGE: its Docker has the images, and runs them, without a network.
set -eu
# shellcheck source=examples/system.sh
. "$(dirname "$0")/../system.sh"

start_system
wait_for docker version
expect 'overlay' docker info --format '{{.Driver}} {{.DriverStatus}}'
redis=$(docker_image redis)
python=$(docker_image python)
expect 'Redis server v=' docker run --rm --network none "$redis" redis-server --version
expect 'hello from Python' docker run --rm --network none "$python" python3 -c 'print("hello from Python")'
