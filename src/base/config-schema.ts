import type { StandardSchemaV1 } from '@standard-schema/spec'

import { type ConfigRules, checkConfig } from './check.ts'
import { ConfigError, Mistake } from './mistake.ts'

/** What the `config` of a driver may be: our rules, key by key, or any Standard Schema, such as one of zod, valibot or arktype. */
export type ConfigSchema = ConfigRules | StandardSchemaV1

/** True for a Standard Schema. */
export function isStandardSchema(schema: ConfigSchema): schema is StandardSchemaV1 {
  return '~standard' in schema
}

/**
 * Checks the `config` of a driver's entry.
 *
 * @returns the config; for a Standard Schema its output, with defaults filled in
 * @throws ConfigError with all mistakes, each with its place: `ports.0.name is not valid: Invalid input`
 * @example
 * ```ts
 * const config = z.object({ host: z.string(), port: z.number().default(5025) })
 *
 * class Meter extends Driver {
 *   // An exporter checks the config of its file with the schema, and gives the output to the constructor.
 *   static readonly configRules = config
 *   constructor({ host, port }: z.output<typeof config>) {
 * ```
 */
export function parseConfig<S extends StandardSchemaV1>(config: unknown, schema: S): StandardSchemaV1.InferOutput<S>
export function parseConfig(config: unknown, schema: ConfigSchema): unknown
export function parseConfig(config: unknown, schema: ConfigSchema): unknown {
  if (!isStandardSchema(schema)) {
    checkConfig(config, schema)
    return config
  }
  const result = schema['~standard'].validate(config ?? {})
  if (result instanceof Promise) {
    throw new TypeError('the schema of a config has to answer at once, and this one returns a promise')
  }
  if (result.issues === undefined) return result.value
  throw new ConfigError(
    result.issues.map(({ path = [], message }) => {
      const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
      return new Mistake(keys, keys.length === 0 ? message : `is not valid: ${message}`)
    }),
  )
}
