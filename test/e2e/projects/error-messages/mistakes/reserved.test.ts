import { needs } from 'vitest-hardware'

needs({ task: { drivers: {} } })
