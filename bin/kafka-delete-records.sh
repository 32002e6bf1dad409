#!/usr/bin/env bash
# Deletes the records of partitions up to an offset.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-delete-records "$@"
