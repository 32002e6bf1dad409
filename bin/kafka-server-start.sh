#!/usr/bin/env bash
# Starts a broker.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"

if (($# < 1)); then
  echo "USAGE: $0 [-daemon] server.properties [--override property=value]*"
  exit 1
fi
options=(${EXTRA_ARGS--name kafkaServer -loggc})
[[ $1 != -daemon ]] || { options+=(-daemon) && shift; }
run_node "${options[@]}" broker/server/main "$@"
