import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { parse } from 'yaml'

/** The address of an API server of Kubernetes, and who calls it. */
export interface KubernetesEndpoint {
  /** `https://host:port` */
  readonly server: string
  /** The certificate of the authority, in PEM. */
  readonly ca: string
  readonly token?: string | undefined
  /** A client's certificate and its key, in PEM. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** The parts of a kubeconfig that {@link readKubeconfig} reads. */
interface Kubeconfig {
  readonly 'current-context': string
  readonly contexts: readonly { readonly name: string; readonly context: { cluster: string; user: string } }[]
  readonly clusters: readonly { readonly name: string; readonly cluster: Record<string, string> }[]
  readonly users: readonly { readonly name: string; readonly user: Record<string, string> }[]
}

/** Reads the current context of a kubeconfig. Its certificates and tokens have to be in the file. */
export function readKubeconfig(file: string): KubernetesEndpoint {
  const config = parse(readFileSync(file, 'utf8')) as Kubeconfig
  const context = config.contexts.find(({ name }) => name === config['current-context'])?.context
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster ?? {}
  const user = config.users.find(({ name }) => name === context?.user)?.user ?? {}
  const decode = (data: string | undefined) => data && Buffer.from(data, 'base64').toString()
  return {
    server: cluster['server'] ?? '',
    ca: decode(cluster['certificate-authority-data']) ?? '',
    token: user['token'],
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  }
}

/** An error of the API server. */
class KubernetesError extends Error {
  /** The HTTP status. */
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Calls an API server of Kubernetes. */
export class Kubernetes {
  readonly #endpoint: KubernetesEndpoint

  constructor(endpoint: KubernetesEndpoint) {
    this.#endpoint = endpoint
  }

  /** Reads an object. */
  async get<T>(path: string): Promise<T> {
    return JSON.parse(await this.send('GET', path)) as T
  }

  /** Makes an object from JSON, or from the text of a YAML file. One that is there already is left as it is. */
  async create(path: string, object: object | string): Promise<void> {
    try {
      await this.send('POST', path, object)
    } catch (error) {
      if (!(error instanceof KubernetesError) || error.status !== 409) throw error
    }
  }

  async delete(path: string): Promise<void> {
    await this.send('DELETE', path)
  }

  /** @throws KubernetesError for an HTTP status above 299 */
  send(method: string, path: string, body?: object | string): Promise<string> {
    const { server, token, ...tls } = this.#endpoint
    const content = typeof body === 'string' ? body : JSON.stringify(body)
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      'content-type': typeof body === 'string' ? 'application/yaml' : 'application/json',
    }
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, server), { ...tls, method, headers, timeout: 10_000 }, (response) => {
        const { statusCode = 0 } = response
        text(response).then((answer) => {
          if (statusCode < 300) resolve(answer)
          else reject(new KubernetesError(statusCode, `${method} ${path}: ${statusCode} ${answer}`))
        }, reject)
      })
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer within 10 s`)))
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : content)
    })
  }
}
