"""A file through one partition: bulk.py BOOTSTRAP in|out TOPIC COUNT CODEC RECORD_SIZE.

`in` cuts standard input into records; `out` writes COUNT records' values to standard output."""
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

bootstrap, direction, topic, count, codec, record_size = sys.argv[1:]
if direction == "in":
    producer = KafkaProducer(
        bootstrap_servers=bootstrap,
        compression_type=None if codec == "none" else codec,
        batch_size=256 * 1024,
        linger_ms=20,
        max_request_size=2 * 1024 * 1024,
    )
    while chunk := sys.stdin.buffer.read(int(record_size)):
        producer.send(topic, value=chunk, partition=0)
    producer.flush()
    producer.close()
else:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=30_000, max_partition_fetch_bytes=4 * 1024 * 1024)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    for _ in range(int(count)):
        sys.stdout.buffer.write(next(consumer).value)
    sys.stdout.buffer.flush()
    consumer.close()
