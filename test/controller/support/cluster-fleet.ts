import { readFileSync } from 'node:fs'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { FleetObjects } from './fleet-objects.ts'
import type { Fleet, FleetSpec } from './fleet.ts'
import { Kubernetes, readKubeconfig } from './kubernetes.ts'

/** A controller that runs already. */
export interface Cluster {
  /** The controller's `host:port`. */
  readonly controller: string
  /** The path of an administrator's kubeconfig. */
  readonly kubeconfig: string
  readonly namespace: string
  /** The path of the certificate of the controller's authority; without it, certificates are not checked. */
  readonly caFile: string | undefined
}

/** Uses a controller that runs already. The tests restart neither it nor its router, which others may use. */
export async function useClusterFleet(
  { controller, kubeconfig, namespace, caFile }: Cluster,
  spec: FleetSpec,
): Promise<Fleet> {
  const own = await createPrivateFolder()
  const folder = own.path
  const ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8')
  const kubernetes = new Kubernetes(readKubeconfig(kubeconfig))
  const objects = new FleetObjects(kubernetes, { controller, namespace, ca }, folder)
  await objects.create(spec)
  return {
    folder,
    exporterConfig: (name, more) => objects.exporterConfig(name, more),
    clientFile: (name) => objects.clientFile(name),
    async [Symbol.asyncDispose]() {
      await objects.delete()
      await own.remove()
    },
  }
}
