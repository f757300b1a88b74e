/**
 * Builds the firmware of examples/microcontroller with Debian's gcc-avr and avr-libc:
 * `node scripts/build-firmware.ts [OUTPUT.hex]`. The result is committed, so that nobody needs the compiler to run it.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../examples/microcontroller/firmware/', import.meta.url))
const output = process.argv[2] ?? join(folder, 'firmware.hex')
const build = mkdtempSync(join(tmpdir(), 'firmware-'))
try {
  const elf = join(build, 'firmware.elf')
  execFileSync(
    'avr-gcc',
    ['-mmcu=atmega328p', '-DF_CPU=16000000UL', '-Os', '-std=c11', '-Wall', '-Werror', '-o', elf, 'firmware.c'],
    {
      cwd: folder,
      stdio: 'inherit',
    },
  )
  execFileSync('avr-objcopy', ['-O', 'ihex', '-j', '.text', '-j', '.data', elf, output], { stdio: 'inherit' })
} finally {
  rmSync(build, { recursive: true })
}
