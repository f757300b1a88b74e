import { type Cluster, useClusterFleet } from './cluster-fleet.ts'
import { startRealFleet } from './real-fleet.ts'
import type { TestedFleet } from './test-fleet.ts'

const programs = process.env['JUMPSTARTER_CONTROLLER_BIN']

/**
 * The controller that the environment names: `JUMPSTARTER_CONTROLLER` (its `host:port`), `KUBECONFIG` (an administrator's),
 * `JUMPSTARTER_NAMESPACE` (default `jumpstarter-lab`), and `JUMPSTARTER_CONTROLLER_CA` (the path of a certificate).
 *
 * @returns `undefined` without an address or a kubeconfig
 */
export function clusterOfEnvironment(): Cluster | undefined {
  const {
    JUMPSTARTER_CONTROLLER: controller,
    JUMPSTARTER_CONTROLLER_CA: caFile,
    JUMPSTARTER_NAMESPACE: namespace = 'jumpstarter-lab',
    KUBECONFIG: kubeconfig,
  } = process.env
  return controller === undefined || kubeconfig === undefined
    ? undefined
    : { controller, kubeconfig, namespace, caFile }
}

/** The reason why there is no controller of Jumpstarter's to test, which is printed; `undefined` if there is one. */
export function reasonAgainstReal(): string | undefined {
  if (programs !== undefined || clusterOfEnvironment() !== undefined) return undefined
  const reason =
    'neither JUMPSTARTER_CONTROLLER_BIN, a folder of programs, nor JUMPSTARTER_CONTROLLER, an address, with KUBECONFIG is set'
  console.warn(`Jumpstarter's own controller is not tested: ${reason}`)
  return reason
}

/**
 * Jumpstarter's controller that the environment names: the programs in the folder `JUMPSTARTER_CONTROLLER_BIN`, or one that runs already
 * ({@link clusterOfEnvironment}), which is not restarted.
 */
export function realFleet(): TestedFleet {
  if (programs !== undefined) {
    return {
      name: "Jumpstarter's controller",
      start: (spec) => startRealFleet(programs, spec),
      downTimesMs: [2_000, 30_000],
    }
  }
  return {
    name: 'the controller of the cluster',
    start(spec) {
      const cluster = clusterOfEnvironment()
      if (cluster === undefined) throw new Error('the environment names no controller')
      return useClusterFleet(cluster, spec)
    },
    downTimesMs: [],
  }
}
