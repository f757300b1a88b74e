import type { StandardSchemaV1 } from '@standard-schema/spec'

/** The error of {@link validate} and {@link validateArgs}. The caller turns it into a HardwareError with a code. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError'
}

/**
 * Checks a value against a schema.
 *
 * @param subject the name of the value in the error: `argument 1 of set_target`
 * @returns the schema's output
 * @throws ValidationError with every issue the schema found
 */
export async function validate(schema: StandardSchemaV1, value: unknown, subject: string): Promise<unknown> {
  let result = schema['~standard'].validate(value)
  if (result instanceof Promise) result = await result
  if (result.issues === undefined) return result.value
  const issues = result.issues.map((issue) => {
    const path = issue.path?.map((part) => `.${String(typeof part === 'object' ? part.key : part)}`).join('') ?? ''
    return `${path === '' ? '' : `${path}: `}${issue.message}`
  })
  throw new ValidationError(`${subject}: ${issues.join('; ')}`)
}

/** True if a value fits a schema. */
export async function accepts(schema: StandardSchemaV1, value: unknown): Promise<boolean> {
  return (await schema['~standard'].validate(value)).issues === undefined
}

/**
 * Checks the arguments of a method, each against its schema. Missing arguments at the end are checked as `undefined`, and more
 * arguments than schemas are refused.
 */
export async function validateArgs(
  schemas: readonly StandardSchemaV1[],
  args: readonly unknown[],
  method: string,
): Promise<unknown[]> {
  if (args.length > schemas.length) {
    throw new ValidationError(`${method} takes ${schemas.length} argument(s), not ${args.length}`)
  }
  const checked = schemas.map((schema, index) => validate(schema, args[index], `argument ${index + 1} of ${method}`))
  return Promise.all(checked)
}
