import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'

import { type Certificates, createCertificates } from '../../support/certificates.ts'
import { Daemon } from '../../support/daemon.ts'
import { freePort } from '../../support/free-port.ts'

/** The user that the broker knows. */
export const brokerUser = { username: 'lab', password: 'pl€ase' } as const

/** The topics of {@link startPlug}. */
export const plugTopics = { cmnd_topic: 'cmnd/plug/POWER', stat_topic: 'stat/plug/POWER' } as const

const config = (ports: Record<'tcp' | 'tls' | 'websockets', number>, { certFile, keyFile, folder }: Certificates) => `
user root
persistence false
log_dest stderr
allow_anonymous false
password_file ${folder}/passwords
listener ${ports.tcp} 127.0.0.1
listener 0 ${folder}/broker.sock
listener ${ports.tls} 127.0.0.1
certfile ${certFile}
keyfile ${keyFile}
listener ${ports.websockets} 127.0.0.1
protocol websockets
`

/** A broker that listens on TCP, TLS, WebSockets and a unix socket. */
export async function startMosquitto() {
  const certificates = await createCertificates()
  const { folder, caFile } = certificates
  const [tcp, tls, websockets] = [await freePort(), await freePort(), await freePort()]
  const file = join(folder, 'mosquitto.conf')
  writeFileSync(file, config({ tcp, tls, websockets }, certificates))
  const { username, password } = brokerUser
  execFileSync('mosquitto_passwd', ['-b', '-c', join(folder, 'passwords'), username, password], { stdio: 'ignore' })
  const daemon = await Daemon.start(['mosquitto', '-c', file], { ready: /mosquitto version .* running/ })
  return {
    ports: { tcp, tls, websockets },
    socket: join(folder, 'broker.sock'),
    caFile,
    kill: () => daemon.kill(),
    signal: (name: NodeJS.Signals) => daemon.signal(name),
    restart: () => daemon.restart(),
    async [Symbol.asyncDispose]() {
      await daemon.kill()
      await certificates.remove()
    },
  }
}

/** A plug with Tasmota: it obeys commands, tells its state after each, and comes back when the broker has been away. */
export async function startPlug(port: number) {
  const client = await mqtt.connectAsync({ ...brokerUser, host: '127.0.0.1', port, reconnectPeriod: 20 })
  // The broker is away in some tests.
  client.on('error', () => undefined)
  const plug = {
    isOn: false,
    /** False for a plug that does not hear, as one that is out of reach of its radio. */
    hears: true,
    /** The commands that have come. */
    commands: [] as string[],
    /** Waits until it is connected. */
    async connected() {
      if (!client.connected) await new Promise((resolve) => client.once('connect', resolve))
      await client.subscribeAsync(plugTopics.cmnd_topic)
    },
    /** Tells a state, which the broker may keep for those who come later. */
    tell: (state: 'ON' | 'OFF', retain = false) => client.publishAsync(plugTopics.stat_topic, state, { retain }),
    [Symbol.asyncDispose]: () => client.endAsync(true),
  }
  client.on('message', (_, payload) => {
    if (!plug.hears) return
    const command = payload.toString()
    plug.commands.push(command)
    plug.isOn = command === 'ON'
    void plug.tell(plug.isOn ? 'ON' : 'OFF').catch(() => undefined)
  })
  await plug.connected()
  return plug
}
