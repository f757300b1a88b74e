import { describeShell } from '../../src/conformance/index.ts'
import { ShellDriver } from '../../src/drivers/index.ts'

describeShell(
  'Shell',
  () => ({ driver: new ShellDriver({ methods: { print: 'printf "%s|" "$@"', wait: 'exec sleep 1000' } }) }),
  {
    against: 'bash',
    command: { name: 'print', args: ['a b', '$(id)', '“☂”'], stdout: 'a b|$(id)|“☂”|' },
    slow: 'wait',
    lacks: { interrupt: 'the commands run on this machine' },
  },
)
