#!/usr/bin/env bash
# install.sh ENVIRONMENT FILE: installs what FILE pins, hashes and all, into a Python environment that exists.
#
# uv needs a tenth of pip's time. It is installed once per user, into the cache directory, with the pin that the
# developers' requirements have. pip does the work where uv cannot be had or does not get the packages, and where pip is
# told of an index, for uv reads none of pip's configuration.
set -euo pipefail

python=$1/bin/python file=$2
pip=("$python" -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes)
pin=$(sed -n '/^uv==/,/# via/p' "$(dirname "$0")/../requirements-dev.txt")
version=${pin#uv==} version=${version%% *}
cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/statefulsets
uv=$cache/uv-$version-$(uname -sm | tr ' ' '-')
new=''
# pip ends in good order on Ctrl-C, and bash would go on.
trap 'exit 130' INT
trap 'exit 143' TERM
trap '[ -z "$new" ] || rm -rf "$new"' EXIT

get_uv() {
  mkdir -p "$cache" && new=$(mktemp -d "$cache/uv-XXXXXX") || return
  "${pip[@]}" --only-binary :all: --target "$new" -r <(printf '%s\n' "$pin") && mv "$new/bin/uv" "$uv"
}

# Into this environment and no other place, and not as links into a cache: what else a user has set for uv is left out.
with_uv() {
  env -u UV_CONFIG_FILE -u UV_WORKING_DIR -u UV_LINK_MODE UV_HTTP_RETRIES=0 UV_HTTP_TIMEOUT=15 \
    "$uv" pip install --no-config --quiet --python "$python" --require-hashes -r "$file"
}

if ! "$python" -m pip config list 2>/dev/null | grep -q index; then
  [ -x "$uv" ] || get_uv 2>/dev/null || true
  if [ -x "$uv" ]; then
    if with_uv 2>/dev/null; then exit; fi
    echo 'uv could not install them; pip does, in a minute or so' >&2
  fi
fi
"${pip[@]}" -r "$file"
