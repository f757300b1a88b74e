import { marksTwice } from './hardware.ts'

marksTwice('c')
