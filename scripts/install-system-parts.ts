/**
 * Installs the parts of the system that some tests need and npm cannot bring, where this is Debian or Ubuntu and we may:
 * elsewhere the tests that need them are skipped, and say so. With CI set, a part that cannot be had is an error.
 */
import { spawnSync } from 'node:child_process'

/** Commands that tests call, and the Debian packages that have them. */
const parts = [
  { command: 'avr-gcc', packages: ['gcc-avr', 'avr-libc'], for: 'comparing the committed firmware with its source' },
  { command: 'xz', packages: ['xz-utils'], for: 'flashing xz images' },
  { command: 'bzip2', packages: ['bzip2'], for: 'flashing bzip2 images' },
]

const has = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: 'ignore' }).error === undefined
const run = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0

const missing = parts.filter(({ command }) => !has(command, '--version'))
if (missing.length > 0 && has('apt-get', '--version')) {
  const packages = missing.flatMap((part) => part.packages)
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...packages]
  // Nobody is asked for a password in the middle of a test run.
  const prefix = process.getuid?.() === 0 ? [] : ['sudo', '--non-interactive']
  const asRoot = ([command = '', ...args]: string[]) => run(command, ...args)
  if (prefix.length === 0 || has('sudo', '--version')) {
    console.log(`installing ${packages.join(', ')}`)
    if (asRoot([...prefix, 'apt-get', 'update'])) asRoot([...prefix, ...install])
  }
}

for (const { command, packages, for: purpose } of parts) {
  if (has(command, '--version')) continue
  console.log(`${command} is not installed (Debian: ${packages.join(' ')}): no tests of ${purpose}`)
  if (process.env['CI']) process.exitCode = 1
}
