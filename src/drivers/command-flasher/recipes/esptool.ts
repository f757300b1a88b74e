import type { FlashJob, Recipe, ToolProgress } from '../recipe.ts'

/** The ids of chips in the headers of images (esptool documentation: Firmware Image Format, extended file header). */
const imageIds: Readonly<Record<number, string>> = {
  0: 'esp32',
  2: 'esp32s2',
  5: 'esp32c3',
  9: 'esp32s3',
  12: 'esp32c2',
  13: 'esp32c6',
  16: 'esp32h2',
  18: 'esp32p4',
  20: 'esp32c61',
  23: 'esp32c5',
  25: 'esp32h21',
  28: 'esp32h4',
  31: 'esp32e22',
  32: 'esp32s31',
}

/** The offset of the id in an image (same page). */
const imageIdOffset = 12

/** The resets before and after a run. The tool's own reset would undo those that other drivers do. */
interface Resets {
  /** True for a run that another one follows, so that the chip stays in its loader. */
  readonly goesOn: boolean
}

/** The options of every run. */
function connection({ config }: Pick<FlashJob, 'config'>, { goesOn }: Resets): readonly string[] {
  const { chip = '', port = '', baudrate, enter, leave } = config
  const before = enter === undefined ? 'default-reset' : 'no-reset'
  const after = goesOn || leave !== undefined ? 'no-reset' : 'hard-reset'
  const rate = baudrate === undefined ? [] : ['--baud', String(baudrate)]
  return ['--chip', chip, '--port', port, ...rate, '--before', before, '--after', after]
}

const addressOf = ({ config, partition }: FlashJob) => partition ?? config.address ?? ''

/** esptool 5.6 prints `Writing at 0x00010400 ━━━ 17.0% 1.00kB/5.88kB [0s]` after each block, and `Verifying written data...`. */
function progress(line: string): ToolProgress | undefined {
  if (line.startsWith('Erasing flash')) return { phase: 'erase' }
  if (line.startsWith('Verifying written data')) return { phase: 'verify' }
  const block = /^(?<verb>Writing at|Reading from) 0x[\da-f]+\D* (?<percent>[\d.]+)%/i.exec(line)?.groups
  if (block === undefined) return undefined
  return { phase: block['verb'] === 'Writing at' ? 'write' : 'verify', percent: Number(block['percent']) }
}

/** Chips of Espressif by the loader in their ROM: <https://docs.espressif.com/projects/esptool>. */
export const esptool: Recipe = {
  program: 'esptool',
  install: 'pip install esptool',
  version: { args: ['version'], pattern: /esptool(?:\.py)? v(?<version>[\d.]+)/, oldest: '5.0' },
  required: ['port', 'chip', 'address'],
  optional: ['baudrate', 'id'],
  chip: { pattern: /^esp(?:8266|32[a-z\d]*)$/, text: "the name of a chip: 'esp32', 'esp32s3'" },
  partition: { pattern: /^0x[\da-f]{1,8}$/i, text: "an address: '0x10000'" },
  kinds: ['esp', 'raw'],
  otherBoard(image, { chip }) {
    if (image[0] !== 0xe9 || chip === 'esp8266' || image.length < imageIdOffset + 2) return undefined
    const found = imageIds[image.readUInt16LE(imageIdOffset)]
    return found === chip ? undefined : found
  },
  // The tool compares the chip, but only warns about one that it does not know, and goes on.
  identify(config) {
    const { id, chip = '' } = config
    return {
      run: { args: [...connection({ config }, { goesOn: true }), 'read-mac'], phase: 'check' },
      found(output) {
        const unknown = /doesn't appear to be an? [^(\n]*\((?<chip>[^)]*)\)/i.exec(output)?.groups?.['chip']
        if (unknown !== undefined) return `another chip: ${unknown}`
        const mac = /^MAC:\s*(?<mac>[\da-f:]+)\s*$/im.exec(output)?.groups?.['mac']
        return id === undefined && mac !== undefined ? chip : mac
      },
      expected: id ?? chip,
    }
  },
  flash(job) {
    const args = [...connection(job, { goesOn: false }), 'write-flash', addressOf(job), job.file]
    return [{ args, phase: 'check', progress, success: /Hash of data verified/ }]
  },
  compare(job) {
    const args = [...connection(job, { goesOn: job.config.enter !== undefined }), 'verify-flash', addressOf(job)]
    return { run: { args: [...args, job.file], phase: 'compare' }, differs: /Verification failed/ }
  },
  dump(job) {
    const args = [...connection(job, { goesOn: false }), 'read-flash', '0', 'ALL', job.file]
    return { args, phase: 'verify', progress }
  },
  failures: [
    {
      pattern: /This chip is (?<found>\S+), not (?<expected>[^.\s]+)/,
      code: 'WRONG_BOARD',
      text: 'another chip is there; nothing was written',
    },
    {
      pattern: /MD5 of file does not match|written flash region is empty|Verification failed/i,
      code: 'DEVICE_IO',
      text: 'the board has another content than was written',
    },
    {
      pattern: /will not fit in \d+ bytes of flash/i,
      code: 'IMAGE_INVALID',
      text: 'the image is larger than the flash; nothing was written',
    },
    {
      pattern: /is not an \S+ image|does not contain an \S+ image|requires chip revision/i,
      code: 'IMAGE_INVALID',
      text: 'the image is for another chip, or another revision of it; nothing was written',
    },
    {
      pattern: /secure boot|flash encryption|secure download/i,
      code: 'DEVICE_IO',
      text: 'the chip protects its flash against this image',
    },
    {
      pattern: /Invalid value for '--chip'/i,
      code: 'EXPORTER_CONFIG_INVALID',
      text: 'it does not know this chip',
    },
    {
      pattern: /Could not open .*port is busy or doesn't exist|serial exception error/i,
      code: 'DEVICE_IO',
      origin: 'lab',
      text: 'the port cannot be opened, or has gone',
    },
    {
      pattern:
        /Failed to connect|No serial data received|stopped responding|data stream stopped|transfer stopped|Invalid head of packet|Response doesn't match/i,
      code: 'DEVICE_IO',
      text: 'no board answers, or it stopped answering',
    },
  ],
}
