# unpack.sh ARCHIVE STRIP [+WANTED…] [-UNWANTED…]: unpacks a tar or zip archive into /unpacked, without its STRIP leading folders.
# Files get root as owner and lose setuid, setgid and sticky bits and group and world write permission. What is neither file, folder nor
# link is refused: nothing that is installed by hand has devices, pipes or sockets.
set -eu
archive=$1 strip=$2
shift 2
mkdir -p /unpacked.all /unpacked
case $archive in
  *.zip)
    mkdir /unpacked.zip
    unzip -q "$archive" -d /unpacked.zip
    depth=$((strip + 1))
    find /unpacked.zip -mindepth "$depth" -maxdepth "$depth" -exec mv -t /unpacked.all {} +
    rm -rf /unpacked.zip
    ;;
  *)
    # An entry's type is the first letter of its line; names that would break lines are quoted.
    tar -tvf "$archive" > /unpacked.list
    if grep -m 1 '^[^-dlh]' /unpacked.list > /unpacked.special; then
      echo "the archive has an entry that is neither file, folder nor link: $(cat /unpacked.special)" >&2
      exit 5
    fi
    tar -xf "$archive" -C /unpacked.all --strip-components="$strip" --no-same-owner
    ;;
esac
special=$(find /unpacked.all ! -type f ! -type d ! -type l | head -n 1)
if [ -n "$special" ]; then
  echo "the archive has an entry that is neither file, folder nor link: ${special#/unpacked.all/}" >&2
  exit 5
fi
chmod -R a-st,go-w /unpacked.all
wanted=
for choice in "$@"; do
  case $choice in
    +*) wanted=yes; mkdir -p "/unpacked/$(dirname "${choice#+}")"; mv "/unpacked.all/${choice#+}" "/unpacked/${choice#+}" ;;
    -*) rm -rf "/unpacked.all/${choice#-}" ;;
  esac
done
[ -n "$wanted" ] || { rmdir /unpacked; mv /unpacked.all /unpacked; }
