# Functions of the shell for what an image says of itself. The root with its packages is at /target; files are put below /tree.

# version PACKAGE: its version, without what the distribution added to it.
version() {
  dpkg-query --admindir=/target/var/lib/dpkg -W -f '${Version}' "$1" |
    sed -E 's/^[0-9]+://; s/-[^-]*$//; s/[+~](ds|dfsg|repack|really|git|ubuntu).*$//; s/\+[a-z].*$//'
}

# python: the package with the interpreter itself. dpkg also knows names that are not installed.
python() {
  dpkg-query --admindir=/target/var/lib/dpkg -W -f '${db:Status-Abbrev}${Package}\n' 'python3.*' | sed -n 's/^ii *\(python3\.[0-9]*\)$/\1/p'
}

# tool NAME VERSION: adds a line to $tools, in JSON.
tool() {
  tools="$tools${tools:+,
    }\"$1\": \"$2\""
}

# link TARGET PATH
link() {
  mkdir -p "/tree${2%/*}"
  ln -s "$1" "/tree$2"
}

# cached CACHE LINKS NAME/VERSION/ARCHITECTURE INSIDE=TARGET…: links in the tool cache CACHE, where setup-* actions look for what they would
# otherwise download. They lead to the folder LINKS, which no volume covers.
cached() {
  cache=$1 links=$2 path=$3
  shift 3
  for link in "$@"; do link "${link#*=}" "$links/$path${link%%=*}"; done
  link "$links/$path" "$cache/$path"
  touch "/tree$cache/$path.complete"
}
