"""Produces records with one codec, by an idempotent producer, and reads them back: round_trip.py BOOTSTRAP TOPIC CODEC.

Prints what was sent and what came back, as JSON."""
import json
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

bootstrap, topic, codec = sys.argv[1:]
RECORDS = [
    (b"first", b"eins", [("colour", "grün".encode())], 1_600_000_000_000),
    (None, b"keyless", [], 1_600_000_000_001),
    (b"tombstone", None, [], 1_600_000_000_002),
    (b"large", b"long " * 20_000, [], 1_600_000_000_003),
    (b"bytes", bytes(range(256)), [("empty", b"")], 1_600_000_000_004),
]

producer = KafkaProducer(
    bootstrap_servers=bootstrap,
    compression_type=None if codec == "none" else codec,
    acks="all",
    enable_idempotence=True,
    linger_ms=50,
)
futures = [
    producer.send(topic, key=key, value=value, headers=headers, timestamp_ms=timestamp, partition=0)
    for key, value, headers, timestamp in RECORDS
]
offsets = [future.get(timeout=30).offset for future in futures]
producer.close()

consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=20_000)
partition = TopicPartition(topic, 0)
consumer.assign([partition])
consumer.seek_to_beginning(partition)
received = []
for record in consumer:
    received.append((record.key, record.value, [tuple(header) for header in record.headers], record.timestamp))
    if len(received) == len(RECORDS):
        break
consumer.close()
print(json.dumps({"offsets": offsets, "unchanged": received == RECORDS, "received": repr(received)[:2000]}))
