# fetch-npm.sh PACKAGE@VERSION INTEGRITY NEEDLESS STRIP [CHOICE…]: fetches a package from the npm registry and unpacks it into /unpacked.
# NEEDLESS are the names of installation scripts without which it works.
set -eu
package=$1 integrity=$2 needless=$3
shift 3
# Not in a pipe, where npm's failure would be taken for a file without a name.
npm pack --loglevel=error --ignore-scripts "$package" > packed
file=$(tail -n 1 packed)
actual="sha512-$(openssl dgst -sha512 -binary "$file" | openssl base64 -A)"
if [ "$actual" != "$integrity" ]; then
  echo "$package has the wrong checksum: expected $integrity, actual $actual" >&2
  exit 3
fi
# What is built while it is installed would be built for this machine, not for the image's platform.
built=$(tar -tzf "$file" | grep -Ec '^[^/]+/binding\.gyp$' || true)
hooks=$(tar -xOzf "$file" package/package.json | node -p '
  const { scripts = {} } = JSON.parse(require("fs").readFileSync(0, "utf8"))
  const needless = process.argv[1].split(" ")
  ;["preinstall", "install", "postinstall"].filter((name) => name in scripts && !needless.includes(name)).join(" ")' "$needless")
if [ "$built" != 0 ] || [ -n "$hooks" ]; then
  echo "$package has to be built when it is installed (${hooks:-binding.gyp}), which is not done for another platform" >&2
  exit 4
fi
exec sh /plan/unpack.sh "$PWD/$file" "$@"
