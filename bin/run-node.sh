# Sourced by every launcher in this folder: finds the installation and a Node that is new enough, and becomes the program.
#
#   run_node [-daemon] [-name NAME] [-loggc] PROGRAM ARG...
#
# PROGRAM is a path without its ending, e.g. coordinator/server/main: the build's .cjs, or the .ts source where there is no
# build or it is older than the sources. -daemon leaves it running in the background with its output in $LOG_DIR/NAME.out
# (LOG_DIR: logs/ of the installation). -loggc and the variables of Kafka's scripts that speak to a JVM (KAFKA_HEAP_OPTS,
# KAFKA_JVM_PERFORMANCE_OPTS, KAFKA_OPTS, KAFKA_LOG4J_OPTS, JMX_PORT…) are accepted and mean nothing here; NODE_OPTIONS
# speaks to Node. A launcher may set `node_flags` to what NODE_OPTIONS doesn't take.

vivarium_root=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
node_floor=22.18

# Sets `node`: the one that the Makefile brought, else the system's if it is new enough.
find_node() {
  local candidate version major minor
  for candidate in "$vivarium_root"/.node/bin/node "$vivarium_root"/.node/node_modules/node-*/bin/node; do
    [[ -x $candidate ]] && node=$candidate && return
  done
  if node=$(command -v node) && version=$("$node" --version 2>/dev/null); then
    IFS=. read -r major minor _ <<<"${version#v}"
    ((major > ${node_floor%.*} || (major == ${node_floor%.*} && minor >= ${node_floor#*.}))) && return
    version="the one on the PATH is $version"
  else
    version="there is none on the PATH"
  fi
  echo "Node.js $node_floor or newer is needed, and $version: install it, or run \"make setup\" in $vivarium_root, which brings one." >&2
  exit 1
}

# Sets `program` to the file to run.
find_program() {
  local build=$vivarium_root/dist/$1.cjs source=$vivarium_root/$1.ts
  if [[ ! -f $source ]]; then
    program=$build
  elif [[ ! -f $build || -n $(find "$vivarium_root"/{shared,coordinator,broker,cluster} -name '*.ts' -newer "$vivarium_root/dist/.built" -print -quit 2>&1) ]]; then
    program=$source
  else
    program=$build
  fi
  if [[ ! -f $program ]]; then
    echo "$1 is not part of this installation ($vivarium_root)." >&2
    exit 1
  fi
  # A package has its dependencies beside it; a checkout in itself.
  if [[ -f $vivarium_root/Makefile && ! -d $vivarium_root/node_modules ]]; then
    echo "Nothing is installed yet in $vivarium_root: run \"make setup\" there first." >&2
    exit 1
  fi
}

run_node() {
  local daemon= name=vivarium node program
  while [[ ${1:-} == -* ]]; do
    case $1 in
      -daemon) daemon=1 ;;
      -name) name=$2 && shift ;;
      -loggc) ;;
      *) ;;
    esac
    shift
  done
  find_node
  find_program "$1"
  shift

  # Node keeps what it compiled, and stripped of types, from one start to the next: a third of a tool's start time.
  export NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE-$vivarium_root/.cache/node}
  # shellcheck disable=SC2086 # flags are words
  local command=("$node" --disable-warning=ExperimentalWarning ${node_flags-} "$program" "$@")
  if [[ -n $daemon ]]; then
    local log_dir=${LOG_DIR:-$vivarium_root/logs}
    mkdir -p -- "$log_dir" || exit 1
    nohup "${command[@]}" >"$log_dir/$name.out" 2>&1 </dev/null &
  else
    exec "${command[@]}"
  fi
}

# stop_servers PROGRAM NAME: sends SIGTERM (or $SIGNAL) to every server of this installation, found by its command line.
# A Kafka or ZooKeeper on a JVM, and other installations of this one, stay untouched.
stop_servers() {
  local pid command pids=()
  while read -r pid command; do
    case $command in
      *node*" $vivarium_root/dist/$1.cjs" | *node*" $vivarium_root/dist/$1.cjs "* | *node*" $vivarium_root/$1.ts" | *node*" $vivarium_root/$1.ts "*)
        pids+=("$pid")
        ;;
    esac
  done < <(ps axww -o pid= -o args=)
  if ((${#pids[@]} == 0)); then
    echo "No $2 server to stop"
    exit 1
  fi
  kill -s "${SIGNAL:-TERM}" "${pids[@]}"
}
