# end.sh ROOT NATIVE …: takes out of a foreign root what begin.sh and dpkg.sh have put into it.
set -eu
root=$1 native=$2
. "$native/accelerate/facts"
while read -r path; do umount "$root$path"; done < "$native/accelerate/covered"
umount "$root/own" && rmdir "$root/own"
# shellcheck disable=SC2016
chroot "$root" "/native$interpreter" --library-path "/native/usr/lib/$triplet" /native/usr/bin/dash -euc '
  . /native/accelerate/facts
  . /native/accelerate/use-native-tools.sh
  PATH=/native/accelerate/bin:/usr/sbin:/usr/bin:/sbin:/bin
  refuse_traces
  give_back'
umount -R "$root/native" && rmdir "$root/native"
umount -R "$native"
