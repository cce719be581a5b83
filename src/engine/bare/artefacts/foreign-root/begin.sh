# begin.sh ROOT NATIVE TAR ACCELERATE SCRIPTS TRIPLET: prepares a foreign root, whose essential files are unpacked, for dpkg.sh. The native root
# in TAR is unpacked into memory at NATIVE: a file system of its own, so that what searches one root does not find the other.
set -eu
root=$1 native=$2 tar=$3 accelerate=$4 scripts=$5 triplet=$6
mount -t tmpfs -o mode=0755 native-root "$native"
tar -xpf "$tar" -C "$native"
# One device, and not the host's /dev: mmdebstrap empties a root that it could not make, whatever is mounted in it.
mknod -m 0666 "$native/dev/null" c 1 3
chroot "$native" sh -c "$(cat "$accelerate/native-tools.sh")"
mkdir "$native/target" "$native/accelerate/dpkg"
cp "$accelerate/prepare.sh" "$accelerate/use-native-tools.sh" "$native/accelerate"
cp "$scripts/dpkg.sh" "$native/accelerate/dpkg/dpkg" && chmod 0755 "$native/accelerate/dpkg/dpkg"
# Where native programs look for their loader, as in probe.sh.
interpreter=$(grep -aoE -m 1 '/lib[[:alnum:]_/.-]*/ld[[:alnum:]_.-]*' "$native/usr/bin/dash" | head -n 1)
printf "interpreter='%s' triplet='%s'\n" "$interpreter" "$triplet" > "$native/accelerate/facts"
: > "$native/accelerate/covered"

mkdir "$root/native" "$root/own"
mount --bind "$root" "$native/target"
mount --rbind "$native" "$root/native"
# What is mounted over a program later does not cover it here.
mount --bind "$root" "$root/own"
# shellcheck disable=SC2016
chroot "$root" "/native$interpreter" --library-path "/native/usr/lib/$triplet" /native/usr/bin/dash -euc '
  . /native/accelerate/facts
  . /native/accelerate/use-native-tools.sh
  use_native_tools
  printf "made_folder=%s made_link=%s\n" "$made_folder" "$made_link" >> /native/accelerate/facts'
