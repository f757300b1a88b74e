/**
 * Builds the firmware for the micro:bit with Debian's gcc-arm-none-eabi: that of examples/microbit and that of the tests, or one source
 * alone: `node scripts/build-microbit-firmware.ts [SOURCE.c OUTPUT.elf]`. The results are committed, so that nobody needs the compiler,
 * which takes 465 MB, to run them.
 */
import { execFileSync } from 'node:child_process'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const pathOf = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const script = pathOf('examples/microbit/firmware/firmware.ld')
const sources = ['examples/microbit/firmware/firmware.c', 'test/support/firmware/target-tests.c']
const [source, output] = process.argv.slice(2)

for (const path of source === undefined ? sources : [source]) {
  const from = pathOf(path)
  execFileSync(
    'arm-none-eabi-gcc',
    [
      ...[
        '-mcpu=cortex-m0',
        '-mthumb',
        '-Os',
        '-std=c11',
        '-ffreestanding',
        '-nostdlib',
        '-Wall',
        '-Wextra',
        '-Werror',
      ],
      // Nothing in the file depends on where, or how often, it is built.
      ...[`-Wl,-T,${script}`, '-Wl,--build-id=none', '-Wl,-z,max-page-size=4'],
      ...['-o', output ?? from.replace(/\.c$/, '.elf'), basename(from)],
    ],
    { cwd: dirname(from), stdio: 'inherit' },
  )
}
