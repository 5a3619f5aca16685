#!/usr/bin/env bash
# Starts the dashboard, which prints its address: scripts/start.sh [port]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

port=${1:-8501}
if (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
    echo "Port $port is in use, perhaps by another dashboard: choose one with make app PORT=$((port + 1))." >&2
    exit 1
fi
echo "Starting the dashboard; Ctrl+C stops it."
exec .venv/bin/python -m streamlit run app.py --server.port "$port"
