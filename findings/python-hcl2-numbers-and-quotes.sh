#!/usr/bin/env bash
# Package: python-hcl2 (PyPI). Version: 8.1.4.
# A parser of Terraform's language for Python.
#
# Guess: a literal number becomes a number, a literal string its text, and a map of the
# result has the names that the file has.
# Behavior: a string and the label of a block keep their quotes, the text of a heredoc its
# markers; a number with an exponent becomes the text of an interpolation, "${1e3}", while
# one with a fraction becomes a number; every block gets a member __is_block__ that is not
# in the file. A program that compares values or names without taking this off finds
# nothing equal.
#
# The script fails if that changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet python-hcl2==8.1.4
"$dir/venv/bin/python" - <<'PY' | tee "$dir/seen"
import io, json
import hcl2

text = '''
resource "aws_sqs_queue" "orders" {
  name     = "orders"
  delay    = 1.50
  retained = 1e3
  policy   = <<EOT
text
EOT
}
'''
print(json.dumps(hcl2.load(io.StringIO(text)), sort_keys=True))
PY
cat >"$dir/want" <<'JSON'
{"resource": [{"\"aws_sqs_queue\"": {"\"orders\"": {"__is_block__": true, "delay": 1.5, "name": "\"orders\"", "policy": "\"<<EOT\ntext\nEOT\"", "retained": "${1e3}"}}}]}
JSON
diff "$dir/want" "$dir/seen" && echo "python-hcl2 8.1.4 behaves as described"
