import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'

import { createCertificates } from '../../support/certificates.ts'
import { Daemon } from '../../support/daemon.ts'
import { freePort } from '../../support/free-port.ts'
import { untilSucceeds } from '../../support/until-succeeds.ts'
import { FleetObjects } from './fleet-objects.ts'
import type { Fleet, FleetSpec } from './fleet.ts'
import { Kubernetes } from './kubernetes.ts'

/** The ports of Jumpstarter's programs are fixed in their sources, so that a machine has one such fleet at a time. */
const ports = { probe: 8081, controller: 8082, router: 8083, signer: 8085 } as const
const namespace = 'jumpstarter'

/** The controller's configuration, as its chart writes it. */
const controllerConfig = `
authentication:
  internal: { prefix: 'internal:' }
provisioning: { enabled: false }
grpc:
  keepalive: { minTime: 1s, permitWithoutStream: true }
`

/**
 * Starts Jumpstarter's own controller and router, with an API server of Kubernetes and its store, and no container.
 *
 * @param programs the folder of `etcd`, `kube-apiserver`, `controller` and `router`, and of `crd` with Jumpstarter's definitions
 */
export async function startRealFleet(programs: string, spec: FleetSpec): Promise<Fleet> {
  await using started = new AsyncDisposableStack()
  const certificates = started.use(await createCertificates())
  const { folder, certFile, keyFile } = certificates
  const start = async (program: string, args: readonly string[], ready: () => Promise<unknown>, env = {}) =>
    started.use(await Daemon.start([join(programs, program), ...args], { cwd: folder, env, ready }))

  const [etcdPort, peerPort, apiPort] = [await freePort(), await freePort(), await freePort()]
  const etcd = `http://127.0.0.1:${etcdPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  await start(
    'etcd',
    [
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=${etcd}`,
      `--advertise-client-urls=${etcd}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ],
    () => isOpen(etcdPort),
  )

  const token = randomBytes(24).toString('hex')
  const accountKey = join(folder, 'accounts.key')
  await execa('openssl', ['genrsa', '-out', accountKey, '2048'])
  writeFileSync(join(folder, 'tokens.csv'), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 })
  const server = `https://127.0.0.1:${apiPort}`
  const kubernetes = new Kubernetes({ server, ca: certificates.ca, token })
  await start(
    'kube-apiserver',
    [
      `--etcd-servers=${etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${apiPort}`,
      `--tls-cert-file=${certFile}`,
      `--tls-private-key-file=${keyFile}`,
      `--token-auth-file=${join(folder, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://fleet.invalid',
      `--service-account-key-file=${accountKey}`,
      `--service-account-signing-key-file=${accountKey}`,
      '--service-cluster-ip-range=10.96.0.0/24',
      '--endpoint-reconciler-type=none',
      '--disable-admission-plugins=ServiceAccount',
    ],
    () => kubernetes.send('GET', '/readyz'),
  )
  await prepare(kubernetes, join(programs, 'crd'))

  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigOf(server, certificates.ca, token), { mode: 0o600 })
  const env = {
    KUBECONFIG: kubeconfig,
    NAMESPACE: namespace,
    GIN_MODE: 'release',
    CONTROLLER_KEY: 'controller',
    ROUTER_KEY: 'router',
    GRPC_ENDPOINT: `127.0.0.1:${ports.controller}`,
    GRPC_ROUTER_ENDPOINT: `127.0.0.1:${ports.router}`,
    EXTERNAL_CERT_PEM: certFile,
    EXTERNAL_KEY_PEM: keyFile,
  }
  const router = await start('router', [], () => isOpen(ports.router), env)
  const serves = () => Promise.all([isOpen(ports.controller), isOpen(ports.signer)])
  const probe = `--health-probe-bind-address=127.0.0.1:${ports.probe}`
  const controller = await start('controller', [probe], serves, env)

  const endpoint = { controller: env.GRPC_ENDPOINT, namespace, ca: certificates.ca }
  const objects = new FleetObjects(kubernetes, endpoint, folder)
  await objects.create(spec)
  const running = started.move()
  const restart = async (daemon: Daemon, downMs: number) => {
    await daemon.terminate()
    await delay(downMs)
    await daemon.restart()
  }
  return {
    folder,
    exporterConfig: (name, more) => objects.exporterConfig(name, more),
    clientFile: (name) => objects.clientFile(name),
    restart: {
      controller: (downMs) => restart(controller, downMs),
      router: (downMs) => restart(router, downMs),
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Makes Jumpstarter's definitions, its namespace and the configuration of its controller. */
async function prepare(kubernetes: Kubernetes, definitions: string): Promise<void> {
  for (const file of readdirSync(definitions)) {
    const definition = readFileSync(join(definitions, file), 'utf8')
    await kubernetes.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
  }
  const api = `/apis/jumpstarter.dev/v1alpha1/namespaces/${namespace}`
  for (const kind of ['clients', 'exporters', 'leases', 'exporteraccesspolicies']) {
    await untilSucceeds(`the definition of ${kind}`, () => kubernetes.get(`${api}/${kind}`))
  }
  await kubernetes.create('/api/v1/namespaces', { metadata: { name: namespace } })
  await kubernetes.create(`/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: { name: 'jumpstarter-controller' },
    data: { config: controllerConfig, router: `default: { endpoint: '127.0.0.1:${ports.router}' }` },
  })
}

function kubeconfigOf(server: string, ca: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'fleet', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } },
    ],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'fleet', context: { cluster: 'fleet', user: 'admin' } }],
    'current-context': 'fleet',
  })
}

/** @throws Error when nobody listens */
async function isOpen(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}
