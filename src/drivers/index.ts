export { AvrBoard, type AvrBoardConfig } from './avr-board/avr-board.ts'
export { CommandPower } from './command-power/command-power.ts'
export type { CommandLine, CommandPowerConfig } from './command-power/config.ts'
export { Composite } from './composite/composite.ts'
export type {
  HttpPowerAuth,
  HttpPowerConfig,
  HttpPowerCredentials,
  HttpPowerReadRequest,
  HttpPowerRequest,
} from './http-power/config.ts'
export { HttpPower } from './http-power/http-power.ts'
export { type HttpServerConfig, HttpServerDriver } from './http-server/http-server.ts'
export type { IpmiPowerConfig } from './ipmi-power/config.ts'
export { IpmiPower } from './ipmi-power/ipmi-power.ts'
export { DbusNetwork, type DbusNetworkConfig } from './network/dbus-network.ts'
export { EchoNetwork } from './network/echo-network.ts'
export { TcpNetwork, type TcpNetworkConfig, UnixNetwork, type UnixNetworkConfig } from './network/socket-network.ts'
export { UdpNetwork, type UdpNetworkConfig } from './network/udp-network.ts'
export { WebsocketNetwork, type WebsocketNetworkConfig } from './network/websocket-network.ts'
export type { OpendalConfig } from './opendal/config.ts'
export { OpendalDriver } from './opendal/opendal-driver.ts'
export { MockPower } from './power/mock-power.ts'
export type { QemuConfig, QemuForward, QemuLine } from './qemu/config.ts'
export { Qemu } from './qemu/qemu.ts'
export { Rp2040Board, type Rp2040BoardConfig } from './rp2040-board/rp2040-board.ts'
export { PySerial, type PySerialConfig } from './serial/py-serial.ts'
export { type ShellConfig, type ShellMethodConfig } from './shell/config.ts'
export { ShellDriver } from './shell/shell-driver.ts'
export { MockFlasher } from './storage/mock-flasher.ts'
export { MockStorageMux, MockStorageMuxFlasher } from './storage/mock-storage-mux.ts'
export { Tftp, type TftpConfig } from './tftp/tftp.ts'
export { UhubctlPower, type UhubctlPowerConfig } from './uhubctl-power/uhubctl-power.ts'
export { type UbootConsoleConfig, UbootConsoleDriver } from './uboot/uboot-console.ts'
