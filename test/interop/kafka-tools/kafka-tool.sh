#!/usr/bin/env bash
# The command-line tools and the servers of the real Apache Kafka 3.4, brought by Maven: foreign clients for the tests,
# and the peer that the benchmarks measure against.
#
#   kafka-tool.sh NAME ARG...   a tool or a server by its script's name, with or without .sh
#   kafka-tool.sh --prepare     only bring the jars
#   kafka-tool.sh --names       the names it knows
#
# The jars are kept in .cache/kafka-tools of this checkout. The process becomes the JVM (exec), so that its pid is the one to
# signal. KAFKA_HEAP_OPTS means what it means in Kafka's scripts; KAFKA_LOG4J names a log4j file to use instead of ours.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(cd "$here/../../.." && pwd)/.cache/kafka-tools

declare -A main_class=(
  [kafka-topics]=kafka.admin.TopicCommand
  [kafka-configs]=kafka.admin.ConfigCommand
  [kafka-consumer-groups]=kafka.admin.ConsumerGroupCommand
  [kafka-broker-api-versions]=kafka.admin.BrokerApiVersionsCommand
  [kafka-delete-records]=kafka.admin.DeleteRecordsCommand
  [kafka-log-dirs]=kafka.admin.LogDirsCommand
  [kafka-console-producer]=kafka.tools.ConsoleProducer
  [kafka-console-consumer]=kafka.tools.ConsoleConsumer
  [kafka-consumer-perf-test]=kafka.tools.ConsumerPerformance
  [kafka-producer-perf-test]=org.apache.kafka.tools.ProducerPerformance
  [kafka-verifiable-producer]=org.apache.kafka.tools.VerifiableProducer
  [kafka-verifiable-consumer]=org.apache.kafka.tools.VerifiableConsumer
  [kafka-get-offsets]=kafka.tools.GetOffsetShell
  [kafka-dump-log]=kafka.tools.DumpLogSegments
  [kafka-reassign-partitions]=kafka.admin.ReassignPartitionsCommand
  [kafka-leader-election]=kafka.admin.LeaderElectionCommand
  [kafka-features]=kafka.admin.FeatureCommand
  [kafka-replica-verification]=kafka.tools.ReplicaVerificationTool
  [zookeeper-shell]=org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka
  [zookeeper-server-start]=org.apache.zookeeper.server.quorum.QuorumPeerMain
  [kafka-server-start]=kafka.Kafka
)

fail() { echo "kafka-tool.sh: $*" >&2; exit 1; }

bring_jars() {
  # The folder appears by a rename when it is complete, so that two runs at once do no harm to each other.
  if [[ -d $cache/jars && $cache/jars -nt $here/pom.xml ]]; then return; fi
  command -v java >/dev/null || fail 'Java 11 or newer is needed (Debian: apt-get install default-jre-headless)'
  command -v mvn >/dev/null || fail 'Maven is needed to bring Kafka 3.4 (Debian: apt-get install maven)'
  local part=$cache/jars.$$
  mkdir -p "$part"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$part" >&2 || fail 'Maven could not bring Kafka 3.4'
  touch "$part"
  rm -rf "$cache/jars"
  mv -T "$part" "$cache/jars" 2>/dev/null || rm -rf "$part"
}

write_log4j() {
  [[ -s $cache/tools-log4j.properties && -s $cache/server-log4j.properties ]] && return
  local layout='log4j.appender.A.layout=org.apache.log4j.PatternLayout
log4j.appender.A.layout.ConversionPattern=[%d] %p %m (%c)%n'
  printf '%s\n' 'log4j.rootLogger=WARN, A' 'log4j.appender.A=org.apache.log4j.ConsoleAppender' \
    'log4j.appender.A.Target=System.err' "$layout" >"$cache/tools-log4j.properties.$$"
  printf '%s\n' 'log4j.rootLogger=INFO, A' 'log4j.appender.A=org.apache.log4j.ConsoleAppender' "$layout" >"$cache/server-log4j.properties.$$"
  mv "$cache/tools-log4j.properties.$$" "$cache/tools-log4j.properties"
  mv "$cache/server-log4j.properties.$$" "$cache/server-log4j.properties"
}

[[ $# -gt 0 ]] || { sed -n '2,/^set/p' "${BASH_SOURCE[0]}" | sed '$d; s/^# \{0,1\}//' >&2; exit 2; }
if [[ $1 = --names ]]; then printf '%s\n' "${!main_class[@]}" | sort; exit; fi
bring_jars
write_log4j
[[ $1 = --prepare ]] && exit

name=${1%.sh}
shift
[[ -n ${main_class[$name]:-} ]] || fail "no tool is named \"$name\"; --names lists them"

# The options Kafka's kafka-run-class.sh gives to every JVM it starts; the heaps are those of the scripts.
performance=(-server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent
  -XX:MaxInlineLevel=15 -Djava.awt.headless=true)
heap=(-Xmx256M)
log4j=$cache/tools-log4j.properties
first=()
case $name in
  kafka-server-start) heap=(-Xmx1G -Xms1G) log4j=$cache/server-log4j.properties ;;
  zookeeper-server-start) heap=(-Xmx512M -Xms512M) log4j=$cache/server-log4j.properties ;;
  kafka-console-* | kafka-*-perf-test | kafka-verifiable-*) heap=(-Xmx512M) ;;
  zookeeper-shell) first=(-server) ;;
esac
[[ -z ${KAFKA_HEAP_OPTS:-} ]] || read -ra heap <<<"$KAFKA_HEAP_OPTS"
exec java "${heap[@]}" "${performance[@]}" "-Dlog4j.configuration=file:${KAFKA_LOG4J:-$log4j}" -cp "$cache/jars/*" \
  "${main_class[$name]}" "${first[@]}" "$@"
