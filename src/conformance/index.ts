/**
 * Suites that test a driver against its real part, for the drivers of this package and for those of others. Import it in test files of
 * Vitest.
 *
 * @module
 */
export type { BadConfig, ConformanceOptions, CreateDriver, TestedDriver } from './device.ts'
export type { EchoOptions } from './echo.ts'
export { describeNetwork, type NetworkConformance } from './network.ts'
export { describePower, type PowerConformance, type TestedPower } from './power.ts'
export { describeSerial, type SerialConformance } from './serial.ts'
export type { ConformanceFacts } from './suite.ts'
