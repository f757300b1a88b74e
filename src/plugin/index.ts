export type { HardwareContext } from './context.ts'
export { hardware, type HardwarePlugin } from './hardware.ts'
export type { ControllerOptions, HardwareOptions, RunningExporter } from './options.ts'
