import { expect, test } from 'vitest'

import { config, createProject } from '../support/project.ts'

test('a console reads on when the exporter ends its connection, with a mark in the log, and the session stays', async () => {
  await using project = await createProject(
    { 'vitest.config.js': config({ exporters: { counter: 'exporter.yaml' } }) },
    'cut-connection',
  )
  const { code, output } = await project.vitest(['run'])
  expect(code, output).toBe(0)
  expect(output).toMatch(/Tests\s+2 passed/)
  const sessions = new Set(project.journal().map(({ session }) => session))
  expect(sessions.size).toBe(1)
  expect(project.journal().map(({ data, event }) => data ?? event)).toEqual(['start', 'after the cuts', 'end'])
})
