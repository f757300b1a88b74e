import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'

needs({ dut: { selector: 'board=a b', drivers: { power: PowerClient } } })
