/**
 * Builds the firmware of examples/microbit with Debian's gcc-arm-none-eabi:
 * `node scripts/build-microbit-firmware.ts [OUTPUT.elf]`. The result is committed, so that nobody needs the compiler, which
 * takes 465 MB, to run it.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../examples/microbit/firmware/', import.meta.url))
const output = process.argv[2] ?? join(folder, 'firmware.elf')

execFileSync(
  'arm-none-eabi-gcc',
  [
    ...['-mcpu=cortex-m0', '-mthumb', '-Os', '-std=c11', '-ffreestanding', '-nostdlib', '-Wall', '-Wextra', '-Werror'],
    // Nothing in the file depends on where, or how often, it is built.
    ...['-Wl,-T,firmware.ld', '-Wl,--build-id=none', '-Wl,-z,max-page-size=4'],
    ...['-o', output, 'firmware.c'],
  ],
  { cwd: folder, stdio: 'inherit' },
)
