"""Positions in a log: offsets.py BOOTSTRAP TOPIC. Ten records with timestamps 1000, 2000 … Prints what was found, as JSON."""
import json
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

bootstrap, topic = sys.argv[1:]
producer = KafkaProducer(bootstrap_servers=bootstrap)
for index in range(10):
    producer.send(topic, value=str(index).encode(), timestamp_ms=1000 * (index + 1), partition=0).get(timeout=30)
producer.close()

consumer = KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=20_000)
partition = TopicPartition(topic, 0)
consumer.assign([partition])


def from_here(count):
    values = []
    while len(values) < count:
        values.append(next(consumer).value.decode())
    return values


def at(timestamp):
    found = consumer.offsets_for_times({partition: timestamp})[partition]
    return None if found is None else [found.offset, found.timestamp]


consumer.seek(partition, 7)
after_seek = from_here(3)
consumer.seek_to_beginning(partition)
first = from_here(1)
consumer.seek_to_end(partition)
end = consumer.position(partition)
print(json.dumps({
    "afterSeek": after_seek,
    "first": first,
    "end": end,
    "beginningOffsets": consumer.beginning_offsets([partition])[partition],
    "endOffsets": consumer.end_offsets([partition])[partition],
    "times": [at(0), at(3000), at(3001), at(10_000), at(10_001)],
}))
consumer.close()
