#!/usr/bin/env bash
# Consumes records and prints how fast that was.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-consumer-perf-test "$@"
