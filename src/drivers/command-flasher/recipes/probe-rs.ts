import type { FlashJob, ImageKind, Recipe } from '../recipe.ts'

/** The words of probe-rs for the formats of images (`probe-rs download --help`). */
const formats: Readonly<Partial<Record<ImageKind, string>>> = { elf: 'elf', hex: 'hex', raw: 'bin' }

function connection({ config }: Pick<FlashJob, 'config'>): readonly string[] {
  const { chip = '', id } = config
  return ['--non-interactive', '--chip', chip, ...(id === undefined ? [] : ['--probe', id])]
}

function place({ config, kind, partition }: FlashJob): readonly string[] {
  return kind === 'raw' ? ['--base-address', partition ?? config.address ?? '0x0'] : []
}

/** Chips behind a debug probe: <https://probe.rs/docs/tools/probe-rs>. */
export const probeRs: Recipe = {
  program: 'probe-rs',
  install: 'cargo install probe-rs-tools',
  version: { args: ['--version'], pattern: /probe-rs (?<version>\d[\d.]*)/, oldest: '0.24' },
  required: ['chip'],
  optional: ['id', 'address'],
  partition: { pattern: /^0x[\da-f]{1,8}$/i, text: "an address: '0x08004000'" },
  kinds: ['elf', 'hex', 'raw'],
  flash(job) {
    const format = ['--binary-format', formats[job.kind] ?? 'bin']
    const download = ['download', ...connection(job), '--verify', ...format, ...place(job), job.file]
    const reset = { args: ['reset', ...connection(job)], phase: 'finish' } as const
    return [{ args: download, phase: 'write' }, ...(job.config.leave === undefined ? [reset] : [])]
  },
  failures: [
    {
      pattern: /no connected probes|probe (?:was|could) not (?:be )?found|no probe was found/i,
      code: 'DEVICE_IO',
      origin: 'lab',
      text: 'the debug probe is not there',
    },
    {
      pattern: /chip [^\n]* (?:was )?not found|no unique chip/i,
      code: 'EXPORTER_CONFIG_INVALID',
      text: 'it does not know this chip',
    },
    {
      pattern: /verification failed|verify failed/i,
      code: 'DEVICE_IO',
      text: 'the board has another content than was written',
    },
    {
      pattern: /no flash memory contains|no loadable|not contained in any/i,
      code: 'IMAGE_INVALID',
      text: 'the image cannot be written to the flash of this chip',
    },
  ],
}
