import { join } from 'node:path'
import { execa } from 'execa'

import { hasPythonEnvironment, pythonProgram } from '../../../scripts/python-environment.ts'
import type { IsoTpAddressParts } from '../../../src/drivers/iso-tp/address.ts'
import type { IsoTpParams } from '../../../src/drivers/iso-tp/params.ts'
import { ProcessOutput } from '../../support/process-output.ts'
import { missingCommand, reasonToSkip } from '../../support/system-part.ts'
import { type ModelBus, startSlcanAdapter } from './slcan-adapter.ts'

/** The reason why a machine cannot have control units with can-isotp, if it cannot. With CI set, that is an error. */
export function isotpMissing(): string | undefined {
  return missingCommand('socat') ?? (hasPythonEnvironment() ? undefined : reasonToSkip("Jumpstarter's Python"))
}

/** Options of {@link startControlUnits}. */
interface ControlUnitOptions {
  /** The address of each unit, as the unit has it. */
  readonly addresses: readonly IsoTpAddressParts[]
  readonly params?: Partial<IsoTpParams>
  /** The answer to a message: its bytes in the reverse order, or its CRC-32. */
  readonly answers: 'echo' | 'crc'
}

/** Starts control units with can-isotp, which have an adapter of their own on a model's bus. */
export async function startControlUnits(
  bus: ModelBus,
  { addresses, params = {}, answers }: ControlUnitOptions,
): Promise<AsyncDisposable> {
  await using started = new AsyncDisposableStack()
  const adapter = started.use(await startSlcanAdapter(bus))
  const script = join(import.meta.dirname, 'python_isotp.py')
  const args = [script, adapter.path, JSON.stringify(addresses), JSON.stringify(params), answers]
  const python = execa(pythonProgram('python'), args, { reject: false, buffer: false })
  started.defer(async () => {
    python.kill()
    await python
  })
  await new ProcessOutput(python).prints(/ready/)
  const units = started.move()
  return { [Symbol.asyncDispose]: () => units.disposeAsync() }
}
