import { marksTwice } from './hardware.ts'

marksTwice('a')
