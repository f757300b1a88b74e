import { expect, test } from 'vitest'

import {
  type EnvironmentExporter,
  exporterFromEnvironment,
  exporterToEnvironment,
} from '../../src/leases/environment.ts'

test.each<EnvironmentExporter>([
  { endpoint: { address: '/run/desk.sock', name: 'desk' }, labels: { board: 'uno', empty: '', query: 'a=b' } },
  { endpoint: { address: 'bench:1', name: 'lab', insecure: true, passphrase: 'open sesame' }, labels: {} },
  { endpoint: { address: 'bench:1', name: 'lab', duringHook: true }, labels: {} },
])('a command finds what is set for it: %j', (exporter) => {
  const outer = {
    JUMPSTARTER_HOST: 'other:1',
    JMP_EXPORTER: 'other',
    JMP_EXPORTER_LABELS: 'board=other',
    JMP_GRPC_INSECURE: '1',
    JUMPSTARTER_GRPC_INSECURE: '1',
    JMP_GRPC_PASSPHRASE: 'of another',
    ...(exporter.endpoint.duringHook === true ? { LEASE_NAME: 'lease', JMP_LEASE: 'direct' } : {}),
  }
  expect(exporterFromEnvironment({ ...outer, ...exporterToEnvironment(exporter) })).toEqual(exporter)
})

test('in a shell with a lease of a controller, tunnels are tried again', () => {
  const exporter = { endpoint: { address: '/run/lease.sock', name: 'one' }, labels: {} }
  expect(exporterFromEnvironment({ ...exporterToEnvironment(exporter, 'lease-1') })?.endpoint).toEqual({
    ...exporter.endpoint,
    reconnectTimeoutMs: 60_000,
    tunnels: true,
  })
})

test('a hook has a lease’s name, and no shell around it', () => {
  const host = { JUMPSTARTER_HOST: '/run/hook.sock' }
  const duringHook = (environment: Record<string, string>) =>
    exporterFromEnvironment({ ...host, ...environment })?.endpoint.duringHook ?? false
  expect(duringHook({})).toBe(false)
  expect(duringHook({ LEASE_NAME: 'standalone' })).toBe(true)
  expect(duringHook({ LEASE_NAME: '' })).toBe(true)
  expect(duringHook({ LEASE_NAME: 'standalone', JMP_LEASE: 'direct' })).toBe(false)
})

test('an environment without an address names no exporter', () => {
  expect(exporterFromEnvironment({})).toBeUndefined()
  expect(exporterFromEnvironment({ JUMPSTARTER_HOST: '', JMP_EXPORTER: 'desk' })).toBeUndefined()
})
