# lay-out.sh COMPILED ARCHITECTURE NODE RUNNER, in this folder: makes the runner's folder RUNNER, as GitHub's is: the layout, the program
# that compile.sh wrote to COMPILED, under two names, and a link to the image's Node.js where GitHub's has its own.
set -eu
compiled=$1 architecture=$2 node=$3 runner=$4
mkdir -p "$runner"
cp -r layout/. "$runner/"
install -D -m 0755 "$compiled/$architecture/act-runner" "$runner/bin/Runner.Listener"
ln -s Runner.Listener "$runner/bin/Runner.Worker"
ln -sf "$node" "$runner/externals/node24/bin/node"
install -D -m 0644 "$compiled/licenses.txt" "$runner/licenses/act-runner.txt"
