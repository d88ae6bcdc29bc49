#!/bin/sh
# check.sh IMAGE: its Docker has the images whether a job says DOCKER_DRIVER or not, and runs them, without a network.
set -eu
# shellcheck source=examples/system.sh
. "$(dirname "$0")/../system.sh"

for driver in '' overlay2; do
  start_system_with --network none --env "DOCKER_DRIVER=$driver"
  wait_for docker version
  redis=$(docker_image redis)
  python=$(docker_image python)
  expect 'Redis server v=' docker run --rm --network none "$redis" redis-server --version
  expect 'hello from Python' docker run --rm --network none "$python" python3 -c 'print("hello from Python")'
  stop_system
done
