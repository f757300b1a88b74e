import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { createPrivateFolder } from '../../src/base/private-folder.ts'

/** A certificate with its key, in PEM, and the files that they are in. */
interface Certificate {
  readonly cert: string
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
}

/** Certificates that `openssl` has made in a folder of their own: one for `localhost` and 127.0.0.1, and others. */
export interface Certificates extends Certificate, AsyncDisposable {
  readonly folder: string
  /** The authority that has signed the servers' certificates. */
  readonly ca: string
  readonly caFile: string
  /** One that has not. */
  readonly otherCa: string
  /** For `elsewhere.example`. */
  readonly elsewhere: Certificate
  remove(): Promise<void>
}

/** Makes an authority and the certificates of two servers. */
export async function createCertificates(): Promise<Certificates> {
  const own = await createPrivateFolder()
  const folder = own.path
  const remove = () => own.remove()
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const files = (name: string) => ({ certFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const read = (name: string): Certificate => {
    const { certFile, keyFile } = files(name)
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), certFile, keyFile }
  }
  const authority = (name: string) => {
    const { certFile, keyFile } = files(name)
    openssl('req', '-x509', ...newKey, '-keyout', keyFile, '-out', certFile, '-days', '2', '-subj', `/CN=${name}`)
    return read(name)
  }
  const ca = authority('ca')
  const server = (name: string, names: string) => {
    const { certFile, keyFile } = files(name)
    const [request, extensions] = [join(folder, `${name}.csr`), join(folder, `${name}.ext`)]
    writeFileSync(extensions, `subjectAltName=${names}\nbasicConstraints=CA:FALSE\n`)
    openssl('req', '-new', ...newKey, '-keyout', keyFile, '-out', request, '-subj', `/CN=${name}`)
    const signer = ['-CA', ca.certFile, '-CAkey', ca.keyFile, '-CAcreateserial', '-days', '2']
    openssl('x509', '-req', '-in', request, '-out', certFile, '-extfile', extensions, ...signer)
    return read(name)
  }
  return {
    folder,
    ca: ca.cert,
    caFile: ca.certFile,
    otherCa: authority('other-ca').cert,
    ...server('server', 'DNS:localhost,IP:127.0.0.1'),
    elsewhere: server('elsewhere', 'DNS:elsewhere.example'),
    remove,
    [Symbol.asyncDispose]: remove,
  }
}
