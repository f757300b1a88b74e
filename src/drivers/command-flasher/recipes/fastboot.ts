import type { FlashJob, Recipe, ToolProgress } from '../recipe.ts'

const board = ({ config }: Pick<FlashJob, 'config'>) => (config.id === undefined ? [] : ['-s', config.id])

/** fastboot prints `Sending 'boot' (1234 KB)   OKAY [  0.1s]`, and then `Writing 'boot'   OKAY [  0.2s]`. */
function progress(line: string): ToolProgress | undefined {
  if (line.startsWith('Sending')) return { phase: 'upload' }
  return line.startsWith('Writing') ? { phase: 'write' } : undefined
}

/** Android boards and others whose boot loader speaks fastboot: <https://android.googlesource.com/platform/system/core>. */
export const fastboot: Recipe = {
  program: 'fastboot',
  install: 'apt install fastboot',
  version: { args: ['--version'], pattern: /fastboot version (?<version>\d[\d.]*)/, oldest: '28.0' },
  required: ['chip', 'partition'],
  optional: ['id'],
  partition: { pattern: /^[a-z]\w*$/i, text: "a partition: 'boot', 'system_a'" },
  kinds: ['raw', 'elf'],
  identify(config) {
    return {
      run: { args: [...board({ config }), 'getvar', 'product'], phase: 'check' },
      found: (output) => /^product:\s*(?<product>\S+)/im.exec(output)?.groups?.['product'],
      expected: config.chip,
    }
  },
  flash(job) {
    const partition = job.partition ?? job.config.partition ?? ''
    const reboot = { args: [...board(job), 'reboot'], phase: 'finish' } as const
    const write = { args: [...board(job), 'flash', partition, job.file], phase: 'write', progress } as const
    return [write, ...(job.config.leave === undefined ? [reboot] : [])]
  },
  failures: [
    {
      pattern: /remote: [^\n]*(?:locked|not allowed)/i,
      code: 'DEVICE_IO',
      text: 'the boot loader of the board is locked',
    },
    {
      pattern: /remote: [^\n]*(?:too large|exceeds|invalid (?:image|sparse))/i,
      code: 'IMAGE_INVALID',
      text: 'the image does not fit into the partition, or is damaged',
    },
    {
      pattern: /remote: [^\n]*partition/i,
      code: 'ARGUMENT_INVALID',
      text: 'the board does not have this partition',
    },
  ],
}
