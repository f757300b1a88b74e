import { needs } from 'vitest-hardware'
import { PowerClient } from 'vitest-hardware/clients'

const drivers = { power: PowerClient }
const inMistaken = needs({ mistaken: { selector: 'bench=mistaken', drivers } })

inMistaken('mistake in an exporter file', async ({ mistaken }) => {
  await mistaken.power.on()
})
