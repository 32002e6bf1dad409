#!/usr/bin/env bash
# Prints offsets of partitions, by time.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-get-offsets "$@"
