import type { FlashJob, Recipe, ToolProgress } from '../recipe.ts'

/** dfu-util 0.11 prints `Download	[=====     ]  20%         1234 bytes`. */
function progress(line: string): ToolProgress | undefined {
  const bar = /^(?<verb>Erase|Download)\s*\[[^\]]*\]\s*(?<percent>\d+)%/.exec(line)?.groups
  if (bar === undefined) return undefined
  return { phase: bar['verb'] === 'Erase' ? 'erase' : 'write', percent: Number(bar['percent']) }
}

function args({ config, partition, file }: FlashJob): readonly string[] {
  const { chip = '', id, address, leave } = config
  const board = ['-d', chip, ...(id === undefined ? [] : ['-S', id]), '-a', partition ?? config.partition ?? '0']
  // Loaders of ST ("DfuSe") want an address, and start the program at the end; the others restart with the bus.
  const restart = leave === undefined ? ['-R'] : []
  const place = address === undefined ? restart : ['-s', leave === undefined ? `${address}:leave` : address]
  return [...board, ...place, '-D', file]
}

/** Boards whose loader speaks USB DFU: <https://dfu-util.sourceforge.net>. It talks only to those with the USB id and serial number. */
export const dfuUtil: Recipe = {
  program: 'dfu-util',
  install: 'apt install dfu-util',
  version: { args: ['--version'], pattern: /dfu-util (?<version>\d[\d.]*)/, oldest: '0.9' },
  required: ['chip'],
  optional: ['id', 'address', 'partition'],
  chip: { pattern: /^[\da-f]{4}:[\da-f]{4}$/i, text: "the USB id of the loader: '0483:df11'" },
  partition: { pattern: /^[\w@][\w@ ./-]*$/, text: "an alternate setting by number or name: '0'" },
  kinds: ['raw'],
  flash: (job) => [
    {
      args: args(job),
      phase: 'write',
      progress,
      success: /Download done|downloaded successfully/i,
      // A board that has left its loader does not answer any more.
      exitCodes: [74],
    },
  ],
  failures: [
    {
      pattern: /more than one DFU capable USB device/i,
      code: 'EXPORTER_CONFIG_INVALID',
      text: 'several boards have this USB id; set id to the serial number of one',
    },
    {
      pattern: /no DFU capable USB device available/i,
      code: 'DEVICE_IO',
      text: 'no board with this USB id and serial number is in its loader',
    },
    {
      pattern: /File ID \S+ does not match device|is not writeable/i,
      code: 'IMAGE_INVALID',
      text: 'the image is for another board, or larger than the flash',
    },
  ],
}
