import { expect, test } from 'vitest'

import { config, createProject } from '../support/project.ts'

const exporter = `
apiVersion: jumpstarter.dev/v1alpha1
kind: ExporterConfig
metadata: { namespace: default, name: uno }
export:
  board: { type: "./board.ts#BoardDriver", config: { name: uno } }
  serial: { type: jumpstarter_driver_pyserial.driver.PySerial, config: { url: "loop://", line_end: crlf } }
`

test('waits have what is left of the time of their test or hook, and are named when Vitest ends it', async () => {
  const files = {
    'uno.yaml': exporter,
    'vitest.config.js': config({ exporters: { uno: 'uno.yaml' } }, { maxConcurrency: 20 }),
  }
  await using project = await createProject(files, 'time-limits')
  const { code, output } = await project.vitest(['run'])
  expect(code, output).toBe(1)
  const errors = errorsOf(output)
  const inTime = (name: string, what: RegExp) => {
    expect(errors.get(name), name).toMatch(what)
    expect(errors.get(name), name).not.toContain('timed out')
    const limitMs = Number(/(\d+) ms/.exec(errors.get(name) ?? '')?.[1])
    expect(limitMs, name).toBeLessThanOrEqual(2_000)
    expect(limitMs, name).toBeGreaterThan(0)
  }
  inTime('a wait after other work', /Console dut.serial did not print "prompt 1" in \d+ ms/)
  inTime('a matcher after other work', /Console dut.serial did not print "prompt 2" in \d+ ms/)
  inTime('a call after other work', /dut\.board\.hang: no answer within \d+ ms/)
  inTime('a shell after other work', /dut.serial: there was no shell within \d+ ms/)
  inTime('of a hook before tests > is not reached', /Console dut.serial did not print "prompt 4" in \d+ ms/)
  inTime('of a hook around tests > passes, but for its hook', /Console dut.serial did not print "prompt 6" in \d+ ms/)
  inTime('of a hook before all', /Console dut.serial did not print "prompt 7" in \d+ ms/)

  const explained = (name: string, what: string) => {
    expect(errors.get(name), name).toMatch(/timed out in 4000ms/)
    expect(errors.get(name), name).toContain(`The hardware was waited for:\n${what}`)
  }
  explained(
    'a wait that was given more',
    'Console dut.serial did not print "prompt 3" so far. Last lines:\n  | U-Boot SPL',
  )
  explained('a call that was given more', 'dut.board.hang has not answered yet.')
  explained('lines', 'Console dut.serial did not print another line so far.')
  explained('of a hook after tests > passes, but for its hook', 'Console dut.serial did not print "prompt 5" so far.')
  explained('of a hook after all', 'Console dut.serial did not print "prompt 8" so far.')
  expect(errors.get('nothing of the hardware')).toMatch(/timed out in 4000ms/)
  expect(output.split('The hardware was waited for:')).toHaveLength(6)
})

/** The errors that Vitest lists, by the names of tests and suites in the suite `limits`. */
function errorsOf(output: string): ReadonlyMap<string, string> {
  const parts = output.split(/^ FAIL {2}limits\.test\.ts > limits > /m).slice(1)
  return new Map(parts.map((part) => [part.split('\n', 1)[0] ?? '', part]))
}
