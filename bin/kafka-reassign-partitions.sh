#!/usr/bin/env bash
# Moves replicas to other brokers or directories.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-reassign-partitions "$@"
