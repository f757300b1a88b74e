import type { Duplex } from 'node:stream'

import { HardwareError } from '../../errors.ts'
import { Network } from '../../interfaces/network.ts'
import { Driver } from '../../runtime/driver.ts'
import type { ServedPort } from './rfc2217/server-commands.ts'
import { createRfc2217Session } from './rfc2217/session.ts'

const { connect } = Network.methods

/**
 * A serial port for programs that speak RFC 2217, such as pyserial and esptool. The child `serial` is the port: any driver with a
 * console, usually by `ref`. Nothing listens on the exporter: a client forwards a port of its own machine, and programs there open
 * `rfc2217://127.0.0.1:PORT`. Clients of the child see all that the port sends meanwhile.
 *
 * @example
 * ```yaml
 * export:
 *   console:
 *     type: jumpstarter_driver_pyserial.driver.PySerial
 *     config: { url: /dev/ttyUSB0 }
 *   console-port:
 *     type: vitest-hardware/drivers#Rfc2217Network
 *     children: { serial: { ref: console } }
 * ```
 */
export class Rfc2217Network extends Driver {
  static readonly interface = { ...Network, methods: { connect } }
  static readonly configRules = {}
  override readonly children: { serial?: Driver } = {}

  constructor(_config: Readonly<Record<string, never>> = {}, children: { readonly serial?: Driver } = {}) {
    super()
    Object.assign(this.children, children)
  }

  /** @throws HardwareError EXPORTER_CONFIG_INVALID without a serial port to serve */
  override reset() {
    this.#port()
  }

  connect(): Promise<Duplex> {
    return createRfc2217Session(this.#port(), (message) => this.logger.warning(message))
  }

  #port(): ServedPort {
    const { serial } = this.children
    if (serial !== undefined && isServedPort(serial)) return serial
    const message =
      'Rfc2217Network needs a child `serial` with a stream of bytes: children: { serial: { ref: console } }'
    throw new HardwareError('EXPORTER_CONFIG_INVALID', message)
  }
}

function isServedPort(driver: object): driver is ServedPort {
  return 'connect' in driver && typeof driver.connect === 'function'
}
