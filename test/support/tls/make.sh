#!/usr/bin/env bash
# Makes the certificates of this folder anew: an authority, what it certified, and one that nobody trusts. They protect nothing:
# the keys are public with the tests that use them. Needs openssl 3. Valid for a hundred years.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
days=36500 work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

authority() { # NAME SUBJECT: NAME.pem and its key
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$work/$1.key" -out "$1.pem" -days $days -subj "$2" \
    -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' 2>/dev/null
}

certified() { # NAME AUTHORITY SUBJECT [EXTENSIONS]: NAME.pem holds the key and the certificate
  openssl req -new -utf8 -multivalue-rdn -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$work/$1.key" -out "$work/$1.csr" -subj "$3" 2>/dev/null
  printf '%s\n' "${4:-}" >"$work/ext"
  openssl x509 -req -in "$work/$1.csr" -CA "$2.pem" -CAkey "$work/$2.key" -CAcreateserial -CAserial "$work/serial" -days $days \
    -extfile "$work/ext" -out "$work/$1.crt" 2>/dev/null
  openssl pkcs8 -topk8 -nocrypt -in "$work/$1.key" -out "$work/$1.pk8"
  cat "$work/$1.pk8" "$work/$1.crt" >"$1.pem"
}

authority authority '/O=Vivarium tests/CN=Authority'
authority stranger-authority '/CN=Somebody else'
certified server authority '/CN=localhost' 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'
certified client authority '/C=DE/ST=Bavaria/L=München/O=Smith, Jones \+ Co/OU=#1 <R&D>/CN=client'
certified admin authority '/DC=org/DC=example/UID=root+CN=admin/emailAddress=admin@example.org'
certified stranger stranger-authority '/CN=client'
certified revoked authority '/CN=revoked'

# The client once more as PKCS12, as keytool makes it (AES), and the authority alone as keytool's trust store.
openssl pkcs12 -export -in client.pem -passout pass:secret -name client -out client.p12
openssl pkcs8 -topk8 -in "$work/server.key" -passout pass:secret -out "$work/server.enc"
cat "$work/server.enc" "$work/server.crt" >server-encrypted.pem
rm -f trust.p12
keytool -importcert -noprompt -alias authority -file authority.pem -keystore trust.p12 -storetype PKCS12 -storepass secret 2>/dev/null
rm -f trust.jks
keytool -importcert -noprompt -alias authority -file authority.pem -keystore trust.jks -storetype JKS -storepass secret 2>/dev/null
rm -f client.jks
keytool -importkeystore -noprompt -srckeystore client.p12 -srcstorepass secret -destkeystore client.jks -deststoretype JKS -deststorepass secret 2>/dev/null

# The authority and its list of those whom it doesn't vouch for any more.
cat >"$work/ca.conf" <<X
[ca]
default_ca=ca
[ca]
database=$work/index.txt
default_md=sha256
X
: >"$work/index.txt"
openssl ca -config "$work/ca.conf" -cert authority.pem -keyfile "$work/authority.key" -revoke "$work/revoked.crt" 2>/dev/null
openssl ca -config "$work/ca.conf" -cert authority.pem -keyfile "$work/authority.key" -gencrl -crldays $days -out "$work/crl.pem" 2>/dev/null
cat authority.pem "$work/crl.pem" >authority-and-revoked.pem
