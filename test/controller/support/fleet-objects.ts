import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { untilSucceeds } from '../../support/until-succeeds.ts'
import type { FleetSpec } from './fleet.ts'
import type { Kubernetes } from './kubernetes.ts'

/** Where clients and exporters reach a controller. */
export interface FleetEndpoint {
  /** `host:port` */
  readonly controller: string
  readonly namespace: string
  /** The certificate of the controller's authority, in PEM; without it, certificates are not checked. */
  readonly ca: string | undefined
}

/** Kubernetes' objects of a fleet, and the files of the clients and exporters that they stand for. */
export class FleetObjects {
  readonly #kubernetes: Kubernetes
  readonly #endpoint: FleetEndpoint
  readonly #folder: string
  readonly #tokens = new Map<string, string>()

  /** @param folder the folder of the files */
  constructor(kubernetes: Kubernetes, endpoint: FleetEndpoint, folder: string) {
    this.#kubernetes = kubernetes
    this.#endpoint = endpoint
    this.#folder = folder
  }

  /** Makes the objects, and waits until the controller has given each its token. */
  async create({ exporters, clients }: FleetSpec): Promise<void> {
    await Promise.all([
      ...Object.entries(exporters).map(([name, labels]) => this.#create('Exporter', name, labels)),
      ...clients.map((name) => this.#create('Client', name)),
    ])
  }

  /** Removes the objects. */
  async delete(): Promise<void> {
    await Promise.all([...this.#tokens.keys()].map((key) => this.#kubernetes.delete(this.#path(key))))
  }

  exporterConfig(name: string, more: object): string {
    return this.#config('Exporter', name, more)
  }

  clientFile(name: string): string {
    const file = join(this.#folder, `client-${name}.yaml`)
    writeFileSync(file, this.#config('Client', name, { drivers: { allow: [], unsafe: true } }))
    return file
  }

  #config(kind: 'Exporter' | 'Client', name: string, more: object): string {
    const { controller, namespace, ca } = this.#endpoint
    return JSON.stringify({
      apiVersion: 'jumpstarter.dev/v1alpha1',
      kind: `${kind}Config`,
      metadata: { namespace, name },
      endpoint: controller,
      tls: ca === undefined ? { insecure: true } : { ca: Buffer.from(ca).toString('base64'), insecure: false },
      token: this.#tokens.get(keyOf(kind, name)),
      ...more,
    })
  }

  async #create(kind: 'Exporter' | 'Client', name: string, labels: object = {}): Promise<void> {
    const key = keyOf(kind, name)
    await this.#kubernetes.create(this.#path(key.slice(0, key.indexOf('/'))), {
      apiVersion: 'jumpstarter.dev/v1alpha1',
      kind,
      metadata: { name, labels },
      spec: {},
    })
    const core = `/api/v1/namespaces/${this.#endpoint.namespace}`
    await untilSucceeds(`the token of ${key}`, async () => {
      const { status } = await this.#kubernetes.get<{ status: { credential: { name: string } } }>(this.#path(key))
      const secret = `${core}/secrets/${status.credential.name}`
      const { data } = await this.#kubernetes.get<{ data: { token: string } }>(secret)
      this.#tokens.set(key, Buffer.from(data.token, 'base64').toString())
    })
  }

  #path(key: string): string {
    return `/apis/jumpstarter.dev/v1alpha1/namespaces/${this.#endpoint.namespace}/${key}`
  }
}

function keyOf(kind: 'Exporter' | 'Client', name: string): string {
  return `${kind.toLowerCase()}s/${name}`
}
