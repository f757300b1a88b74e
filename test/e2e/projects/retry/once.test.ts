import { expect, needs } from 'vitest-hardware'
import { Board } from '#board'
import { killExporter } from './kill-exporter.ts'

const test = needs({ dut: { selector: 'kind=uno', drivers: { board: Board } } })
let dies = true
let tries = 0

test('loses its board once', async ({ dut }) => {
  await dut.board.mark('once')
  if (dies) {
    dies = false
    killExporter(await dut.board.where())
    await dut.board.hang()
  }
})

test('works after it', async ({ dut }) => {
  await dut.board.mark('after')
})

test('is wrong', () => {
  expect(tries++).toBe(1)
})
