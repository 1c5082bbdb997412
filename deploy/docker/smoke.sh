#!/bin/sh
# Starts an image of Chela, runs the demo worker in it, and stops it: deploy/docker/smoke.sh [IMAGE] [OPTION OF docker run…]
set -eu
image=${1:-chela}
[ $# -eq 0 ] || shift

container=$(docker run --detach \
  --security-opt seccomp=unconfined --security-opt systempaths=unconfined --security-opt apparmor=unconfined \
  --cap-drop ALL --env CHELA_API_KEY=key-of-the-smoke-test "$@" "$image")
trap 'docker rm --force --volumes "$container" >/dev/null' EXIT

fail() {
  echo "$1" >&2
  docker logs "$container" >&2
  exit 1
}

# The programs of the image itself: the host needs only Docker.
inside() { docker exec "$container" node -e "$1"; }

tries=0
until inside "fetch('http://127.0.0.1:8080/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"; do
  tries=$((tries + 1))
  [ "$tries" -lt 120 ] || fail 'the API is not ready'
  [ "$(docker inspect --format '{{.State.Running}}' "$container")" = true ] || fail 'the container has ended'
  sleep 1
done

inside "
  const answer = await fetch('http://127.0.0.1:8080/api/v2/workers/chela~hello/runs', {
    method: 'POST',
    headers: { authorization: 'Bearer key-of-the-smoke-test', 'content-type': 'application/json' },
    body: JSON.stringify({ is_async: false, input: { parameters: { custom: { names: ['Ada'] } } } }),
  });
  const { data } = await answer.json();
  console.log(JSON.stringify(data?.results?.list));
  process.exitCode = data?.run_status === 'succeeded' ? 0 : 1;
" || fail 'the run did not succeed'

docker stop --timeout 30 "$container" >/dev/null
code=$(docker inspect --format '{{.State.ExitCode}}' "$container")
[ "$code" = 0 ] || fail "the container ended with exit code $code"
echo 'the image works'
