import type { Reporter, TestCase } from 'vitest/node'

/** A reporter of the codes of errors, which Vitest's own do not show. */
export default class implements Reporter {
  onTestCaseResult(test: TestCase) {
    for (const { code } of test.result().errors ?? []) console.log(`the code is ${String(code)}`)
  }
}
