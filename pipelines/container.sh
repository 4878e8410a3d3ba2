#!/bin/sh
# The entry point of the image: clone the project, unless a volume has it, and run a command in it.
set -eu
: "${PIPELINE_GIT:?is not set; expected the address of the git repository that flow.workers.git names}"
: "${PIPELINE_WORKSPACE:?is not set; expected the folder for the clone}"
[ -d "$PIPELINE_WORKSPACE/.git" ] || git clone --quiet "$PIPELINE_GIT" "$PIPELINE_WORKSPACE"
cd "$PIPELINE_WORKSPACE"
exec "$@"
