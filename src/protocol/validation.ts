import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Thrown by {@link validate} and {@link validateArgs}; the caller gives it a code of its own. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError'
}

/**
 * Checks a value against a schema.
 *
 * @param subject how the error names the value: `argument 1 of set_target`
 * @returns what the schema makes of the value
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

/** Whether a schema lets a value through. */
export async function accepts(schema: StandardSchemaV1, value: unknown): Promise<boolean> {
  return (await schema['~standard'].validate(value)).issues === undefined
}

/**
 * Checks the arguments of a method, each against its schema. Arguments that are missing at the end are checked as
 * `undefined`, and more than there are schemas are refused.
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
