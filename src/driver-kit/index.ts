/**
 * Pieces for drivers of your own: rules for their config, programs, connections that come back, and what they need on a machine.
 *
 * @module
 */
export {
  checkConfig,
  type ConfigRule,
  type ConfigRules,
  findMistakes,
  ruleFor,
  rules,
  throwMistakes,
} from '../base/check.ts'
export { ConfigError, Mistake } from '../base/mistake.ts'
export { parseConfig } from '../base/config-schema.ts'
export { loadOptionalModule } from '../base/optional-module.ts'
export { type ProgramResult, runProgram, type RunProgramOptions } from '../base/run-program.ts'
export { DeviceConnection, type DeviceConnectionOptions } from './device-connection.ts'
export { openSocket, type SocketAddress } from './open-socket.ts'
export { requireAddress, requireDevice, requireExecutable, requireModule, requireProgram } from './requirements.ts'
export type { CheckOptions, Requirement } from '../base/requirement.ts'
