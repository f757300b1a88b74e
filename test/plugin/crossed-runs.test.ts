import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const rounds = 50
const script = fileURLToPath(new URL('../support/run-process.ts', import.meta.url))

interface Turn {
  readonly run: string
  readonly event: 'begin' | 'end'
  readonly granted: boolean
  readonly ms: number
}

test(
  'two runs whose files all need the same two boards, named in opposite orders, take turns',
  { timeout: 120_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'crossed-'))
    try {
      for (const name of ['one', 'two']) {
        const text = `
apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata: { namespace: default, name: ${name} }
labels: { board: ${name} }
export:
  power: { type: jumpstarter_driver_power.driver.MockPower }
`
        await writeFile(join(folder, `${name}.yaml`), text)
      }
      const runs = ['one,two', 'two,one'].map((order) =>
        spawn(process.execPath, [script, folder, order, String(rounds)], { stdio: ['pipe', 'pipe', 'inherit'] }),
      )
      // Both begin when both are ready.
      await Promise.all(runs.map(({ stdout }) => once(stdout, 'data')))
      const ended = runs.map((run) => once(run, 'exit'))
      for (const { stdin } of runs) stdin.end('go\n')
      expect(await Promise.all(ended)).toEqual([
        [0, null],
        [0, null],
      ])

      const text = await readFile(join(folder, 'turns'), 'utf8')
      const turns = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Turn)
      expect(turns.filter(({ event }) => event === 'begin')).toHaveLength(2 * rounds)
      expect(turns.every(({ granted }) => granted)).toBe(true)
      for (let index = 0; index < turns.length; index += 2) {
        expect(turns[index + 1], 'nobody begins before the other has ended').toMatchObject({
          run: turns[index]?.run,
          event: 'end',
        })
      }
      // While both still have files, none of them has several turns for one of the other.
      const order = turns.filter(({ event }) => event === 'begin').map(({ run }) => run)
      const last = Math.min(...['one,two', 'two,one'].map((run) => order.lastIndexOf(run)))
      let longest = 0
      let current = 0
      for (let index = 1; index <= last; index++) {
        current = order[index] === order[index - 1] ? current + 1 : 0
        longest = Math.max(longest, current + 1)
      }
      console.log(
        `crossed runs: at most ${longest} turns in a row, longest wait ${Math.max(...turns.map(({ ms }) => ms)).toFixed(0)} ms`,
      )
      expect(longest).toBeLessThanOrEqual(4)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)
