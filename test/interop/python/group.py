"""A consumer group of two members in two threads, then a third life of the group: group.py BOOTSTRAP TOPIC GROUP.

The topic has four partitions and 400 records. Prints who read what, and what the group had committed, as JSON."""
import json
import sys
import threading

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

bootstrap, topic, group = sys.argv[1:]
COUNT = 400
seen = {}
shares = [set(), set()]
both_hold_two = threading.Barrier(2, timeout=60)
all_seen = threading.Event()
lock = threading.Lock()
failures = []


def open_consumer(**settings):
    return KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", heartbeat_interval_ms=500, **settings)


def read(member):
    consumer = open_consumer(enable_auto_commit=False, client_id=f"member-{member}")
    # A member polls until it holds its half, and forgets what it read before that: nothing was committed.
    while len(consumer.assignment()) != 2:
        consumer.poll(timeout_ms=100)
    shares[member] = {partition.partition for partition in consumer.assignment()}
    for partition in consumer.assignment():
        consumer.seek_to_beginning(partition)
    both_hold_two.wait()
    while not all_seen.is_set():
        for records in consumer.poll(timeout_ms=100).values():
            with lock:
                for record in records:
                    seen.setdefault(record.value.decode(), []).append(member)
                if len(seen) == COUNT:
                    all_seen.set()
    consumer.commit()
    consumer.close()


def guarded(member):
    try:
        read(member)
    except Exception as error:
        failures.append(repr(error))
        both_hold_two.abort()
        all_seen.set()


producer = KafkaProducer(bootstrap_servers=bootstrap)
for index in range(COUNT):
    producer.send(topic, value=str(index).encode(), partition=index % 4)
producer.flush()

members = [threading.Thread(target=guarded, args=(member,)) for member in (0, 1)]
for member in members:
    member.start()
for member in members:
    member.join()

producer.send(topic, value=b"one more", partition=3).get(timeout=30)
producer.close()
late = open_consumer(consumer_timeout_ms=20_000)
more = next(late).value.decode()
committed = [late.committed(TopicPartition(topic, partition)) for partition in range(4)]
late.close()
print(json.dumps({
    "failures": failures,
    "shares": [sorted(share) for share in shares],
    "seenOnce": len(seen) == COUNT and all(len(members) == 1 for members in seen.values()),
    "committed": committed,
    "more": more,
}))
