#!/usr/bin/env bash
# Package: parliament (PyPI). Version: 1.6.4.
# A linter of IAM policies.
#
# Guess: it takes the conditions that AWS documents for its own keys.
# Behavior: s3:TlsVersion with NumericLessThan "1.2", the condition by which buckets refuse
# old versions of TLS, is a mismatch of types, since it takes a number with a fraction for
# none; so is aws:EpochTime with a number of seconds, which it takes for a date in text
# alone. aws:CurrentTime with a date is accepted.
#
# The script fails if that changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet 'setuptools<81' parliament==1.6.4
"$dir/venv/bin/python" -W ignore - <<'PY' | tee "$dir/seen"
import json
import parliament

conditions = {
    "tls 1.2": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    "tls 1": {"NumericLessThan": {"s3:TlsVersion": "1"}},
    "seconds": {"NumericLessThan": {"aws:EpochTime": "1798675200"}},
    "date": {"DateLessThan": {"aws:CurrentTime": "2026-12-31T00:00:00Z"}},
}
for name, condition in conditions.items():
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*", "Condition": condition}],
    }
    print(name, [f.issue for f in parliament.analyze_policy_string(json.dumps(policy)).findings])
PY
cat >"$dir/want" <<'TEXT'
tls 1.2 ['MISMATCHED_TYPE']
tls 1 []
seconds ['MISMATCHED_TYPE']
date []
TEXT
diff "$dir/want" "$dir/seen" && echo "parliament 1.6.4 behaves as described"
