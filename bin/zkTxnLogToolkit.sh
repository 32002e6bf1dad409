#!/usr/bin/env bash
# Prints the transactions of a log (a txnlog.sqlite, or the folder that holds it).
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node coordinator/cli/txn-log-toolkit "$@"
