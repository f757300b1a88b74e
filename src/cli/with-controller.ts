import { loadClientConfig } from '../leases/controller/client-config.ts'
import { ControllerCalls } from '../protocol/controller/controller-calls.ts'
import type { ControllerArguments } from './options.ts'

/** Calls the controller of a client's configuration. */
export async function withController<T>(
  { client, clientConfig }: ControllerArguments,
  use: (controller: ControllerCalls) => Promise<T>,
): Promise<T> {
  const controller = new ControllerCalls(await loadClientConfig({ file: clientConfig, alias: client }, process.env))
  try {
    return await use(controller)
  } finally {
    controller.close()
  }
}
