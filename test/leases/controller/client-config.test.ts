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
  const file = write('clients/lab.yaml', complete)
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
  expect(await loadClientConfig({ alias: 'lab' }, environment())).toEqual(expected)
  await expect(loadClientConfig({}, environment())).rejects.toThrow(
    /config\.yaml .*\n {2}names no current client: choose/,
  )
  write('config.yaml', 'config: { current-client: lab }')
  expect(await loadClientConfig({}, environment())).toEqual(expected)
})

test('variables give the values that the file does not have, and can replace the file', async () => {
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

test.each(['', 'token:\ntls:\n', "tls: { ca: '', insecure: }\n"])('a file may leave values empty: %j', async (text) => {
  const file = write('empty.yaml', text)
  const variables = { JMP_TOKEN: 't', JMP_ENDPOINT: 'other.example:1', JMP_NAME: 'n', JMP_NAMESPACE: 'ns' }
  const config = await loadClientConfig({ file }, variables)
  expect(config).toMatchObject({ source: file, address: 'other.example:1', token: 't', insecure: false })
  expect(config.ca).toBeUndefined()
})

test('variables can give the time limits and the security, too', async () => {
  const file = write('times.yaml', complete)
  const variables = { JMP_DIAL_TIMEOUT: '7', JMP_RETRY_TIMEOUT: '0', JMP_GRPC_INSECURE: '1' }
  const expected = { dialTimeoutMs: 7_000, retryTimeoutMs: 0, insecure: true }
  expect(await loadClientConfig({ file }, variables)).toMatchObject(expected)
  await expect(loadClientConfig({ file }, { JMP_DIAL_TIMEOUT: 'long' })).rejects.toThrow(
    'JMP_DIAL_TIMEOUT has to be a number of seconds, 5 or more',
  )
})

test('the error has all mistakes with their lines, and not the token', async () => {
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
  kind (line 1) is 'ExporterConfig'; it has to be 'ClientConfig'
  metadata.name is missing, and JMP_NAME is not set
  metadata.namespace (line 2) is a number; it has to be a text
  endpoint (line 3) is https://grpc.example/; it has to be host:port
  tls.insecure (line 4) has to be true or false
  tls.ca (line 4) has to be certificates in PEM, encoded in base64
  grpcOptions (line 7) has to be a mapping of texts, numbers and booleans
  leases.dial_timeout (line 6) has to be a number of seconds, 5 or more`,
  })
})

test('the error names a file that is missing, or that is no YAML', async () => {
  await expect(loadClientConfig({ alias: 'nobody' }, environment())).rejects.toThrow(
    /clients\/nobody\.yaml .*\n.*ENOENT/,
  )
  await expect(loadClientConfig({ file: write('bad.yaml', 'a: [1') }, {})).rejects.toMatchObject({
    code: 'CLIENT_CONFIG_INVALID',
  })
})
