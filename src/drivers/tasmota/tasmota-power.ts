import type { MqttClient } from 'mqtt'

import type { CheckOptions, Requirement } from '../../base/requirement.ts'
import { DeviceConnection } from '../../driver-kit/device-connection.ts'
import { requireAddress, requireDevice, requireModule } from '../../driver-kit/requirements.ts'
import { HardwareError } from '../../errors.ts'
import type { Implementation } from '../../interfaces/define.ts'
import { Power } from '../../interfaces/power.ts'
import { callSignal } from '../../runtime/call.ts'
import { Driver } from '../../runtime/driver.ts'
import { checkTasmotaConfig, type TasmotaConfig, tasmotaRules } from './config.ts'
import { defaultPort, loadMqtt, openBroker } from './open-broker.ts'

/**
 * A plug with the firmware Tasmota, switched through a broker of MQTT (needs `npm install mqtt`). It cannot measure. A call ends
 * when the plug has told its new state. The plug is off when a session begins, as with Jumpstarter's driver.
 *
 * @example
 * ```yaml
 * export:
 *   power:
 *     type: jumpstarter_driver_tasmota.driver.TasmotaPower
 *     config:
 *       host: broker.lab.example
 *       port: 8883
 *       username: lab
 *       password: secret
 *       cmnd_topic: cmnd/plug4/POWER
 *       stat_topic: stat/plug4/POWER
 * ```
 */
export class TasmotaPower extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  static readonly configRules = tasmotaRules
  readonly #config: TasmotaConfig
  readonly #broker: DeviceConnection<MqttClient>

  /** Says if the package mqtt is installed, and if the broker accepts connections. */
  static check({ host, port, transport }: TasmotaConfig, options: CheckOptions): Promise<readonly Requirement[]> {
    return Promise.all([
      requireModule('mqtt', loadMqtt),
      transport === 'unix' ? requireDevice(host) : requireAddress(host, port ?? defaultPort, options),
    ])
  }

  /** @throws TypeError with all mistakes of the config */
  constructor(config: TasmotaConfig) {
    super()
    checkTasmotaConfig(config)
    this.#config = config
    const { host, port, transport, cmnd_topic, timeout } = config
    const timeoutMs = (timeout ?? 10) * 1000
    const broker = transport === 'unix' ? host : `${host}:${port ?? defaultPort}`
    this.#broker = new DeviceConnection({
      name: `the plug at ${cmnd_topic} through the broker at ${broker}`,
      open: (ended, signal) => openBroker(config, ended, signal),
      close: (client) => client.endAsync(true),
      openTimeoutMs: timeoutMs,
      timeoutMs,
      lateOrigin: 'lab',
    })
  }

  override reset() {
    return this.off()
  }

  on() {
    return this.#switch('ON')
  }

  off() {
    return this.#switch('OFF')
  }

  // Jumpstarter's driver does not measure, and neither do plugs without a meter.
  read(): AsyncGenerator<never> {
    throw new HardwareError('NOT_IMPLEMENTED', 'TasmotaPower cannot measure')
  }

  override close() {
    return this.#broker.close()
  }

  async #switch(state: 'ON' | 'OFF'): Promise<void> {
    const { cmnd_topic, stat_topic } = this.#config
    this.logger.info(`sends ${state} to ${cmnd_topic}`)
    await this.#broker.use(
      async (client) => {
        const { promise: told, resolve } = Promise.withResolvers<void>()
        const listen: Parameters<typeof client.on<'message'>>[1] = (topic, payload, { retain }) => {
          // A state that the broker has kept is older than the command.
          if (topic === stat_topic && !retain && payload.toString().trim().toUpperCase() === state) resolve()
        }
        client.on('message', listen)
        try {
          await client.publishAsync(cmnd_topic, state, { qos: 1 })
          await told
        } finally {
          client.off('message', listen)
        }
      },
      { signal: callSignal() },
    )
  }
}
