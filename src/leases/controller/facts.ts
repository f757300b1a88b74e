import type { LeaseWishes } from '../../protocol/controller-messages.ts'
import type { Environment } from '../environment.ts'

/** What a CI system's variables say of a run: the first one that is set. */
const variables: Readonly<Record<string, readonly string[]>> = {
  repository: ['GITHUB_REPOSITORY', 'CI_PROJECT_PATH', 'BUILD_REPOSITORY_NAME'],
  run: ['GITHUB_RUN_ID', 'CI_PIPELINE_ID', 'BUILD_BUILDID', 'BUILD_ID'],
}
/** The longest that a label's value may be (Kubernetes: labels and selectors), and a value of a lease's context. */
const maxTagLength = 63
const maxContextLength = 64

/**
 * What a lease says of what it is for: the repository and the run of CI, and the test file. Tags are for whoever lists
 * leases; what a label's value cannot have becomes a dash in them. The context is for the exporter.
 */
export function factsOf(
  environment: Environment,
  file: string | undefined,
): Required<Pick<LeaseWishes, 'tags' | 'context'>> {
  const found = Object.entries(variables).map(([fact, names]): [string, string | undefined] => [
    fact,
    names.map((name) => environment[name]).find(Boolean),
  ])
  const facts = [...found, ['file', file] as const].flatMap(([fact, value]) =>
    value === undefined ? [] : [[fact, value] as const],
  )
  return {
    tags: Object.fromEntries(facts.map(([fact, value]) => [fact, toLabelValue(value)])),
    context: Object.fromEntries(facts.map(([fact, value]) => [fact, value.slice(-maxContextLength)])),
  }
}

function toLabelValue(text: string): string {
  return text
    .replaceAll(/[^\w.-]/g, '-')
    .slice(-maxTagLength)
    .replaceAll(/^[^a-z\d]+|[^a-z\d]+$/gi, '')
}
