#!/usr/bin/env bash
# Starts, stops and asks one coordinator, as ZooKeeper's zkServer.sh does. Its pid is kept in the dataDir of its configuration.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"

config_dir=${ZOOCFGDIR:-$vivarium_root/config}
if [[ ${1:-} == --config ]]; then
  config_dir=${2:-} && shift 2 || { echo "Error: config dir not specified" >&2 && exit 1; }
fi
command=${1:-}
config=${2:-${ZOOCFG:-}}
if [[ -z $config ]]; then
  # The original's name where there is such a file, else the one that Kafka's users know.
  config=zoo.cfg
  [[ -f $config_dir/zoo.cfg || ! -f $config_dir/zookeeper.properties ]] || config=zookeeper.properties
fi
[[ $config == */* ]] || config=$config_dir/$config

setting() { sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$config" | tail -1; }
say_config() {
  echo "ZooKeeper JMX enabled by default" >&2
  echo "Using config: $config" >&2
  if [[ ! -f $config ]]; then
    [[ $1 == status ]] || echo "Error: $config does not exist" >&2
    exit 1
  fi
  pid_file=${ZOOPIDFILE:-$(setting dataDir)/zookeeper_server.pid}
}

# As zookeeper-server-start.sh has it.
node_flags='--max-semi-space-size=4'

start() {
  echo -n "Starting zookeeper ... "
  local pid
  if [[ -f $pid_file ]] && pid=$(<"$pid_file") && kill -0 "$pid" 2>/dev/null; then
    echo "already running as process $pid."
    exit 1
  fi
  mkdir -p -- "$(dirname -- "$pid_file")" "${ZOO_LOG_DIR:=$vivarium_root/logs}" || exit 1
  find_node
  find_program coordinator/server/main
  export NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE-$vivarium_root/.cache/node}
  # shellcheck disable=SC2086 # flags are words
  nohup "$node" --disable-warning=ExperimentalWarning $node_flags "$program" "$config" >"$ZOO_LOG_DIR/zookeeper-server.out" 2>&1 </dev/null &
  pid=$!
  echo -n "$pid" >"$pid_file" || { echo "FAILED TO WRITE PID" && exit 1; }
  sleep 1
  if kill -0 "$pid" 2>/dev/null; then
    echo STARTED
  else
    echo "FAILED TO START"
    exit 1
  fi
}

stop() {
  echo -n "Stopping zookeeper ... "
  if [[ ! -f $pid_file ]]; then
    echo "no zookeeper to stop (could not find file $pid_file)"
    return
  fi
  local pid i
  pid=$(<"$pid_file")
  kill "$pid" 2>/dev/null
  for ((i = 0; i < 100; i++)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  rm -f -- "$pid_file"
  echo STOPPED
}

status() {
  local port address answer secure=false kind=Client
  port=$(setting clientPort)
  address=$(setting clientPortAddress)
  if [[ -z $port ]]; then
    echo "Client port not found. Looking for secureClientPort in the static config."
    port=$(setting secureClientPort)
    address=$(setting secureClientPortAddress)
    secure=true kind='Secure client'
    if [[ -z $port ]]; then
      echo "Unable to find either secure or unsecure client port in any configs. Terminating."
      exit 1
    fi
  fi
  : "${address:=localhost}"
  echo "$kind port found: $port. Client address: $address. Client SSL: $secure."
  # The keys to show, and whom to trust, are in CLIENT_JVMFLAGS.
  answer=$(run_node coordinator/cli/four-letter-toolkit "$address" "$port" srvr "$secure") 2>/dev/null
  if ! grep '^Mode' <<<"$answer"; then
    echo "Error contacting service. It is probably not running."
    exit 1
  fi
}

case $command in
  start) say_config start && start ;;
  start-foreground) say_config start && run_node coordinator/server/main "$config" ;;
  stop) say_config stop && stop ;;
  restart) say_config restart && stop && start ;;
  status) say_config status && status ;;
  print-cmd) say_config start && find_node && find_program coordinator/server/main && printf '"%s" %s "%s" "%s"\n' "$node" "$node_flags" "$program" "$config" ;;
  version) run_node coordinator/cli/shell version ;;
  *) echo "Usage: $0 [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd}" >&2 && exit 1 ;;
esac
