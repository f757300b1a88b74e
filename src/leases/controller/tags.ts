import type { Environment } from '../environment.ts'

/** What a CI system's variables say of a run: the first one that is set. */
const facts: Readonly<Record<string, readonly string[]>> = {
  repository: ['GITHUB_REPOSITORY', 'CI_PROJECT_PATH', 'BUILD_REPOSITORY_NAME'],
  run: ['GITHUB_RUN_ID', 'CI_PIPELINE_ID', 'BUILD_BUILDID', 'BUILD_ID'],
}
/** The longest that a label's value may be (Kubernetes: labels and selectors). */
const maxLength = 63

/**
 * Tags with which a lease says what it is for: the repository and the run of CI, and the test file. What a label's value
 * cannot have becomes a dash.
 */
export function tagsOf(environment: Environment, file: string | undefined): Record<string, string> {
  const found = Object.entries(facts).map(([tag, variables]) => [
    tag,
    variables.map((variable) => environment[variable]).find(Boolean),
  ])
  const all = [...found, ['file', file]] as [string, string | undefined][]
  return Object.fromEntries(all.flatMap(([tag, value]) => (value === undefined ? [] : [[tag, toLabelValue(value)]])))
}

function toLabelValue(text: string): string {
  return text
    .replaceAll(/[^\w.-]/g, '-')
    .slice(-maxLength)
    .replaceAll(/^[^a-z\d]+|[^a-z\d]+$/gi, '')
}
