import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect } from 'vitest'

import { DbusNetworkClient } from '../../src/clients/drivers/dbus-network-client.ts'
import { NoyitoPowerClient } from '../../src/clients/drivers/noyito-power-client.ts'
import { SshClient } from '../../src/clients/drivers/ssh-client.ts'
import { UbootConsoleClient } from '../../src/clients/drivers/uboot-console-client.ts'
import { type DerivedClient, NetworkClient } from '../../src/clients/index.ts'
import type { SshMount, Tmt } from '../../src/interfaces/index.ts'
import { needsUboot } from '../support/qemu-board.ts'
import { driverCells, useBothExporters } from './support/both-exporters.ts'
import { driverPeersMissing, startDriverPeers } from './support/driver-peers.ts'
import { pythonMissing } from './support/python.ts'
import { theirDriver } from './support/their-drivers.ts'

/** The rows, and the types of the drivers, which both exporters have. */
const { ourCell, theirCell } = driverCells({
  'SSH host': 'jumpstarter_driver_ssh.driver.SSHWrapper',
  'Power, relay on a serial port': 'jumpstarter_driver_noyito_relay.driver.NoyitoPowerSerial',
  'Network, WebSocket': 'jumpstarter_driver_network.driver.WebsocketNetwork',
  'Network, D-Bus': 'jumpstarter_driver_network.driver.DbusNetwork',
  'U-Boot': 'jumpstarter_driver_uboot.driver.UbootConsole',
})

const missing = pythonMissing() ?? driverPeersMissing()

describe.skipIf(missing !== undefined)(`drivers of both${missing === undefined ? '' : ` (${missing})`}`, () => {
  let peers: Awaited<ReturnType<typeof startDriverPeers>>
  const both = useBothExporters(async (to) => {
    peers = to.peers.use(await startDriverPeers())
    return peers
  })

  ourCell('SSH host', async () => {
    const ssh = both.find('ssh', SshClient)
    const { stdout, stderr, exitCode } = await ssh.exec('echo out; echo err >&2; exit 3')
    expect([stdout, stderr, exitCode]).toEqual(['out\n', 'err\n', 3])
    expect(await ssh.execOrThrow(['printf', '%s', "it's $HOME; all of it"])).toBe("it's $HOME; all of it")
  })

  theirCell('SSH host', async () => {
    const code = `
from jumpstarter_driver_ssh.client import SSHCommandRunOptions
def run(direct, *command):
    done = client.ssh.run(SSHCommandRunOptions(direct=direct), command)
    return [done.return_code, done.stdout, done.stderr]
result = [run(direct, "echo out; echo err >&2; exit 3") for direct in (False, True)]`
    const ran = [3, 'out\n', 'err\n']
    expect(await both.python(code)).toEqual([ran, ran])
  })

  theirDriver('TMT', 'jumpstarter_driver_tmt.driver.TMT', async () => {
    const tmt = both.derived<DerivedClient<typeof Tmt>>('tmt')
    expect(await tmt.getRebootCmd()).toBe('j power cycle')
    expect(await tmt.getDefaultUserPass()).toEqual([peers.username, ''])
    expect(await (tmt.children['ssh'] as SshClient).execOrThrow(['printf', 'tested'])).toBe('tested')
  })

  theirDriver('SSH mount', 'jumpstarter_driver_ssh_mount.driver.SSHMount', async () => {
    const { ssh } = both.derived<DerivedClient<typeof SshMount>>('mount').children
    await (ssh as SshClient).upload(Buffer.from('mounted'), join(both.folder(), 'file'))
    expect(readFileSync(join(both.folder(), 'file'), 'utf8')).toBe('mounted')
  })

  ourCell('Power, relay on a serial port', async () => {
    const relay = both.find('relay', NoyitoPowerClient)
    await relay.on()
    expect(await peers.board.settledLevels()).toEqual([false, true])
    expect(await relay.status()).toBe('on')
    await expect(relay.read().next()).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
    await relay.off()
    expect(await peers.board.settledLevels()).toEqual([false, false])
  })

  theirCell('Power, relay on a serial port', async () => {
    expect(await both.python('client.relay.on(); result = client.relay.status()')).toBe('on')
    expect(await peers.board.settledLevels()).toEqual([false, true])
    await expect(both.python('list(client.relay.read())')).rejects.toMatchObject({
      classes: expect.arrayContaining(['DriverMethodNotImplemented']),
    })
    expect(await both.python('client.relay.off(); result = client.relay.status()')).toBe('off')
  })

  ourCell('Network, WebSocket', async () => {
    const network = both.find('websocket', NetworkClient)
    expect(await network.address()).toBe(peers.websocketUrl)
    await using stream = await network.connect()
    for (const message of [Buffer.of(0, 255, 128), Buffer.alloc(40_000, 'x')]) {
      stream.write(message)
      expect(await once(stream, 'data')).toEqual([message])
    }
  })

  theirCell('Network, WebSocket', async () => {
    const code = `
with client.websocket.stream() as stream:
    echoed = []
    for message in (bytes([0, 255, 128]), b"x" * 40000):
        stream.send(message)
        echoed.append(stream.receive() == message)
result = [client.websocket.address(), echoed]`
    expect(await both.python(code)).toEqual([peers.websocketUrl, [true, true]])
  })

  const listNames = ['--print-reply', '--dest=org.freedesktop.DBus', '/', 'org.freedesktop.DBus.ListNames']

  ourCell('Network, D-Bus', async () => {
    const bus = both.find('bus', DbusNetworkClient)
    expect(bus.kind).toBe('session')
    await using local = await bus.forwardUnix()
    const { stdout } = await execa('dbus-send', [`--bus=unix:path=${local.path}`, ...listNames], { timeout: 20_000 })
    expect(stdout).toContain('string "org.freedesktop.DBus"')
  })

  theirCell('Network, D-Bus', async () => {
    const code = `
import subprocess
with client.bus:
    command = ["dbus-send", "--session", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
result = [client.bus.kind, 'string "org.freedesktop.DBus"' in answer]`
    expect(await both.python(code, { arguments: listNames })).toEqual(['session', true])
  })

  ourCell('U-Boot', async ({ skip }) => {
    needsUboot(skip)
    const console = both.find('uboot', UbootConsoleClient)
    const uboot = await console.reboot({ offMs: 0, timeoutMs: 50_000 })
    await uboot.setEnv('greeting', 'hello')
    expect(await uboot.getEnv('greeting')).toBe('hello')
    await console.power.off()
  })

  theirCell('U-Boot', async ({ skip }) => {
    needsUboot(skip)
    const code = `
with client.uboot.reboot_to_console():
    client.uboot.set_env("greeting", "hello")
    result = [client.uboot.prompt, client.uboot.get_env("greeting"), client.uboot.get_env("nothing")]
client.uboot.power.off()`
    expect(await both.python(code)).toEqual(['\n=>', 'hello', null])
  })
})
