import { readFile } from 'node:fs/promises'
import type { IClientOptions, MqttClient } from 'mqtt'

import { onAbort } from '../../base/abort.ts'
import { loadOptionalModule } from '../../base/optional-module.ts'
import { shownPath } from '../../base/shown-path.ts'
import { withoutUndefined } from '../../base/without-undefined.ts'
import { HardwareError, messageOf } from '../../errors.ts'
import type { TasmotaConfig } from './config.ts'

/** CONNACK's refusals of a user: 4 and 5 of MQTT 3.1.1 (section 3.2.2.3), 134 and 135 of MQTT 5 (section 3.2.2.2). */
const refusals: ReadonlySet<unknown> = new Set([4, 5, 134, 135])

/** The default port of a broker, also with TLS, as in Jumpstarter's driver. */
export const defaultPort = 1883

/** Loads the package. @throws HardwareError MODULE_MISSING */
export function loadMqtt(): Promise<typeof import('mqtt').default> {
  return loadOptionalModule('mqtt', 'TasmotaPower', async () => (await import('mqtt')).default)
}

/**
 * Connects to a broker, and subscribes to the plug's state. The client does not come back by itself when the connection ends.
 *
 * @param ended is called when the connection has ended, with the error if there is one
 * @param signal ends the attempt
 * @throws HardwareError UNAUTHENTICATED when the broker refuses the user; the error of the connection; the signal's reason
 */
export async function openBroker(
  config: TasmotaConfig,
  ended: (reason?: unknown) => void,
  signal: AbortSignal,
): Promise<MqttClient> {
  const mqtt = await loadMqtt()
  const options = await optionsOf(config)
  signal.throwIfAborted()
  const client = mqtt.connect(options)
  const { promise: connected, resolve, reject } = Promise.withResolvers<void>()
  const stopListening = onAbort(signal, () => reject(signal.reason))
  client
    .once('connect', () => resolve())
    .on('error', reject)
    .on('close', () => reject(new Error('the broker has closed the connection')))
  try {
    await connected
    await client.subscribeAsync(config.stat_topic)
    return client.on('error', ended).on('close', () => ended())
  } catch (cause) {
    client.end(true)
    throw signal.aborted ? cause : explain(cause, options)
  } finally {
    stopListening()
  }
}

async function optionsOf(config: TasmotaConfig): Promise<IClientOptions> {
  const { host, port, client_id, username, password, tls_ca } = config
  const transport = config.transport ?? 'tcp'
  const tls = (config.tls ?? true) && transport !== 'unix'
  const ca = tls && tls_ca ? await readAuthority(tls_ca) : undefined
  const common = {
    ...withoutUndefined({
      clientId: client_id ?? undefined,
      username: username ?? undefined,
      password: password ?? undefined,
      ca,
    }),
    // The next call connects again.
    reconnectPeriod: 0,
  }
  if (transport === 'unix') return { ...common, protocol: 'mqtt+unix', path: host }
  const place = { ...common, host, port: port ?? defaultPort }
  if (transport === 'tcp') return { ...place, protocol: tls ? 'mqtts' : 'mqtt' }
  return { ...place, protocol: tls ? 'wss' : 'ws', path: '/mqtt', ...(ca === undefined ? {} : { wsOptions: { ca } }) }
}

async function readAuthority(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const message = `Cannot read ${shownPath(path)} (tls_ca): ${messageOf(cause)}`
    throw new HardwareError('DEVICE_IO', message, { cause, origin: 'lab' })
  }
}

function explain(cause: unknown, { protocol }: IClientOptions): unknown {
  const { code } = (cause ?? {}) as { readonly code?: unknown }
  if (refusals.has(code)) {
    const message = `The broker refuses the user: ${messageOf(cause)}; check username and password`
    return new HardwareError('UNAUTHENTICATED', message, { cause, origin: 'lab' })
  }
  // A broker without TLS ends the connection, or answers in MQTT.
  const looksPlain = code === 'ECONNRESET' || code === 'ERR_SSL_WRONG_VERSION_NUMBER'
  if (!looksPlain || (protocol !== 'mqtts' && protocol !== 'wss')) return cause
  return new Error(`${messageOf(cause)}; if the broker has no TLS, set tls to false`, { cause })
}
