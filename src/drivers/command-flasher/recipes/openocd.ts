import type { FlashJob, Recipe, ToolProgress } from '../recipe.ts'

/** A word of Tcl, in which every special character stands for itself. */
const word = (text: string) => text.replaceAll(/[^\w./:-]/g, (character) => `\\${character}`)

/** OpenOCD 0.12 prints `** Programming Started **` and the like. */
function progress(line: string): ToolProgress | undefined {
  if (line.startsWith('** Programming Started')) return { phase: 'write' }
  return line.startsWith('** Verify Started') ? { phase: 'verify' } : undefined
}

function args({ config, file }: FlashJob): readonly string[] {
  const { scripts = [], id, leave } = config
  const probe = id === undefined ? [] : ['-c', `adapter serial ${word(id)}`]
  const restart = leave === undefined ? ' reset' : ''
  return [...scripts.flatMap((script) => ['-f', script]), ...probe, '-c', `program ${word(file)} verify${restart} exit`]
}

/** Chips behind a debug probe: <https://openocd.org/doc/html/Flash-Programming.html>. The scripts name the probe and the chip. */
export const openocd: Recipe = {
  program: 'openocd',
  install: 'apt install openocd',
  version: { args: ['--version'], pattern: /Open On-Chip Debugger (?<version>\d[\d.]*)/, oldest: '0.11' },
  required: ['scripts'],
  optional: ['id'],
  // Bytes without a format have no address.
  kinds: ['hex', 'srec', 'elf'],
  flash: (job) => [{ args: args(job), phase: 'check', progress, success: /\*\* Verified OK \*\*/ }],
  failures: [
    {
      pattern: /UNEXPECTED(?: idcode)?: (?<found>0x[\da-f]+)[\s\S]*?expected \d+ of \d+: (?<expected>0x[\da-f]+)/i,
      code: 'WRONG_BOARD',
      text: 'the chip has another id than the script expects; nothing was written',
    },
    {
      pattern:
        /unable to find (?:a )?matching|unable to open \S+ device|no device found|can't find \S+ (?:device|adapter)/i,
      code: 'DEVICE_IO',
      origin: 'lab',
      text: 'the debug probe is not there',
    },
    {
      pattern: /can't find \S+\.cfg|couldn't open|invalid command name/i,
      code: 'EXPORTER_CONFIG_INVALID',
      text: 'it cannot read a script',
    },
    {
      pattern: /no flash bank found|Programming Failed/i,
      code: 'IMAGE_INVALID',
      text: 'the image cannot be written to the flash of this chip',
    },
    {
      pattern: /Verify Failed|checksum mismatch/i,
      code: 'DEVICE_IO',
      text: 'the board has another content than was written',
    },
  ],
}
