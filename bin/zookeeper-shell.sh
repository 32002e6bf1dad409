#!/usr/bin/env bash
# A shell on the tree of znodes: one command, or many with a prompt.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"

if (($# < 1)); then
  echo "USAGE: $0 zookeeper_host:port[/path] [-zk-tls-config-file file] [args...]"
  exit 1
fi
run_node coordinator/cli/shell -server "$@"
