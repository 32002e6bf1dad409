"""A kazoo session over TLS: HOST:PORT AUTHORITY CERTIFICATE; prints what the server knows of it as JSON."""
import json
import sys

from kazoo.client import KazooClient
from kazoo.security import make_acl

hosts, authority, certificate = sys.argv[1:]
client = KazooClient(hosts=hosts, use_ssl=True, ca=authority, certfile=certificate, keyfile=certificate, verify_certs=True)
client.start(timeout=20)
client.create("/from-kazoo", b"x" * 100_000, acl=[make_acl("auth", "", all=True)])
data, stat = client.get("/from-kazoo")
acls, _ = client.get_acls("/from-kazoo")
print(json.dumps({"size": len(data), "version": stat.version, "acl": [[a.id.scheme, a.id.id] for a in acls]}))
client.stop()
