import { expect, needs } from 'vitest-hardware'
import { SerialClient } from 'vitest-hardware/clients'
import { Board } from '#board'
import { Cuts } from './cutter.ts'

const test = needs({ dut: { drivers: { board: Board, console: SerialClient, cutter: Cuts } } })

test('reads on', async ({ dut }) => {
  await dut.console.expect(/\d+\r\n\d+\r\n/)
  for (let cut = 1; cut <= 3; cut++) {
    const waiting = dut.console.expect(`typed ${cut}`)
    await expect(dut.cutter.cut()).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining('It is there again, but nobody knows whether the call was done'),
    })
    await dut.console.sendLine(String(cut))
    await waiting
    await dut.console.expect(/\d+\r\n\d+\r\n/)
  }
  // The session is the same, and so are its drivers.
  await dut.board.mark('after the cuts')
})

test('and the log has the gaps, and nothing else is missing', ({ dut }) => {
  const mark = /\[vitest-hardware: the connection is (broken, and output may be missing: .*|back after \d+ ms)\]\r\n/g
  const parts = dut.console.all
    .replaceAll(/typed .*\r\n|\r/g, '')
    .split(/\[vitest-hardware: the connection is back.*\]\n/)
  expect(parts).toHaveLength(4)
  expect(dut.console.all.match(mark)).toHaveLength(6)
  for (const part of parts) {
    const numbers = Array.from(part.matchAll(/^\d+$/gm), Number)
    expect(numbers.length).toBeGreaterThan(1)
    expect(numbers).toEqual(numbers.map((_, place) => (numbers[0] ?? 0) + place))
  }
})
