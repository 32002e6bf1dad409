#!/usr/bin/env bash
# Prints what is in a log's files.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-dump-log "$@"
