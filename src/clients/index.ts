export { CompositeClient } from './composite-client.ts'
export { connect, type Connection, type ConnectOptions } from './connect.ts'
export { Console, type ExpectOptions, type Match, type Pattern } from './console.ts'
export { type DerivedClient, deriveClient } from './derive.ts'
export { DigitalInputClient, type LineWaitOptions } from './digital-input-client.ts'
export { DigitalOutputClient } from './digital-output-client.ts'
export { type ClientClass, type ClientNode, DriverClient } from './driver-client.ts'
export { type FileOptions, type FileSource } from './files.ts'
export { FlasherClient, type FlashOptions } from './flasher-client.ts'
export {
  type ForwardTcpOptions,
  type ForwardUnixOptions,
  NetworkClient,
  type TcpForward,
  type UnixForward,
} from './network-client.ts'
export { OpendalClient, type StorageCapability, type StorageMetadata } from './opendal-client.ts'
export { PowerClient } from './power-client.ts'
export { registerClient } from './registry.ts'
export { SerialClient } from './serial-client.ts'
export { type ShellChunk, ShellClient, type ShellResult, type ShellRunOptions } from './shell-client.ts'
export { StorageMuxClient, StorageMuxFlasherClient } from './storage-mux-client.ts'
export { VirtualPowerClient } from './virtual-power-client.ts'
