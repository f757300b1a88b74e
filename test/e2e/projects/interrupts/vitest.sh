# The terminal's first process lives longer than Vitest, and says how that ended, unless the terminal is closed.
trap : INT
"$NODE" node_modules/vitest/vitest.mjs "$@"
echo "$?" > exit-code
