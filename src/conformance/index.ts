/**
 * Suites that test a driver against its real part, for the drivers of this package and for those of others. Import it in test files of
 * Vitest.
 *
 * @module
 */
export { type CanConformance, describeCan, type TestedCan } from './can.ts'
export type { BadConfig, ConformanceOptions, CreateDriver, TestedDriver } from './device.ts'
export { describeDigitalInput, type TestedInput } from './digital-input.ts'
export { describeDigitalOutput, type TestedOutput } from './digital-output.ts'
export { describeDriver, type DriverConformance } from './driver.ts'
export type { EchoOptions } from './echo.ts'
export { describeFlasher, type FlasherConformance } from './flasher.ts'
export { describeNetwork, type NetworkConformance } from './network.ts'
export { describePower, type PowerConformance, type TestedPower } from './power.ts'
export { describeSerial, type SerialConformance } from './serial.ts'
export { describeShell, type ShellConformance } from './shell.ts'
export { describeStorage, type StorageConformance } from './storage.ts'
export {
  describeStorageMux,
  type StorageMuxConformance,
  type StorageSide,
  type TestedStorageMux,
} from './storage-mux.ts'
export type { ConformanceFacts } from './suite.ts'
