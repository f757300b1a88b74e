import { stat } from 'node:fs/promises'

import { lastLines } from '../../base/last-lines.ts'
import { type ErrorDetails, HardwareError } from '../../errors.ts'
import type { CommandFlasherConfig } from './config.ts'
import type { Failure, Recipe } from './recipe.ts'

/** Texts of the operating system, which most tools pass on. */
const systemFailures: readonly Failure[] = [
  {
    pattern: /device or resource busy|could not exclusively lock|resource busy/i,
    code: 'DEVICE_IO',
    origin: 'lab',
    text: 'the port or the device is in use by another program',
  },
  {
    pattern: /permission denied|operation not permitted|access denied|insufficient permissions/i,
    code: 'DEVICE_IO',
    origin: 'lab',
    text: 'the exporter’s user may not use the port or the device',
  },
  { pattern: /no space left on device/i, code: 'DEVICE_IO', origin: 'lab', text: 'there is no space left' },
]

/** The end of a run that has failed. */
export interface FailedRun {
  readonly recipe: Recipe
  readonly config: CommandFlasherConfig
  /** All that the tool has printed. */
  readonly output: string
  /** The end in words, to follow the name of the tool: `failed with exit code 1`. */
  readonly end: string
}

/** Makes the error of a run that has failed: from the port, then from the tool's output. */
export async function explainFailure({ recipe, config, output, end }: FailedRun): Promise<HardwareError> {
  const { program } = recipe
  const shown = lastLines(output)
  const gone = await missingPlace(config)
  if (gone !== undefined) {
    const shortMessage = `${program} ${end}: ${gone} is not there any more`
    return failure({ code: 'DEVICE_IO', origin: 'lab', text: shortMessage }, shown, { isAway: true })
  }
  const known = [...systemFailures, ...recipe.failures].find(({ pattern }) => pattern.test(output))
  if (known === undefined) return failure({ code: 'DEVICE_IO', text: `${program} ${end}` }, shown)
  const { found, expected } = known.pattern.exec(output)?.groups ?? {}
  const ids = [expected && `expected ${expected.trim()}`, found && `found ${found.trim()}`].filter(Boolean).join(', ')
  const text = `${program}: ${known.text}${ids === '' ? '' : ` (${ids})`}`
  return failure({ ...known, text }, shown, { expected: expected?.trim(), found: found?.trim() })
}

/** @returns the port, disk or folder of the config that does not exist; undefined if all do */
export async function missingPlace({
  port,
  disk,
  folder,
}: Pick<CommandFlasherConfig, 'port' | 'disk' | 'folder'>): Promise<string | undefined> {
  for (const path of [port, disk, folder]) {
    if (path?.startsWith('/') !== true) continue
    const isThere = await stat(path).then(
      () => true,
      () => false,
    )
    if (!isThere) return path
  }
  return undefined
}

/** The error for a place of the board that does not exist. */
export function placeError(missing: string): HardwareError {
  const message = `${missing}, the place of the board in the config, is not there: connect the board, or correct the config`
  return new HardwareError('DEVICE_IO', message, { origin: 'lab', details: { isAway: true } })
}

function failure(
  { code, origin, text }: Pick<Failure, 'code' | 'origin' | 'text'>,
  shown: readonly string[],
  details: ErrorDetails = {},
): HardwareError {
  const message = [text, ...shown.map((line) => `  ${line}`)].join('\n')
  return new HardwareError(code, message, { origin, shortMessage: text, details: { ...details, output: shown } })
}
