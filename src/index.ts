export {
  type Board,
  type BoardDefinition,
  type BoardStep,
  defineBoard,
  type EdgeDefinition,
  type StateDefinition,
} from './boards/define-board.ts'
export type { RunningBoard, RunningBoardOptions } from './boards/running-board.ts'
export type { BoardWaitOptions } from './boards/board-turns.ts'
export { type ClientOfDriver } from './client-of-driver.ts'
export { connect, type Connection, type ConnectOptions } from './clients/connect.ts'
export { type ClientClass, DriverClient } from './clients/driver-client.ts'
export type { ClientsOf, DriverDeclarations } from './clients/driver-declarations.ts'
export { registerClient } from './clients/registry.ts'
export { type ErrorCode, errorCodes, type ErrorDetails, type ErrorOrigin, HardwareError } from './errors.ts'
export { byteStream, call, defineInterface, streaming } from './interfaces/define.ts'
export type { Implementation, InterfaceDefinition } from './interfaces/define.ts'
export type { ResourceHandle } from './interfaces/resource.ts'
export { step } from './recording/record-step.ts'
export { Driver } from './runtime/driver.ts'
export { expect } from './fixtures/matchers.ts'
export type { BoardNeed, DriversNeed, Need, Needs, ResetBetween } from './fixtures/need.ts'
export { type HardwareTest, needs } from './fixtures/needs.ts'
export { onTargetTests, type OnTargetTestsOptions } from './fixtures/on-target-tests.ts'
export type { TargetTestFormat } from './target-tests/formats.ts'
export { serve, type ServeOptions } from './serve.ts'
