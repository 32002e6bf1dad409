#!/usr/bin/env bash
# The real Apache ZooKeeper 3.8, brought by Maven: the other server that our client works with, and its shell.
#
#   zookeeper-tool.sh server ZOO.CFG   a server in the foreground
#   zookeeper-tool.sh shell ARG...     zkCli
#   zookeeper-tool.sh --prepare        only bring the jars
#
# The jars are kept in .cache/zookeeper of this checkout. The process becomes the JVM (exec), so that its pid is the one to signal.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(cd "$here/../../.." && pwd)/.cache/zookeeper

fail() { echo "zookeeper-tool.sh: $*" >&2; exit 1; }

if [[ ! -d $cache/jars || ! $cache/jars -nt $here/pom.xml ]]; then
  command -v java >/dev/null || fail 'Java 11 or newer is needed (Debian: apt-get install default-jre-headless)'
  command -v mvn >/dev/null || fail 'Maven is needed to bring ZooKeeper (Debian: apt-get install maven)'
  # The folder appears by a rename when it is complete, so that two runs at once do no harm to each other.
  part=$cache/jars.$$
  mkdir -p "$part"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$part" >&2 || fail 'Maven could not bring ZooKeeper 3.8'
  touch "$part"
  rm -rf "$cache/jars"
  mv -T "$part" "$cache/jars" 2>/dev/null || rm -rf "$part"
fi
printf '<configuration><appender name="E" class="ch.qos.logback.core.ConsoleAppender"><target>System.err</target><encoder><pattern>%%m%%n</pattern></encoder></appender><root level="WARN"><appender-ref ref="E"/></root></configuration>\n' >"$cache/logback.$$"
mv "$cache/logback.$$" "$cache/logback.xml"

# JVMFLAGS and SERVER_JVMFLAGS are what zkServer.sh hands to the JVM.
# shellcheck disable=SC2086 # flags are words
run() { exec java "-Xmx${ZK_SERVER_HEAP:-256}m" "-Dlogback.configurationFile=$cache/logback.xml" -Dzookeeper.extendedTypesEnabled=true ${JVMFLAGS:-} ${SERVER_JVMFLAGS:-} -cp "$cache/jars/*" "$@"; }
case ${1:-} in
  server) run org.apache.zookeeper.server.quorum.QuorumPeerMain "$2" ;;
  shell) shift && run org.apache.zookeeper.ZooKeeperMain "$@" ;;
  --prepare) ;;
  *) sed -n '2,/^set/p' "${BASH_SOURCE[0]}" | sed '$d; s/^# \{0,1\}//' >&2 && exit 2 ;;
esac
