#!/bin/sh
# Makes the secrets of compose.yaml once: keys/ (the store's own), .env (passwords), proxy/ (its CA). None belongs into git.
set -eu
cd "$(dirname "$0")"
umask 077
random() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
mkdir -p keys proxy
for name in seal receipt witness log; do
  [ -e "keys/$name.key" ] || head -c 32 /dev/urandom > "keys/$name.key"
done
[ -e .env ] || cat > .env <<END
SALLYPORT_USER=$(id -u):$(id -g)
POSTGRES_PASSWORD=$(random)
S3_SECRET=$(random)
LOGIN_ADMIN_PASSWORD=$(random)
END
echo "Made keys/ and .env. Add to /etc/hosts: 127.0.0.1 store.sallyport.test login.sallyport.test"
