# Functions for a script that runs in a foreign root by a shell of the native root at /native, which native-tools.sh has been run on. $interpreter
# is where native programs look for their loader, $triplet what their libraries' folder is called.
fail() {
  echo "acceleration: $*" >&2
  exit 1
}

# Until its loader and libraries are where they are looked for, a native program needs them named.
native() {
  program=$1 && shift
  "/native$interpreter" --library-path "/native/usr/lib/$triplet" "/native/usr/bin/$program" "$@"
}

# From here on native programs start by themselves, and come first in PATH.
use_native_tools() {
  folder=${interpreter%/*}
  made_folder= made_link=
  if [ ! -d "$folder" ]; then
    # Scripts find out by such folders whether the root is one with a merged /usr.
    [ ! -L /lib ] || made_link=$folder folder=/usr$folder
    native mkdir "$folder" && made_folder=$folder
    [ -z "$made_link" ] || native ln -s "${folder#/}" "$made_link"
  fi
  [ ! -e "$interpreter" ] && [ ! -e "/usr/lib/$triplet" ] || fail "the root has a loader or libraries of $triplet"
  native ln -s "/native$interpreter" "$interpreter"
  native ln -s "/native/usr/lib/$triplet" "/usr/lib/$triplet"
  export PATH=/native/accelerate/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  : > /tmp/started
}

# Nothing that was written meanwhile may name the native root.
refuse_traces() {
  find / -xdev -type f -newer /tmp/started ! -path '/tmp/*' -exec grep -la /native/ {} + > /tmp/named || true
  [ ! -s /tmp/named ] || fail "files name the native tools root: $(cat /tmp/named)"
  left=$(find / -xdev -lname '/native/*' ! -lname "/native$interpreter" ! -lname "/native/usr/lib/$triplet")
  [ -z "$left" ] || fail "links lead to the native tools root: $left"
  rm -f /tmp/named
}

# From here on nothing native starts by itself.
give_back() {
  rm -f /tmp/started
  native rm "$interpreter" "/usr/lib/$triplet"
  [ -z "$made_link" ] || native rm "$made_link"
  [ -z "$made_folder" ] || native rmdir "$made_folder"
}
