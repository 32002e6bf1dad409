#!/usr/bin/env bash
# Runs what goes by a main class of Kafka or ZooKeeper: scripts and tutorials call tools and servers by these names.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
here=$(dirname -- "$self")

options=() daemon=()
while [[ ${1:-} == -* ]]; do
  case $1 in
    -name) options+=("$1" "${2:-}") && shift ;;
    -daemon) daemon=("$1") ;;
    -loggc) options+=("$1") ;;
    *) break ;;
  esac
  shift
done
if (($# < 1)); then
  echo "USAGE: $0 [-daemon] [-name servicename] [-loggc] classname [opts]"
  exit 1
fi
class=$1
shift
case $class in
  kafka.Kafka) script=kafka-server-start ;;
  org.apache.zookeeper.server.quorum.QuorumPeerMain) script=zookeeper-server-start ;;
  org.apache.zookeeper.ZooKeeperMain | org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka) script=zkCli ;;
  kafka.admin.BrokerApiVersionsCommand) script=kafka-broker-api-versions ;;
  kafka.admin.ConfigCommand) script=kafka-configs ;;
  kafka.admin.ConsumerGroupCommand) script=kafka-consumer-groups ;;
  kafka.admin.DeleteRecordsCommand) script=kafka-delete-records ;;
  kafka.admin.FeatureCommand) script=kafka-features ;;
  kafka.admin.LeaderElectionCommand) script=kafka-leader-election ;;
  kafka.admin.LogDirsCommand) script=kafka-log-dirs ;;
  kafka.admin.ReassignPartitionsCommand) script=kafka-reassign-partitions ;;
  kafka.admin.TopicCommand) script=kafka-topics ;;
  kafka.tools.ClusterTool) script=kafka-cluster ;;
  kafka.tools.ConsoleConsumer) script=kafka-console-consumer ;;
  kafka.tools.ConsoleProducer) script=kafka-console-producer ;;
  kafka.tools.ConsumerPerformance) script=kafka-consumer-perf-test ;;
  kafka.tools.DumpLogSegments) script=kafka-dump-log ;;
  kafka.tools.GetOffsetShell) script=kafka-get-offsets ;;
  kafka.tools.ReplicaVerificationTool) script=kafka-replica-verification ;;
  org.apache.kafka.tools.ProducerPerformance) script=kafka-producer-perf-test ;;
  org.apache.kafka.tools.VerifiableConsumer) script=kafka-verifiable-consumer ;;
  org.apache.kafka.tools.VerifiableProducer) script=kafka-verifiable-producer ;;
  *)
    echo "Error: Could not find or load main class $class: nothing here goes by that name, see the scripts in $here" >&2
    exit 1
    ;;
esac
case $script in
  *-server-start) EXTRA_ARGS=${options[*]} exec "$here/$script.sh" "${daemon[@]}" "$@" ;;
  *) exec "$here/$script.sh" "$@" ;;
esac
