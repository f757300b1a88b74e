import { marksTwice } from './hardware.ts'

marksTwice('b')
