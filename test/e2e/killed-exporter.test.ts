import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'

import { boardYaml, config, createProject } from '../support/project.ts'

test('an exporter that is killed in mid-call fails that test at once, and nothing is left of it', async () => {
  await using project = await createProject(
    { 'one.yaml': boardYaml('one'), 'vitest.config.js': config({ exporters: { one: 'one.yaml' } }) },
    'killed-exporter',
  )
  const temporary = join(project.folder, 'tmp')
  mkdirSync(temporary)
  const run = project.start(['run'], { TMPDIR: temporary })
  const waiting = () =>
    project
      .journal()
      .find(({ event }) => event === 'hang')
      ?.session.split('.')[0]
  await expect.poll(waiting, { timeout: 30_000 }).toEqual(expect.any(String))
  const killed = Date.now()
  process.kill(Number(waiting()), 'SIGKILL')
  const { exitCode, all } = await run
  expect(exitCode, all).toBe(1)
  expect(all).toMatch(/HardwareError: dut\.board\.hang: lost the connection to exporter one \(.+\) \(.+\)/)
  expect(all).toMatch(/Tests\s+1 failed \| 1 passed \(2\)/)
  const ms = Number(readFileSync(join(project.folder, 'failed'), 'utf8')) - killed
  console.log(`the test failed after ${ms} ms`)
  // The aim is 2 s; a machine that does much else at the same time may need longer.
  expect(ms).toBeLessThan(10_000)

  expect(project.journal().map(({ event, data }) => data ?? event)).toEqual(
    expect.arrayContaining(['start', 'hang', 'start', 'b', 'end']),
  )
  const { stdout } = await execa('ps', ['-A', '-o', 'stat=,args='])
  expect(stdout.split('\n').filter((line) => line.includes(project.folder) && !line.startsWith('Z'))).toEqual([])
  expect(readdirSync(temporary)).toEqual([])
})
