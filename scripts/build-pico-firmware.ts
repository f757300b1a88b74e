/**
 * Builds the firmware of examples/boards for a Raspberry Pi Pico with Debian's gcc-arm-none-eabi:
 * `node scripts/build-pico-firmware.ts [OUTPUT.uf2]`. The result is committed, so that nobody needs the compiler, which takes
 * 465 MB, to run it.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { bootStageBytes, bootStageChecksum } from '../src/drivers/rp2040-board/boot-stage.ts'
import { toUf2 } from '../src/drivers/rp2040-board/uf2.ts'

const folder = fileURLToPath(new URL('../examples/boards/firmware/', import.meta.url))
const output = process.argv[2] ?? join(folder, 'pico.uf2')
const build = mkdtempSync(join(tmpdir(), 'firmware-'))
try {
  const [elf, binary] = [join(build, 'pico.elf'), join(build, 'pico.bin')]
  execFileSync(
    'arm-none-eabi-gcc',
    [
      ...['-mcpu=cortex-m0plus', '-mthumb', '-Os', '-std=c11', '-ffreestanding', '-nostdlib'],
      ...['-Wall', '-Wextra', '-Werror', '-Wl,-T,pico.ld', '-Wl,--build-id=none', '-o', elf, 'pico.c'],
    ],
    { cwd: folder, stdio: 'inherit' },
  )
  // The gap after the second stage of the boot is zero, as its checksum expects.
  execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', elf, binary], { stdio: 'inherit' })
  const flash = readFileSync(binary)
  flash.writeUInt32LE(bootStageChecksum(flash), bootStageBytes - 4)
  writeFileSync(output, toUf2(flash))
} finally {
  rmSync(build, { recursive: true })
}
