# Prints what this machine is, a line each: processors, memory in kB, kernel, and what it runs the programs of the foreign root at
# /target with, as that calls itself.
nproc
sed -nE 's/^MemTotal: *([0-9]+) kB/\1/p' /proc/meminfo
uname -r
# The kernel starts an emulator in place of the foreign program, and the process' own link leads to it.
chroot /target /bin/sleep 60 2> /dev/null &
for try in 1 2 3 4 5 6 7 8 9 10; do
  sleep 0.2
  case $(readlink "/proc/$!/exe") in
    *qemu*) "/proc/$!/exe" --version | head -n 1 && break ;;
  esac
done
kill $! 2> /dev/null || true
