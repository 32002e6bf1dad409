#!/usr/bin/env bash
# Compares the replicas of partitions.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-replica-verification "$@"
