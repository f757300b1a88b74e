// As `shared`, with another major version of vitest-hardware.
export { PowerClient } from 'vitest-hardware/clients'
export { MockPower } from 'vitest-hardware/drivers'
