/** The compiler does not keep the executable bit that the command line's entry needs. */
import { chmodSync } from 'node:fs'

chmodSync('dist/cli/main.js', 0o755)
