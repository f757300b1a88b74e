import type { FlashJob, Recipe, ToolProgress } from '../recipe.ts'

/** The first address of the flash of every STM32 (reference manuals, memory map). */
const flashAddress = '0x08000000'

/** The port and its rate; the port stands at the end. */
function connection({ config }: Pick<FlashJob, 'config'>): { readonly rate: readonly string[]; readonly port: string } {
  const { port = '', baudrate } = config
  return { rate: baudrate === undefined ? [] : ['-b', String(baudrate)], port }
}

const addressOf = ({ config, partition }: FlashJob) => partition ?? config.address ?? flashAddress

/** stm32flash prints `Wrote and verified address 0x08000100 (8.53%)` after each block, and a return in front of it. */
function progress(line: string): ToolProgress | undefined {
  if (line.startsWith('Erasing memory')) return { phase: 'erase' }
  const block = /^(?<verb>Wrote|Read)\b.* address 0x[\da-f]+ \((?<percent>[\d.]+)%\)/i.exec(line)?.groups
  if (block === undefined) return undefined
  return { phase: block['verb'] === 'Wrote' ? 'write' : 'verify', percent: Number(block['percent']) }
}

/** The same form for ids with zeros in front and without. */
const toId = (hex: string) => `0x${Number.parseInt(hex, 16).toString(16)}`

/** STM32 by the loader in their ROM, over a serial port (AN3155): <https://sourceforge.net/projects/stm32flash>. */
export const stm32flash: Recipe = {
  program: 'stm32flash',
  install: 'apt install stm32flash',
  // It has no option for its version, and prints it before it finds out that this is no port.
  version: { args: ['/dev/null'], pattern: /stm32flash (?<version>\d[\d.]*)/, oldest: '0.5' },
  required: ['port', 'chip'],
  optional: ['baudrate', 'address'],
  chip: { pattern: /^0x[\da-f]{3,4}$/i, text: "the product id of the chip: '0x410' (AN2606 has a table)" },
  partition: { pattern: /^0x[\da-f]{1,8}$/i, text: "an address: '0x08004000'" },
  kinds: ['hex', 'raw'],
  identify(config) {
    const { rate, port } = connection({ config })
    return {
      run: { args: [...rate, port], phase: 'check' },
      found(output) {
        const id = /Device ID\s*:\s*(?<id>0x[\da-f]+)/i.exec(output)?.groups?.['id']
        return id === undefined ? undefined : toId(id)
      },
      expected: toId(config.chip ?? ''),
    }
  },
  flash(job) {
    const { rate, port } = connection(job)
    // A board that other drivers bring out of the loader is reset by them.
    const start = job.config.leave === undefined ? ['-g', '0x0'] : []
    return [
      {
        args: [...rate, '-w', job.file, '-v', '-S', addressOf(job), ...start, port],
        phase: 'erase',
        progress,
        // It writes as much of a larger image as there is room for, and calls that a success.
        success: /\(100\.00%\) Done/,
      },
    ]
  },
  dump(job) {
    const { rate, port } = connection(job)
    const part = job.bytes === 0 ? [] : ['-S', `${addressOf(job)}:${job.bytes}`]
    return { args: [...rate, '-r', job.file, ...part, port], phase: 'verify', progress, success: /\(100\.00%\) Done/ }
  },
  failures: [
    {
      pattern: /failed to verify at address 0x[\da-f]+/i,
      code: 'DEVICE_IO',
      text: 'the board has another content than was written',
    },
    {
      pattern: /larger th[ae]n available flash|address range exceeds|\((?!100\.00)[\d.]+%\) Done/i,
      code: 'IMAGE_INVALID',
      text: 'the image is larger than the flash; the part that fits may have been written',
    },
    {
      pattern:
        /failed to init device|no ack|failed to read ack|failed to write memory|failed to read|failed to erase|got nack|unexpected reply/i,
      code: 'DEVICE_IO',
      text: 'no board answers, it stopped answering, or its flash is protected',
    },
    {
      pattern:
        /failed to set terminal flags|failed to apply settings|not a tty|cannot handle device|failed to open port/i,
      code: 'DEVICE_IO',
      origin: 'lab',
      text: 'the port cannot be opened, or cannot have even parity, which the loader wants',
    },
  ],
}
