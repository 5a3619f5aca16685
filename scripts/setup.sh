#!/usr/bin/env bash
# Makes .venv and installs what is missing in it; takes no time where nothing is.
#
#     scripts/setup.sh        what the dashboard needs
#     scripts/setup.sh dev    what tests and benchmarks need, too
#
# PYTHON=... names the interpreter. TORCH=cpu takes PyTorch's CPU builds where their index can be reached;
# RSDASH_TORCH_CPU_INDEX names a mirror of it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VENV=.venv
CPU_INDEX=${RSDASH_TORCH_CPU_INDEX:-https://download.pytorch.org/whl/cpu}
CPU_INDEX_WAIT_S=5

main() {
    case ${TORCH:-} in
        "" | cpu) ;;
        *) fail "TORCH=$TORCH is unknown; leave it out, or set TORCH=cpu." ;;
    esac
    make_venv
    install_once app requirements.txt
    if [ "${1:-}" = dev ]; then
        install_once dev requirements-dev.txt
    fi
}

make_venv() {
    if "$VENV/bin/python" -c "" 2> /dev/null; then
        return
    fi
    local python
    python=$(find_python)
    if [ -e "$VENV" ]; then
        echo "The Python that $VENV was made with is gone; making it anew."
    fi
    "$python" -c "import ensurepip, venv" 2> /dev/null \
        || fail "$python lacks the module venv: install it first (Debian, Ubuntu: apt install python3-venv)."
    "$python" -m venv --clear "$VENV"
}

# The first of the usual names that runs and is new enough.
find_python() {
    local name
    for name in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        if "$name" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2> /dev/null; then
            echo "$name"
            return
        fi
    done
    local found
    found=$("${PYTHON:-python3}" -V 2>&1 | tail -n 1) || found="no Python"
    fail "rsdash needs Python 3.11 or newer, but found $found: install one, or name it with PYTHON=/path/to/python3."
}

# Install a file of requirements, unless exactly this was done before.
install_once() {
    local stamp=$VENV/.installed-$1 wanted
    wanted=$(cat "$2" constraints.txt)
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
        return
    fi
    local options=""
    if [ "$1" = dev ]; then
        echo "Installing the test tools into $VENV: a download of about 0.2 GB, 0.6 GB on disk."
    elif [ "$(uname -s)" = Darwin ]; then
        announce "0.5 GB, 1.9 GB on disk"
    elif [ "${TORCH:-}" = cpu ] && can_reach "$CPU_INDEX/torch/"; then
        announce "0.5 GB, 1.9 GB on disk"
        options="--extra-index-url $CPU_INDEX" # beside pip's own settings, which decide on all else
    else
        [ "${TORCH:-}" != cpu ] || echo "$CPU_INDEX cannot be reached; going on without PyTorch's CPU builds."
        announce "3.3 GB, 6.6 GB on disk"
        [ "${TORCH:-}" = cpu ] || echo "Without an NVIDIA GPU, TORCH=cpu after the make command needs 0.5 GB only."
    fi
    # shellcheck disable=SC2086  # no option or two
    "$VENV/bin/python" -m pip install -r "$2" -c constraints.txt $options
    printf '%s\n' "$wanted" > "$stamp"
}

announce() {
    echo "Installing into $VENV: a download of about $1, most of it PyTorch."
}

can_reach() {
    "$VENV/bin/python" -c "import sys, urllib.request as u; u.urlopen(sys.argv[1], timeout=float(sys.argv[2]))" \
        "$1" "$CPU_INDEX_WAIT_S" 2> /dev/null
}

fail() {
    echo "$1" >&2
    exit 1
}

main "$@"
