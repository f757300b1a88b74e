// A package of a monorepo, with a copy of vitest-hardware below its folder.
export { HardwareError, Driver } from 'vitest-hardware'
export { PowerClient } from 'vitest-hardware/clients'
export { MockPower } from 'vitest-hardware/drivers'
