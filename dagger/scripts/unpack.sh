# unpack.sh ARCHIVE STRIP [+WANTED…] [-UNWANTED…]: unpacks a tar or zip archive into /unpacked, without its STRIP leading folders.
# Files get root as owner and lose group and world write permission.
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
  *) tar -xf "$archive" -C /unpacked.all --strip-components="$strip" --no-same-owner ;;
esac
chmod -R go-w /unpacked.all
wanted=
for choice in "$@"; do
  case $choice in
    +*) wanted=yes; mkdir -p "/unpacked/$(dirname "${choice#+}")"; mv "/unpacked.all/${choice#+}" "/unpacked/${choice#+}" ;;
    -*) rm -rf "/unpacked.all/${choice#-}" ;;
  esac
done
[ -n "$wanted" ] || { rmdir /unpacked; mv /unpacked.all /unpacked; }
