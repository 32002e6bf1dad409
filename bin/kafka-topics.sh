#!/usr/bin/env bash
# Creates, lists, describes, alters and deletes topics.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-topics "$@"
