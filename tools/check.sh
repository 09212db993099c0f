#!/bin/sh
# Everything that has to hold beside the tests; all of it is run, and the first failure decides the exit code.
bin=${1:-.venv/bin}
status=0
step() {
    name=$1
    shift
    if "$@" >/tmp/check.$$ 2>&1; then
        echo "ok    $name"
    else
        echo "FAIL  $name"
        cat /tmp/check.$$
        status=1
    fi
    rm -f /tmp/check.$$
}
step "ruff" "$bin/ruff" check .
step "ruff format" "$bin/ruff" format --check .
step "ruff format of what plans add" "$bin/ruff" format --check plans/*/*/files
step "mypy" "$bin/mypy"
step "layers" "$bin/lint-imports"
step "schema.sql is fresh" "$bin/python" -m tracker.store.schema --check
step "docs are fresh" "$bin/python" -m tools.docs --check
step "docs/reliability.md is fresh" "$bin/python" -m tests.torture.report --check
step "STATE.md is fresh" "$bin/tracker" state --check
exit $status
