/** A module whose drivers are never there. */
import { setTimeout as delay } from 'node:timers/promises'

await delay(600_000)
