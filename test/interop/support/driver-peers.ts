import { startBus } from '../../conformance/support/dbus-daemon.ts'
import { startRelayBoard } from '../../conformance/support/relay-board.ts'
import { createSshd, sshdMissing } from '../../conformance/support/sshd.ts'
import { startWebsocketServer } from '../../conformance/support/websocket-server.ts'
import { missingCommand } from '../../support/system-part.ts'
import { ubootFile } from './exporter-file.ts'

/** The reason why a machine cannot have the peers, if it cannot. With CI set, that is an error. */
export function driverPeersMissing(): string | undefined {
  return sshdMissing() ?? missingCommand('dbus-daemon', 'socat')
}

/** Starts an SSH server, a relay board, a WebSocket server and a D-Bus, which the drivers of both exporters lead to. */
export async function startDriverPeers() {
  await using started = new AsyncDisposableStack()
  const sshd = started.use(await createSshd())
  await sshd.start()
  const board = started.use(await startRelayBoard(2))
  const websocket = started.use(
    await startWebsocketServer((socket) =>
      socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary })),
    ),
  )
  const bus = started.use(await startBus())
  const { host, port } = sshd.address
  const entries = `
  ssh:
    type: jumpstarter_driver_ssh.driver.SSHWrapper
    config: { default_username: ${sshd.user.name}, ssh_identity_file: ${sshd.user.privateFile} }
    children:
      tcp: { type: jumpstarter_driver_network.driver.TcpNetwork, config: { host: ${host}, port: ${port} } }
  relay:
    type: jumpstarter_driver_noyito_relay.driver.NoyitoPowerSerial
    config: { port: ${board.path}, channel: 2 }
  websocket: { type: jumpstarter_driver_network.driver.WebsocketNetwork, config: { url: "${websocket.url}" } }
  bus: { type: jumpstarter_driver_network.driver.DbusNetwork, config: { kind: session } }
  qemu:
    type: jumpstarter_driver_qemu.driver.Qemu
    config: { arch: aarch64, mem: 256M, smp: 1, default_partitions: { bios: ${ubootFile} } }
  uboot:
    type: jumpstarter_driver_uboot.driver.UbootConsole
    children: { power: { ref: qemu.power }, serial: { ref: qemu.console } }
`
  const theirEntries = `
  tmt:
    type: jumpstarter_driver_tmt.driver.TMT
    config: { reboot_cmd: "j power cycle", default_username: ${sshd.user.name} }
    children: { ssh: { ref: ssh } }
  mount:
    type: jumpstarter_driver_ssh_mount.driver.SSHMount
    children: { ssh: { ref: ssh } }
`
  const peers = started.move()
  return {
    /** The drivers that both exporters have, in the form of an exporter's file. */
    entries,
    /** Those that Jumpstarter's exporter has beside them. */
    theirEntries,
    username: sshd.user.name,
    /** The variables that lead the exporters to the bus. */
    variables: { DBUS_SESSION_BUS_ADDRESS: bus.address },
    board,
    /** The address of the WebSocket server. */
    websocketUrl: websocket.url,
    [Symbol.asyncDispose]: () => peers.disposeAsync(),
  }
}
