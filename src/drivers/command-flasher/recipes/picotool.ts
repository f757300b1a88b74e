import type { Recipe, ToolProgress } from '../recipe.ts'

/** picotool prints `Loading into Flash: [====      ]  40%`, and `Verifying Flash:` in the same form. */
function progress(line: string): ToolProgress | undefined {
  const bar = /^(?<verb>Loading|Verifying)\b.*\]\s*(?<percent>\d+)%/.exec(line)?.groups
  if (bar === undefined) return undefined
  return { phase: bar['verb'] === 'Loading' ? 'write' : 'verify', percent: Number(bar['percent']) }
}

/** RP2040 and RP2350 by the USB loader in their ROM: <https://github.com/raspberrypi/picotool>. */
export const picotool: Recipe = {
  program: 'picotool',
  install: 'apt install picotool',
  version: { args: ['version'], pattern: /picotool v(?<version>\d[\d.]*)/, oldest: '1.1' },
  required: [],
  optional: ['id'],
  kinds: ['uf2', 'elf'],
  flash({ config, file }) {
    const board = config.id === undefined ? [] : ['--ser', config.id]
    const start = config.leave === undefined ? ['-x'] : []
    return [{ args: ['load', '-v', ...start, file, ...board], phase: 'write', progress }]
  },
  failures: [
    {
      pattern: /no accessible RP[^\n]* devices? in BOOTSEL mode/i,
      code: 'DEVICE_IO',
      text: 'no board is in its loader',
    },
    {
      pattern: /family id|not (?:valid|possible) for|does not fit/i,
      code: 'IMAGE_INVALID',
      text: 'the image is for another chip, or larger than the flash',
    },
  ],
}
