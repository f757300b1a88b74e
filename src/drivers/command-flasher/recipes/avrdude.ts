import type { FlashJob, ImageKind, Recipe, ToolProgress } from '../recipe.ts'

/** The letters of avrdude for the formats of images (manual of avrdude, option -U). */
const formats: Readonly<Partial<Record<ImageKind, string>>> = { hex: 'i', srec: 's', elf: 'e' }

/** The options of every run. avrdude reads the signature before it does anything else, and ends if it is that of another chip. */
function connection({ config, partition }: Pick<FlashJob, 'config' | 'partition'>): {
  readonly args: readonly string[]
  readonly memory: string
} {
  const { port, chip = '', programmer = 'arduino', baudrate } = config
  const args = ['-p', chip, '-c', programmer]
  if (port !== undefined) args.push('-P', port)
  if (baudrate !== undefined) args.push('-b', String(baudrate))
  return { args, memory: partition ?? config.partition ?? 'flash' }
}

/** avrdude 7.1 prints `avrdude: writing 544 bytes flash ...`, and `544 bytes of flash written` and `verified` at the ends. */
function progress(line: string): ToolProgress | undefined {
  const begin = /\b(?<verb>writing|reading)\b.*?\b(?<bytes>\d+) bytes/i.exec(line)?.groups
  if (begin !== undefined && begin['verb']?.toLowerCase() === 'writing') {
    return { phase: 'write', bytes: 0, total: Number(begin['bytes']) }
  }
  const end = /\b(?<bytes>\d+) bytes of \w+ (?<verb>written|verified)/i.exec(line)?.groups
  if (end !== undefined) {
    const bytes = Number(end['bytes'])
    return { phase: end['verb'] === 'written' ? 'write' : 'verify', bytes, total: bytes }
  }
  if (/\berasing chip\b/i.test(line)) return { phase: 'erase' }
  if (/\bverifying\b/i.test(line)) return { phase: 'verify' }
  return undefined
}

/** AVR chips by a programmer or by the boot loader of an Arduino: <https://github.com/avrdudes/avrdude>. */
export const avrdude: Recipe = {
  program: 'avrdude',
  install: 'apt install avrdude',
  version: { args: ['-?'], pattern: /avrdude version (?<version>[\d.]+)/, oldest: '6.3' },
  required: ['chip'],
  optional: ['port', 'programmer', 'baudrate', 'partition'],
  partition: { pattern: /^[a-z]\w*$/i, text: "a memory of the chip: 'flash', 'eeprom'" },
  kinds: ['hex', 'srec', 'elf'],
  flash(job) {
    const { args, memory } = connection(job)
    return [{ args: [...args, '-D', '-U', `${memory}:w:${job.file}:${formats[job.kind]}`], phase: 'check', progress }]
  },
  compare(job) {
    const { args, memory } = connection(job)
    return {
      run: { args: [...args, '-U', `${memory}:v:${job.file}:${formats[job.kind]}`], phase: 'compare' },
      differs: /verification (?:error|mismatch)|verification mismatch/i,
    }
  },
  dump(job) {
    const { args, memory } = connection(job)
    return { args: [...args, '-U', `${memory}:r:${job.file}:i`], phase: 'verify' }
  },
  failures: [
    {
      // The lines of a cable that leads nowhere.
      pattern: /device signature = 0x(?:000000|ffffff)\b|invalid device signature/i,
      code: 'DEVICE_IO',
      text: 'the chip does not tell its signature',
    },
    {
      pattern:
        /device signature = 0x(?<found>[\da-f]{6})[\s\S]*expected signature for [^\n]* is (?<expected>[\da-f ]{6,8})/i,
      code: 'WRONG_BOARD',
      text: 'the signature is that of another chip',
    },
    {
      pattern: /AVR part "[^"]*" not found|unknown AVR part/i,
      code: 'EXPORTER_CONFIG_INVALID',
      text: 'it does not know this chip',
    },
    {
      pattern: /cannot find programmer id|can't find programmer id/i,
      code: 'EXPORTER_CONFIG_INVALID',
      text: 'it does not know this programmer',
    },
    {
      pattern:
        /not in sync|programmer is not responding|initialization failed|protocol error|unable to open programmer|timed? ?out|ser_recv\(\)/i,
      code: 'DEVICE_IO',
      text: 'no board answers, or it stopped answering',
    },
    {
      pattern: /verification (?:error|mismatch)/i,
      code: 'DEVICE_IO',
      text: 'the board has another content than was written',
    },
    {
      pattern:
        /invalid record|checksum mismatch|can't determine file format|not an? (?:valid )?(?:elf|hex)|out of range|outside of device|contains no data/i,
      code: 'IMAGE_INVALID',
      text: 'it cannot read the image',
    },
  ],
}
