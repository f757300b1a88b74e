import { expect, onTestFinished, test } from 'vitest'

import { loadClientConfig } from '../../src/leases/controller/client-config.ts'
import { ControllerCalls } from '../../src/protocol/controller/controller-calls.ts'
import { labTree } from '../support/controller/lab.ts'
import { config, createProject, projectFile } from '../support/project.ts'
import { useClusterFleet } from './support/cluster-fleet.ts'
import { clusterOfEnvironment } from './support/environment.ts'
import { Kubernetes, readKubeconfig } from './support/kubernetes.ts'

const image = process.env['JUMPSTARTER_EXPORTER_IMAGE']
const cluster = clusterOfEnvironment()
const reason =
  'JUMPSTARTER_CONTROLLER, KUBECONFIG and JUMPSTARTER_EXPORTER_IMAGE, an image of this package, are not all set'
if (image === undefined || cluster === undefined) console.warn(`exporters in pods are not tested: ${reason}`)

test('an exporter in a pod is used by a run of Vitest', { timeout: 240_000 }, async ({ skip }) => {
  if (image === undefined || cluster === undefined) return skip(reason)
  const spec = { exporters: { pod: { board: 'pod', kind: 'ours' } }, clients: ['pod-ci'] }
  await using fleet = await useClusterFleet(cluster, spec)
  const kubernetes = new Kubernetes(readKubeconfig(cluster.kubeconfig))
  const secrets = `/api/v1/namespaces/${cluster.namespace}/secrets`
  const pods = `/api/v1/namespaces/${cluster.namespace}/pods`
  const metadata = { name: 'vitest-hardware-exporter' }
  const file = fleet.exporterConfig('pod', { export: labTree })
  await kubernetes.create(secrets, { metadata, stringData: { 'exporter.yaml': file } })
  onTestFinished(() => kubernetes.delete(`${secrets}/${metadata.name}`))
  await kubernetes.create(pods, {
    metadata,
    spec: {
      containers: [
        {
          name: 'exporter',
          image,
          imagePullPolicy: 'Never',
          volumeMounts: [{ name: 'file', mountPath: '/etc/exporter', readOnly: true }],
        },
      ],
      volumes: [{ name: 'file', secret: { secretName: metadata.name } }],
    },
  })
  onTestFinished(() => kubernetes.delete(`${pods}/${metadata.name}`))

  const clientFile = fleet.clientFile('pod-ci')
  const calls = new ControllerCalls(await loadClientConfig({ file: clientFile }, {}))
  onTestFinished(() => calls.close())
  await expect.poll(async () => (await calls.exporter('pod')).status, { timeout: 120_000 }).toBe('AVAILABLE')
  await using project = await createProject({
    'uses.test.ts': projectFile('fleet/uses.ts').replace('kind=ours', 'board=pod'),
    'vitest.config.js': config({ controller: { clientConfig: clientFile } }),
  })
  const { code, output } = await project.vitest(['run'])
  expect(code, output).toBe(0)
})
