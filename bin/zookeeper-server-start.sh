#!/usr/bin/env bash
# Starts a coordinator: the service that Kafka knows as ZooKeeper.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"

if (($# < 1)); then
  echo "USAGE: $0 [-daemon] zookeeper.properties"
  exit 1
fi
options=(${EXTRA_ARGS--name zookeeper -loggc})
[[ $1 != -daemon ]] || { options+=(-daemon) && shift; }
# Requests are short-lived: a larger young generation is only more memory.
node_flags='--max-semi-space-size=4'
run_node "${options[@]}" coordinator/server/main "$@"
