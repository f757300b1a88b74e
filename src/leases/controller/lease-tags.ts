import type { LeaseSpec } from '../../protocol/controller/controller-messages.ts'
import type { Environment } from '../environment.ts'

/** The variables of CI systems for the facts of a run. The first variable that is set counts. */
const variables: Readonly<Record<string, readonly string[]>> = {
  repository: ['GITHUB_REPOSITORY', 'CI_PROJECT_PATH', 'BUILD_REPOSITORY_NAME'],
  run: ['GITHUB_RUN_ID', 'CI_PIPELINE_ID', 'BUILD_BUILDID', 'BUILD_ID'],
}
/** The longest value of a label (Kubernetes: labels and selectors), and of a lease's context, in characters. */
const maxTagLength = 63
const maxContextLength = 64

/**
 * Makes the tags and the context of a lease: the repository and the run of CI, and the test file. People see the tags when they list
 * leases; characters that a label cannot have become dashes. The exporter gets the context.
 */
export function leaseTags(
  environment: Environment,
  file: string | undefined,
): Required<Pick<LeaseSpec, 'tags' | 'context'>> {
  const found = Object.entries(variables).map(([fact, names]): [string, string | undefined] => [
    fact,
    names.map((name) => environment[name]).find(Boolean),
  ])
  const facts = [...found, ['file', file] as const].flatMap(([fact, value]) =>
    value === undefined ? [] : [[fact, value] as const],
  )
  return {
    tags: Object.fromEntries(facts.map(([fact, value]) => [fact, toLabelValue(value)])),
    context: Object.fromEntries(facts.map(([fact, value]) => [fact, wholeEnd(value)])),
  }
}

/** The end of a value, without half a character at its start. */
function wholeEnd(value: string): string {
  return value
    .toWellFormed()
    .slice(-maxContextLength)
    .replace(/^[\udc00-\udfff]/, '')
}

function toLabelValue(text: string): string {
  return text
    .replaceAll(/[^\w.-]/g, '-')
    .slice(-maxTagLength)
    .replaceAll(/^[^a-z\d]+|[^a-z\d]+$/gi, '')
}
