import { startHttpRelay } from '../../conformance/support/http-relay.ts'
import { plugTopics, brokerUser, startMosquitto, startPlug } from '../../conformance/support/mosquitto.ts'
import { snmpUsers, startSnmpd } from '../../conformance/support/snmpd.ts'
import { missingCommand } from '../../support/system-part.ts'

/** The OID of an outlet of Raritan, which Jumpstarter's driver knows. */
const outlet = '1.3.6.1.4.1.13742.6.4.1.2.1.2.1.7'

/** A relay with HTTP, a plug with MQTT and a unit with SNMP, which both exporters switch. */
export interface PowerPeers extends AsyncDisposable {
  /** Their drivers, for an exporter's file. */
  readonly entries: string
  /** The state of each, by the name of its driver. */
  isOn(name: 'relay' | 'plug' | 'outlet'): boolean
}

/** Starts them. @returns undefined on a machine without their daemons */
export async function startPowerPeers(): Promise<PowerPeers | undefined> {
  if (missingCommand('snmpd', 'mosquitto') !== undefined) return undefined
  await using started = new AsyncDisposableStack()
  const relay = started.use(await startHttpRelay({ credentials: 'admin:secret' }))
  const unit = started.use(await startSnmpd({ [outlet]: 0 }))
  const broker = started.use(await startMosquitto())
  const plug = started.use(await startPlug(broker.ports.tcp))
  const states = { relay: () => relay.isOn, plug: () => plug.isOn, outlet: () => unit.value(outlet) === 1 }
  const { user, auth_protocol, auth_key, priv_protocol, priv_key } = snmpUsers.sealed
  const entries = `
  relay:
    type: jumpstarter_driver_http_power.driver.HttpPower
    config:
      name: relay
      power_on: { url: ${relay.url}/on, method: POST, data: "on=1" }
      power_off: { url: ${relay.url}/off }
      power_read: { url: ${relay.url}/status, voltage_path: voltage }
      auth: { basic: { user: admin, password: secret } }
  plug:
    type: jumpstarter_driver_tasmota.driver.TasmotaPower
    config:
      host: 127.0.0.1
      port: ${broker.ports.tcp}
      tls: false
      timeout: 10
      username: ${brokerUser.username}
      password: ${brokerUser.password}
      cmnd_topic: ${plugTopics.cmnd_topic}
      stat_topic: ${plugTopics.stat_topic}
  outlet:
    type: jumpstarter_driver_snmp.driver.SNMPServer
    config:
      host: 127.0.0.1
      port: ${unit.port}
      plug: 7
      user: ${user}
      auth_protocol: ${auth_protocol}
      auth_key: ${auth_key}
      priv_protocol: ${priv_protocol}
      priv_key: ${priv_key}
`
  const daemons = started.move()
  return { entries, isOn: (name) => states[name](), [Symbol.asyncDispose]: () => daemons.disposeAsync() }
}
