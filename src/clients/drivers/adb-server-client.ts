import { AdbServer } from '../../interfaces/adb-server.ts'
import { driverError } from '../client-node.ts'
import type { DriverClient } from '../driver-client.ts'
import { NetworkClient } from './network-client.ts'

/** An Android device at the exporter's machine. */
export interface AdbDevice {
  readonly serial: string
  /** `device` if it is ready, else such as `offline` or `unauthorized`. */
  readonly state: string
  /** More facts, such as `model`, `product` and `transport_id`. */
  readonly properties: Readonly<Record<string, string>>
}

/**
 * A server of the Android Debug Bridge. A local adb works with its devices through a forwarded port.
 *
 * @example
 * ```ts
 * await using server = await dut.adb.forwardTcp()
 * await execa('adb', ['-P', String(server.port), 'install', 'app.apk'])
 * ```
 */
export class AdbServerClient extends NetworkClient {
  static override readonly interface = AdbServer

  /** Starts the server. A running server goes on. */
  async startServer(): Promise<void> {
    await this.adb.call('startServer')
  }

  /** Ends the server. */
  async killServer(): Promise<void> {
    await this.adb.call('killServer')
  }

  /**
   * Lists the devices of the server.
   *
   * @throws HardwareError CALL_FAILED when adb fails
   */
  async devices(): Promise<AdbDevice[]> {
    const text = await this.adb.call('listDevices')
    if (text.startsWith('Error:')) throw driverError(this.node, 'CALL_FAILED', text, { name: 'adb' })
    return text.split('\n').flatMap(parseDevice)
  }

  private get adb(): DriverClient<typeof AdbServer> {
    return this
  }
}

/** Reads a line of `adb devices -l`: `emulator-5554  device product:sdk model:Pixel transport_id:1`. */
function parseDevice(line: string): AdbDevice[] {
  const [serial, state, ...facts] = line.trim().split(/\s+/)
  // The first line and the messages of the server's start are no devices.
  if (serial === undefined || state === undefined || /^(?:\*|List$)/.test(serial)) return []
  const properties = facts.flatMap((fact) => {
    const colon = fact.indexOf(':')
    return colon < 0 ? [] : [[fact.slice(0, colon), fact.slice(colon + 1)]]
  })
  return [{ serial, state, properties: Object.fromEntries(properties) as Record<string, string> }]
}
