#!/usr/bin/env bash
# Produces records and prints rates and latencies.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-producer-perf-test "$@"
