"""The admin client: admin.py BOOTSTRAP TOPIC GROUP. Prints what each step found, as JSON."""
import json
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError

bootstrap, topic, group = sys.argv[1:]
admin = KafkaAdminClient(bootstrap_servers=bootstrap)
found = {}

admin.create_topics({topic: {"num_partitions": 2, "replication_factor": 1, "configs": {"retention.ms": "3600000"}}}, wait_for_metadata=True)
try:
    admin.create_topics([topic])
    found["createdTwice"] = True
except TopicAlreadyExistsError:
    found["createdTwice"] = False
found["listed"] = topic in admin.list_topics()
admin.create_partitions({topic: 3})
admin.wait_for_topics([topic])
described = admin.describe_topics([topic])[0]
found["partitions"] = sorted(
    [partition["partition_index"], partition["leader_id"], partition["replica_nodes"], partition["isr_nodes"]]
    for partition in described["partitions"]
)
configs = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
found["retentionMs"] = "3600000" in json.dumps(configs, default=str)

producer = KafkaProducer(bootstrap_servers=bootstrap)
for index in range(5):
    producer.send(topic, value=b"x", partition=0)
producer.flush()
producer.close()
consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", consumer_timeout_ms=20_000)
for _ in range(5):
    next(consumer)
consumer.commit()
states = admin.describe_groups([group])[group]
found["state"] = states["group_state"]
found["members"] = len(states["members"])
consumer.close()
found["groupListed"] = group in [listed["group_id"] for listed in admin.list_groups()]
offsets = admin.list_group_offsets({group: None})[group]
found["committed"] = offsets[TopicPartition(topic, 0)].offset
found["deletedGroup"] = admin.delete_groups([group])[group]

admin.delete_topics([topic])
try:
    admin.delete_topics(["never-there-" + topic])
    found["deletedUnknown"] = True
except UnknownTopicOrPartitionError:
    found["deletedUnknown"] = False
admin.close()
print(json.dumps(found))
