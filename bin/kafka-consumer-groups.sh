#!/usr/bin/env bash
# Lists, describes, resets and deletes consumer groups.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-consumer-groups "$@"
