import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { config, createProject } from '../support/project.ts'
import { missingCommand } from '../support/system-part.ts'

const firmware = new URL('../support/firmware/', import.meta.url)

/** A project with a micro:bit whose firmware has tests of its own. */
async function createTargetProject(reporters: readonly unknown[] = ['default']) {
  const files = { 'vitest.config.js': config({ exporters: { mcu: 'microbit.yaml' } }, { reporters }) }
  const project = await createProject(files, 'target-tests')
  cpSync(firmware, join(project.folder, 'firmware'), { recursive: true })
  const report = () => {
    const { testResults } = JSON.parse(readFileSync(join(project.folder, 'tests.json'), 'utf8')) as JsonReport
    return testResults.flatMap(({ assertionResults }) => assertionResults)
  }
  return Object.assign(project, { report })
}

interface JsonReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly duration?: number
      readonly failureMessages: readonly string[]
      readonly meta: { readonly hardware?: object }
    }[]
  }[]
}

describe.skipIf(missingCommand('qemu-system-arm') !== undefined)('the tests of a firmware on a board of QEMU', () => {
  test('are single tests in all reporters, failed ones with the line of the source', async () => {
    const files = [
      ['junit', { outputFile: 'junit.xml' }],
      ['json', { outputFile: 'tests.json' }],
    ]
    await using project = await createTargetProject(['default', ...files])
    const { code, output } = await project.vitest(['run', 'formats'])
    expect(code, output).toBe(1)
    expect(output).toContain('4 failed | 4 passed | 4 skipped (12)')

    const suites = ['Unity target-tests.c', 'ztest board', 'TAP', 'libtest board']
    const all = project.report()
    expect(all.map(({ fullName, status }) => `${fullName}: ${status}`)).toEqual(
      suites.flatMap((suite) => [
        `${suite} test_adds: passed`,
        `${suite} test_reads_the_level: failed`,
        `${suite} test_sleeps: skipped`,
      ]),
    )
    expect(all.find(({ fullName }) => fullName === 'ztest board test_adds')?.duration).toBe(12)
    const lines = readFileSync(new URL('target-tests.c', firmware), 'utf8').split('\n')
    const line = lines.findIndex((text) => text.includes('ASSERT_EQUAL(4, level)')) + 1
    const failed = all.filter(({ status }) => status === 'failed')
    for (const { fullName, failureMessages, meta } of failed) {
      expect(failureMessages[0], fullName).toMatch(/Expected 4 Was 3[^]*Output of the test:\n {2}\| level 3\n/)
      expect(failureMessages[0], fullName).toContain(`${join(project.folder, 'firmware/target-tests.c')}:${line}:1`)
      expect(meta.hardware).toEqual({ exporters: { dut: 'mcu' }, code: 'TARGET_TEST_FAILED', origin: 'firmware' })
    }
    // Equal failures are shown once, with all their tests.
    expect(output).toContain(`firmware/target-tests.c:${line}:1`)
    expect(output, 'the source').toMatch(/\n> +\d+\| +ASSERT_EQUAL\(4, level\);\n/)
    expect(output).toContain('(dut: exporter mcu, origin: firmware)')

    const junit = readFileSync(join(project.folder, 'junit.xml'), 'utf8')
    expect(junit).toContain('tests="12" failures="4"')
    expect(junit).toMatch(/<testcase [^>]*name="ztest &gt; board &gt; test_adds" time="0.012"/)
    expect(junit).toMatch(/<failure message="Expected 4 Was 3/)
    expect(junit).toContain('<property name="hardware.origin" value="firmware">')
  })

  test('fail clearly when the firmware stops, panics, resets, prints garbage, too few tests, or one twice', async () => {
    await using project = await createTargetProject([['json', { outputFile: 'tests.json' }], 'default'])
    const { code, output } = await project.vitest(['run', 'faults'])
    expect(code, output).toBe(1)
    const all = project.report()
    const of = (fault: string) =>
      all.flatMap(({ fullName, status }) => (fullName.startsWith(fault) ? `${fullName}: ${status}` : []))
    expect(of('hang')).toEqual([
      'hang board test_adds: passed',
      'hang board test_stops: failed',
      'hang all tests of the firmware: failed',
    ])
    expect(of('panic')).toEqual([
      'panic board test_adds: passed',
      'panic board test_panics: failed',
      'panic all tests of the firmware: failed',
    ])
    expect(of('reset')).toEqual([
      'reset board test_adds: passed',
      'reset board test_sleeps: skipped',
      'reset board test_resets: failed',
      'reset all tests of the firmware: failed',
    ])
    for (const fault of ['noise target-tests.c', 'twice target-tests.c', 'short']) {
      expect(of(fault)[0]).toBe(`${fault} test_adds: passed`)
    }
    for (const fault of ['noise', 'twice', 'short', 'quiet']) {
      expect(of(fault).at(-1)).toBe(`${fault} all tests of the firmware: failed`)
    }
    const reason = (fault: string) =>
      all.find(({ fullName }) => fullName === `${fault} all tests of the firmware`)?.failureMessages.join()
    expect(reason('hang')).toContain("did not end its tests within 2000 ms, in 'board > test_stops'")
    expect(reason('hang')).toContain('  | about to sto\n')
    expect(reason('panic')).toContain('ZEPHYR FATAL ERROR 0')
    expect(reason('reset')).toContain("the firmware has started again, as after a reset, in 'board > test_resets'")
    expect(reason('noise')).toContain('tests: 3 in the summary, 2 printed; failures: 1 in the summary, 0 printed')
    expect(reason('short')).toContain('1 of 3 planned tests have a result')
    expect(reason('twice')).toContain("'target-tests.c > test_sleeps' has two results")
    expect(reason('quiet')).toContain('did not end its tests within 2000 ms')
  })

  test('are not run to list them, and are skipped or failed without the hardware', async () => {
    await using project = await createTargetProject()
    const listed = await project.vitest(['list', '--no-static-parse', 'formats'])
    expect(listed.code, listed.output).toBe(0)
    expect(listed.output).toContain('formats.test.ts > Unity > the tests of the firmware')
    project.write('vitest.config.js', config({ exporters: {}, onMissing: 'skip' }))
    const skipped = await project.vitest(['run', 'formats'])
    expect(skipped.code, skipped.output).toBe(0)
    expect(skipped.output).toContain('4 skipped (4)')
    project.write('vitest.config.js', config({ exporters: {}, onMissing: 'fail' }))
    const failed = await project.vitest(['run', 'formats'])
    expect(failed.code, failed.output).toBe(1)
    expect(failed.output).toContain('NO_EXPORTER')
  })
})
