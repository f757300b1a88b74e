import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { loadClientConfig } from '../../../src/leases/controller/client-config.ts'

const ca = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
const complete = `
apiVersion: jumpstarter.dev/v1alpha1
kind: ClientConfig
metadata: { namespace: lab, name: ci }
endpoint: grpc.example:8082
tls: { ca: ${Buffer.from(ca).toString('base64')}, insecure: false }
token: secret-token
drivers: { allow: [], unsafe: false }
leases: { acquisition_timeout: 100 }
grpcOptions: { grpc.keepalive_time_ms: 5000, grpc.http2.max_pings_without_data: false }
`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'client-config-'))
  mkdirSync(join(folder, 'clients'))
})
afterAll(() => rm(folder, { recursive: true }))

const write = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const environment = (more: Record<string, string> = {}) => ({ JMP_CLIENT_CONFIG_HOME: folder, ...more })

test('a file of Jumpstarter’s, by its path, by its alias, and as the current one', async () => {
  const file = write('clients/fleet.yaml', complete)
  const expected = {
    source: file,
    address: 'grpc.example:8082',
    namespace: 'lab',
    name: 'ci',
    token: 'secret-token',
    insecure: false,
    ca,
    grpcOptions: { 'grpc.keepalive_time_ms': 5000, 'grpc.http2.max_pings_without_data': 0 },
    acquisitionTimeoutMs: 100_000,
    dialTimeoutMs: 60_000,
    retryTimeoutMs: 300_000,
  }
  expect(await loadClientConfig({ file }, {})).toEqual(expected)
  expect(await loadClientConfig({ alias: 'fleet' }, environment())).toEqual(expected)
  await expect(loadClientConfig({}, environment())).rejects.toThrow(
    /config\.yaml .*\n {2}names no current client: choose/,
  )
  write('config.yaml', 'config: { current-client: fleet }')
  expect(await loadClientConfig({}, environment())).toEqual(expected)
})

test('variables fill what the file does not say, and are enough', async () => {
  const file = write('part.yaml', 'metadata: { namespace: lab, name: ci }\nendpoint: grpc.example:8082\n')
  const variables = {
    JMP_TOKEN: 'from-environment',
    JMP_ENDPOINT: 'other.example:1',
    JMP_NAME: 'n',
    JMP_NAMESPACE: 'ns',
  }
  expect(await loadClientConfig({ file }, environment(variables))).toMatchObject({
    address: 'grpc.example:8082',
    token: 'from-environment',
  })
  expect(await loadClientConfig({}, environment(variables))).toMatchObject({
    source: 'the environment',
    address: 'other.example:1',
    name: 'n',
    namespace: 'ns',
  })
})

test('how long is tried, and whom to trust, can be said by variables, too', async () => {
  const file = write('times.yaml', complete)
  const variables = { JMP_DIAL_TIMEOUT: '7', JMP_RETRY_TIMEOUT: '0', JMP_GRPC_INSECURE: '1' }
  const expected = { dialTimeoutMs: 7_000, retryTimeoutMs: 0, insecure: true }
  expect(await loadClientConfig({ file }, variables)).toMatchObject(expected)
  await expect(loadClientConfig({ file }, { JMP_DIAL_TIMEOUT: 'long' })).rejects.toThrow(
    'JMP_DIAL_TIMEOUT is a number of seconds, 5 or more',
  )
})

test('all mistakes are said at once, with their lines, and the token is not', async () => {
  const file = write(
    'wrong.yaml',
    `kind: ExporterConfig
metadata: { namespace: 5 }
endpoint: https://grpc.example/
tls: { ca: bm9uZQ==, insecure: maybe }
token: secret-token
leases: { dial_timeout: 1 }
grpcOptions: [1]
`,
  )
  const error = await loadClientConfig({ file }, {}).catch((reason: unknown) => reason)
  expect(error).toMatchObject({
    code: 'CLIENT_CONFIG_INVALID',
    message: `${file} is no valid client configuration:
  kind (line 1) is ClientConfig
  tls.insecure (line 4) is true or false
  grpcOptions (line 7) is an object of texts, numbers and booleans
  metadata.name is missing, and JMP_NAME is not set
  metadata.namespace (line 2) is a text
  leases.dial_timeout (line 6) is a number of seconds, 5 or more
  tls.ca (line 4) is certificates in PEM, encoded in base64
  endpoint (line 3) is host:port, not https://grpc.example/`,
  })
})

test('a file that is not there, or is no YAML, is named', async () => {
  await expect(loadClientConfig({ alias: 'nobody' }, environment())).rejects.toThrow(
    /clients\/nobody\.yaml .*\n.*ENOENT/,
  )
  await expect(loadClientConfig({ file: write('bad.yaml', 'a: [1') }, {})).rejects.toMatchObject({
    code: 'CLIENT_CONFIG_INVALID',
  })
})
