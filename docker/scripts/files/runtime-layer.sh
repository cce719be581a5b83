# runtime-layer.sh FILES PROGRAM ENV-FROM ENV-TO ENV-MODE LOADER-OF LOADER-TO LOADER-MODE RUNNER MANIFEST: lays out in /laid-out what the runtime
# program adds to the image at /target. FILES is a folder of finished files, PROGRAM the folder of the bundled program in the image. From the image it copies ENV-FROM and the dynamic
# linker of LOADER-OF, and MANIFEST gets the checksums of the programs in the folder RUNNER.
set -eu
files=$1 program=$2 env_from=$3 env_to=$4 env_mode=$5 loader_of=$6 loader_to=$7 loader_mode=$8 runner=$9
shift 9
manifest=$1
mkdir /laid-out
# Without the extended attributes that Dagger gives to uploaded files.
cp --recursive --no-dereference --preserve=mode,timestamps "$files/." /laid-out
install -m 0644 /bundle/runtime.mjs "/laid-out$program/runtime.mjs"
install -m "$env_mode" "/target$env_from" "/laid-out$env_to"
node /plan/loader.mjs /target "$loader_of" "/laid-out$loader_to"
chmod "$loader_mode" "/laid-out$loader_to"
cd "/target$runner"
sh /plan/runner-manifest.sh > "/laid-out$manifest"
