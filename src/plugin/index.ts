export type { HardwareContext } from '../broker/messages.ts'
export type { ControllerOptions } from './controller-options.ts'
export { hardware, type HardwarePlugin } from './hardware.ts'
export type { HardwareOptions, RunningExporter } from './options.ts'
