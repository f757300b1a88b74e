export { AdbServer } from './adb-server.ts'
export { AndroidEmulator } from './android-emulator.ts'
export { BaseFlasher } from './base-flasher.ts'
export { BleStream } from './ble-stream.ts'
export { BluetoothPeer } from './bluetooth-peer.ts'
export { Can, type CanMessage, type CanFilter } from './can.ts'
export { Composite } from './composite.ts'
export { Container, type ContainerCommandOptions, type ContainerCommandResult } from './container.ts'
export { Corellium } from './corellium.ts'
export { Cuttlefish, CuttlefishPower } from './cuttlefish.ts'
export { DbusNetwork } from './dbus-network.ts'
export {
  byteStream,
  call,
  defineInterface,
  type Implementation,
  type InterfaceDefinition,
  type MethodArgs,
  type MethodBehaviour,
  type MethodDefinition,
  type MethodKind,
  type MethodNames,
  type MethodOptions,
  type MethodResult,
  type Methods,
  type MethodTable,
  streaming,
} from './define.ts'
export { DigitalInput, type Edge } from './digital-input.ts'
export { DigitalOutput } from './digital-output.ts'
export { DoIp, type DoIpEntityStatus, type DoIpRoutingActivation, type DoIpVehicle, type DoIpPayload } from './doip.ts'
export { DutNetwork, type DhcpLease, type DnsEntry, type DutNetworkStatus } from './dut-network.ts'
export { Esp32Flasher, type Esp32ChipInfo } from './esp32-flasher.ts'
export { Flasher, type FlashPhase, type FlashStep, ProgressFlasher } from './flasher.ts'
export { HttpServer } from './http-server.ts'
export { IscsiServer, type IscsiLun, type IscsiCompression } from './iscsi-server.ts'
export { IsoTp, type IsoTpMessage, type IsoTpAddress, type IsoTpAsymmetricAddress } from './iso-tp.ts'
export { Mitmproxy, type MitmproxyMode } from './mitmproxy.ts'
export { Network } from './network.ts'
export { NoyitoPower } from './noyito-power.ts'
export { Obd, type ObdStatus } from './obd.ts'
export {
  type HashAlgorithm,
  Opendal,
  type OpendalCapability,
  type OpendalMetadata,
  type PresignedRequest,
  type StorageFileMode,
} from './opendal.ts'
export { PiPicoFlasher } from './pi-pico-flasher.ts'
export { Power, type PowerReading } from './power.ts'
export { ProbeRs } from './probe-rs.ts'
export { QemuFlasher } from './qemu-flasher.ts'
export { QemuMachine, type QemuSnapshot } from './qemu.ts'
export { Renode } from './renode.ts'
export type { ResourceHandle } from './resource.ts'
export { RideSx, RideSxPower } from './ridesx.ts'
export { type ModemLines, Serial, SerialPort } from './serial.ts'
export { ScpiInstrument, type ScpiError } from './scpi-instrument.ts'
export { type PowerSettings, ScpiPowerSupply } from './scpi-power-supply.ts'
export { Shell, type ShellOutput } from './shell.ts'
export { SnmpPower } from './snmp-power.ts'
export { SomeIp, type SomeIpPayload, type SomeIpMessage, type SomeIpService, type SomeIpEvent } from './some-ip.ts'
export { SshHost } from './ssh-host.ts'
export { SshMount } from './ssh-mount.ts'
export { StlinkFlasher } from './stlink-flasher.ts'
export { StorageMux, StorageMuxFlasher } from './storage-mux.ts'
export { TftpServer } from './tftp-server.ts'
export { Tmt } from './tmt.ts'
export { UbootConsole } from './uboot-console.ts'
export {
  Uds,
  type UdsRefusal,
  type UdsResponse,
  type UdsDidValue,
  type UdsTroubleCode,
  type UdsSeed,
  type UdsRoutine,
  type UdsAuthentication,
  type UdsFileTransfer,
  type UdsSession,
  type UdsReset,
} from './uds.ts'
export { Ustreamer, type UstreamerState } from './ustreamer.ts'
export { Video, type VideoState } from './video.ts'
export { VirtualPower } from './virtual-power.ts'
export { VncServer } from './vnc-server.ts'
export {
  Xcp,
  type XcpConnection,
  type XcpStatus,
  type XcpDaqInfo,
  type XcpProgramInfo,
  type XcpChecksum,
} from './xcp.ts'
