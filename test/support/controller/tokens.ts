import { createHmac, randomBytes } from 'node:crypto'

const encode = (part: object | Buffer) =>
  (Buffer.isBuffer(part) ? part : Buffer.from(JSON.stringify(part))).toString('base64url')

/** Makes and checks JSON Web Tokens (RFC 7519) with HS256 and a key of its own. */
export class Tokens {
  readonly #key = randomBytes(32)

  /** @param lifetimeMs how long it is good for; it has whole seconds */
  create(subject: string, lifetimeMs: number): string {
    const now = Math.floor(Date.now() / 1000)
    const claims = { sub: subject, iat: now, exp: now + Math.floor(lifetimeMs / 1000) }
    const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
    return `${content}.${this.#sign(content)}`
  }

  /** @returns whom it was made for; @throws Error when it is expired, or none of these */
  check(token: string): string {
    const [header, payload, signature] = token.split('.')
    if (payload === undefined || signature !== this.#sign(`${header}.${payload}`)) {
      throw new Error('token is malformed')
    }
    const { sub, exp } = JSON.parse(String(Buffer.from(payload, 'base64url'))) as { sub: string; exp: number }
    if (exp * 1000 < Date.now()) throw new Error('token has invalid claims: token is expired')
    return sub
  }

  #sign(content: string): string {
    return encode(createHmac('sha256', this.#key).update(content).digest())
  }
}
