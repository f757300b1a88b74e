import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { Mutex } from '../../base/mutex.ts'
import { bareHost } from '../../base/subnets.ts'
import { requireAddress } from '../../driver-kit/requirements.ts'
import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Power } from '../../interfaces/power.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkHttpPowerConfig, type HttpPowerConfig, type HttpPowerRequest, httpPowerRules } from './config.ts'
import { parseReading } from './parse-reading.ts'
import { sendRequest } from './send-request.ts'

/**
 * A relay or a plug that is switched by HTTP requests, such as those of Shelly. It measures if the exporter's file says how.
 *
 * @example
 * ```yaml
 * export:
 *   power:
 *     type: jumpstarter_driver_http_power.driver.HttpPower
 *     config:
 *       power_on: { url: 'http://192.168.0.111/rpc/Switch.Set?id=0&on=true' }
 *       power_off: { url: 'http://192.168.0.111/rpc/Switch.Set?id=0&on=false' }
 *       power_read: { url: 'http://192.168.0.111/rpc/Switch.GetStatus?id=0' }
 * ```
 */
export class HttpPower extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  static readonly configRules = httpPowerRules
  readonly #config: HttpPowerConfig
  /** Such devices have few sockets, and the last of several requests has to win. */
  readonly #requests = new Mutex()

  /** Says if the devices of all URLs accept connections. */
  static check(config: HttpPowerConfig, options: CheckOptions): Promise<readonly Requirement[]> {
    const { power_on, power_off, power_read } = config
    const urls = [power_on, power_off, power_read].flatMap((request) => (request ? [new URL(request.url)] : []))
    const different = new Map(urls.map((url) => [url.origin, url]))
    return Promise.all(
      Array.from(different.values(), ({ hostname, port, protocol }) =>
        requireAddress(bareHost(hostname), Number(port) || (protocol === 'https:' ? 443 : 80), options),
      ),
    )
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: HttpPowerConfig) {
    super()
    checkHttpPowerConfig(config)
    this.#config = config
  }

  async on() {
    await this.#send('power_on', this.#config.power_on)
  }

  async off() {
    await this.#send('power_off', this.#config.power_off)
  }

  /** One measurement, in volts and amperes. */
  async *read() {
    const { power_read } = this.#config
    if (power_read === undefined || power_read === null) {
      throw new HardwareError('NOT_IMPLEMENTED', 'The config has no power_read, which says how to measure')
    }
    yield parseReading(await this.#send('power_read', power_read), power_read)
  }

  #send(key: string, request: HttpPowerRequest): Promise<string> {
    const { name: device, auth, timeout } = this.#config
    const name = `${key} of ${device ?? 'device'}`
    const signal = callSignal()
    const options = { name, credentials: auth?.basic ?? undefined, timeoutMs: (timeout ?? 10) * 1000, signal }
    return this.#requests.run(
      () => {
        this.logger.info(name)
        return sendRequest(request, options)
      },
      { signal },
    )
  }
}
