import { needs } from 'vitest-hardware'
import { Board } from '#board'
import { killExporter } from './kill-exporter.ts'

const test = needs({ dut: { selector: 'kind=uno', drivers: { board: Board } } })

test('is in a call', async ({ dut }) => {
  killExporter(await dut.board.where())
  await dut.board.hang()
})

test('comes after', async ({ dut }) => {
  await dut.board.mark('killed')
})
