#!/bin/bash
# Waits so many seconds.
exec sleep "$1"
