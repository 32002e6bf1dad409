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
# Record batches live outside of V8's heap, which is small, and V8 collects the whole heap whenever what is outside has grown
# by a part of it: with a large first limit consuming takes a third of the CPU. It is a limit, not memory that is taken. A small
# young generation keeps the peak a third lower at the same speed: what a request leaves behind is dead before the next one.
node_flags='--initial-heap-size=384 --max-semi-space-size=2'
run_node "${options[@]}" broker/server/main "$@"
