# accelerated.sh STEP: takes a step of an installation, unpack or configure, in a foreign root, by a shell of it that nothing
# covers, for $TARGETARCH. The native tools root is at /native, /plan what prepared.sh made of the plan. If that refused, the root's own programs do it.
set -eu
step=$1 architecture=$TARGETARCH
if [ -e /native/accelerate/refused ]; then
  read -r reason < /native/accelerate/refused
  echo "packages are installed under emulation, which takes much longer: $reason" >&2
  exec sh /plan/install.sh "$architecture" "$step"
fi
read -r interpreter triplet < /native/accelerate/loader
"/native$interpreter" --library-path "/native/usr/lib/$triplet" /native/usr/bin/dash "/plan/$step.sh" "$interpreter" "$triplet" "$architecture" || {
  echo "the native installation failed; --build-arg INSTALL=emulated does without" >&2
  exit 1
}
