# unpack.sh ARCHIVE STRIP [+WANTED…] [-UNWANTED…]: unpacks a tar or zip archive into /unpacked, without its STRIP leading folders.
# Files get root as owner and lose setuid, setgid and sticky bits and group and world write permission. What is neither file, folder nor
# link is refused: nothing that is installed by hand has devices, pipes or sockets. So are names that lead out of the archive's folder, and
# archives that would fill the disk.
set -eu
archive=$1 strip=$2
shift 2
# The largest that we know of, a toolchain, has less than 1 GiB.
most=$((8 * 1024 * 1024 * 1024))
# Of one file, in units of 512 bytes: an archive may lie about sizes.
ulimit -f $((most / 512))
refuse() {
  echo "the archive $1" >&2
  exit 5
}
refuse_names() {
  if grep -m 1 -E '^/|(^|/)\.\.(/|$)' "$1" > /unpacked.outside; then
    refuse "has an entry outside of its folder: $(cat /unpacked.outside)"
  fi
}
# Which of them counts, programs decide differently. Folders may be listed again.
refuse_twice() {
  twice=$(sed -e 's:^\./::' -e '/\/$/d' "$1" | sort | uniq -d | head -n 1)
  if [ -n "$twice" ]; then
    refuse "has two entries of one name: $twice"
  fi
}
refuse_size() {
  if [ "$1" -gt "$most" ]; then
    refuse "has $1 bytes when it is unpacked, more than $most"
  fi
}
mkdir -p /unpacked.all /unpacked
case $archive in
  *.zip)
    unzip -Z1 "$archive" > /unpacked.names
    refuse_names /unpacked.names
    refuse_twice /unpacked.names
    refuse_size "$(unzip -Zt "$archive" | sed -n 's/^[0-9]* files\{0,1\}, \([0-9]*\) bytes uncompressed.*/\1/p')"
    mkdir /unpacked.zip
    unzip -q "$archive" -d /unpacked.zip
    depth=$((strip + 1))
    find /unpacked.zip -mindepth "$depth" -maxdepth "$depth" -exec mv -t /unpacked.all {} +
    rm -rf /unpacked.zip
    ;;
  *)
    # An entry's type is the first letter of its line; names that would break lines are quoted. They are listed as they are written (-P): tar
    # would otherwise remove what leads out of the folder, and say so for the first one only.
    tar -Ptvf "$archive" > /unpacked.list
    if grep -m 1 '^[^-dlh]' /unpacked.list > /unpacked.special; then
      refuse "has an entry that is neither file, folder nor link: $(cat /unpacked.special)"
    fi
    tar -Ptf "$archive" > /unpacked.names
    refuse_names /unpacked.names
    refuse_twice /unpacked.names
    refuse_size "$(awk '{ bytes += $3 } END { printf "%.0f", bytes }' /unpacked.list)"
    tar -xf "$archive" -C /unpacked.all --strip-components="$strip" --no-same-owner
    ;;
esac
special=$(find /unpacked.all ! -type f ! -type d ! -type l | head -n 1)
if [ -n "$special" ]; then
  refuse "has an entry that is neither file, folder nor link: ${special#/unpacked.all/}"
fi
chmod -R a-st,go-w /unpacked.all
wanted=
for choice in "$@"; do
  folder=/unpacked.all/$(dirname "${choice#?}")
  if [ -e "$folder" ] && [ "$(realpath "$folder")" != "$(realpath -s "$folder")" ]; then
    refuse "has a link in the place of a folder: $(dirname "${choice#?}")"
  fi
  case $choice in
    +*) wanted=yes; mkdir -p "/unpacked/$(dirname "${choice#+}")"; mv "/unpacked.all/${choice#+}" "/unpacked/${choice#+}" ;;
    -*) rm -rf "/unpacked.all/${choice#-}" ;;
  esac
done
[ -n "$wanted" ] || { rmdir /unpacked; mv /unpacked.all /unpacked; }
