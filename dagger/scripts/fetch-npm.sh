# fetch-npm.sh PACKAGE@VERSION INTEGRITY STRIP [CHOICE…]: fetches a package from the npm registry and unpacks it into /unpacked.
set -eu
package=$1 integrity=$2
shift 2
file=$(npm pack --silent --ignore-scripts "$package" | tail -n 1)
actual="sha512-$(openssl dgst -sha512 -binary "$file" | openssl base64 -A)"
if [ "$actual" != "$integrity" ]; then
  echo "$package has the wrong checksum: expected $integrity, actual $actual" >&2
  exit 3
fi
exec sh /unpack.sh "$PWD/$file" "$@"
