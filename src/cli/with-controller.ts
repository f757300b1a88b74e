import { loadClientConfig } from '../leases/controller/client-config.ts'
import type { ControllerCalls } from '../protocol/controller-calls.ts'

/** Which controller is meant, and who asks it, as options of the command line. */
export interface ControllerArguments {
  /** The alias of a client. */
  readonly client?: string
  readonly clientConfig?: string
}

/** Calls the controller of a configuration. */
export async function withController<T>(
  { client, clientConfig }: ControllerArguments,
  use: (controller: ControllerCalls) => Promise<T>,
): Promise<T> {
  const config = await loadClientConfig({ file: clientConfig, alias: client }, process.env)
  const { ControllerCalls: Controller } = await import('../protocol/controller-calls.ts')
  const controller = new Controller(config)
  try {
    return await use(controller)
  } finally {
    controller.close()
  }
}
