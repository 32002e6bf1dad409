#!/usr/bin/env bash
# Tells which partitions the log directories of brokers hold.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-log-dirs "$@"
