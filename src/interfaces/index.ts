export { Composite } from './composite.ts'
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
export { Flasher } from './flasher.ts'
export { HttpServer } from './http-server.ts'
export { Network } from './network.ts'
export {
  type HashAlgorithm,
  Opendal,
  type OpendalCapability,
  type OpendalMetadata,
  type PresignedRequest,
  type StorageFileMode,
} from './opendal.ts'
export { Power, type PowerReading } from './power.ts'
export { QemuMachine, type QemuSnapshot } from './qemu.ts'
export type { ResourceHandle } from './resource.ts'
export { Serial } from './serial.ts'
export { Shell, type ShellOutput } from './shell.ts'
export { StorageMux, StorageMuxFlasher } from './storage-mux.ts'
export { TftpServer } from './tftp-server.ts'
export { VirtualPower } from './virtual-power.ts'
