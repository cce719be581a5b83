#!/bin/sh
# The real runner's installs libraries. This one needs Node.js alone.
echo "The stand-in runner needs nothing but Node.js."
