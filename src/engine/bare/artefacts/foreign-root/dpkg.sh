#!/native/usr/bin/dash
# dpkg, as mmdebstrap and apt call it in a foreign root. Unpacks with the native dpkg. Configures with the root's own, which resolves the
# dependencies of `Architecture: all` by the architecture that it was built for, while native interpreters cover the root's.
set -eu
export PATH=/native/accelerate/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
covered=/native/accelerate/covered

# Nothing can be unpacked over a mount.
unpack() {
  while read -r path; do umount "$path"; done < $covered
  : > $covered
  /native/usr/bin/dpkg --force-architecture "$@"
}

configure() {
  if [ ! -s $covered ]; then
    chroot /native /usr/bin/sh /accelerate/prepare.sh > $covered.new
    while read -r path; do mount --bind "/native/accelerate/cover/$(echo "$path" | tr / _)" "$path"; done < $covered.new
    mv $covered.new $covered
  fi
  /own/usr/bin/dpkg "$@"
}

# Both in one: mmdebstrap's call for the essential packages. They are configured in the order in which they are named.
install() {
  options='' files='' names=''
  for word in "$@"; do
    case $word in
      --install) ;;
      -*) options="$options $word" ;;
      *)
        name=${word##*/}
        files="$files $word" names="$names ${name%%_*}"
        ;;
    esac
  done
  # shellcheck disable=SC2086
  unpack $options --unpack $files
  # shellcheck disable=SC2086
  configure $options --configure $names
}

case " $* " in
  *" --install "*) install "$@" ;;
  *" --unpack "*) unpack "$@" ;;
  *" --configure "*) configure "$@" ;;
  *) exec /native/accelerate/bin/dpkg "$@" ;;
esac
